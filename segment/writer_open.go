package segment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/histlog/histlog/internal/vfs"
)

// OpenWriter acquires the writer's lock of the log at dir, recovers the log if its
// last writer crashed, and opens it for appending. The cost does not depend on the
// length of the log. [Writer.Recovery] returns what recovery found and repaired.
//
// While another writer holds the lock, OpenWriter waits up to o.LockWait, or until
// ctx ends, and then returns a *LockedError or ctx.Err(). It returns ErrNoLog if
// there is no log, ErrArchive if it is an archive, ErrStranger if the newest segment
// is not of this log, ErrUnfit if the file system cannot hold a log for writing, and
// a *DiskError if the disk fails. After an error the lock is free.
func OpenWriter(ctx context.Context, dir string, o Options) (*Writer, error) {
	o = o.withDefaults()
	if err := o.Settings.Check(); err != nil {
		return nil, err
	}
	w := &Writer{fs: o.FS, machine: o.Machine, dir: dir, now: o.Now, overrides: o.Settings, openCtx: ctx, maxMemory: o.Memory}
	if err := w.lockLog(ctx, o.LockWait); err != nil {
		return nil, openError(dir, err)
	}
	if err := w.open(ctx, o.Command); err != nil {
		w.err = err
		w.clearLockInfo()
		return nil, errors.Join(openError(dir, err), w.closeFiles())
	}
	return w, nil
}

// lockLog opens the directory of a log and acquires its lock. While it waits, another
// directory may take the place of the first one, so lockLog tries several times.
func (w *Writer) lockLog(ctx context.Context, wait time.Duration) (err error) {
	const attempts = 10
	for range attempts {
		if err = w.tryLockLog(ctx, wait); !errors.Is(err, vfs.ErrMoved) {
			break
		}
	}
	return err
}

func (w *Writer) tryLockLog(ctx context.Context, wait time.Duration) error {
	if _, err := w.readMarker(); err != nil {
		return err
	}
	return w.holdAndLock(ctx, wait)
}

// readMarker reads HISTLOG. The error is ErrArchive for an archive, which is not appended to.
func (w *Writer) readMarker() (Marker, error) {
	m, err := w.markerFile.read(w.fs, w.dir)
	if err == nil && m.Role == roleArchive {
		err = fmt.Errorf("%s: %w", w.dir, ErrArchive)
	}
	return m, err
}

// openError returns the error of a file-system call as a *DiskError, and any other
// error as it is.
func openError(dir string, err error) error {
	if _, ok := err.(*fs.PathError); ok {
		return &DiskError{Op: OpOpen, Path: dir, Err: err}
	}
	return err
}

// open recovers and opens the newest segment. The caller has acquired the writer's
// lock and closes the files after an error.
func (w *Writer) open(ctx context.Context, command string) error {
	// Another writer may have changed HISTLOG while this one waited for the lock.
	if err := w.reload(); err != nil {
		return err
	}
	// LOCK names the machine on which the last writer probed the file system. On the same
	// machine another probe is not needed; it syncs, and would delay each opening.
	if h, err := readLockInfo(w.fs, w.dir); err != nil || h.Machine != w.machine {
		if err := probe(w.fs, w.dir, w.mode); err != nil {
			return err
		}
	}
	// LOCK is claimed before the segments are read: a writer whose lock does not exclude
	// this one then acknowledges nothing more.
	//mutant:lock-lock-is-not-claimed
	if err := w.claimLock(ctx, command); err != nil {
		return err
	}
	// HISTLOG's name must be durable before a record is acknowledged. It may not be if the
	// process that published the log was killed. Only the draft's mark shows that.
	if err := endDraft(w.fs, w.dir); err != nil {
		return err
	}
	newest, indexes, err := w.newestSegment(ctx)
	if err != nil {
		return err
	}
	return w.openSegment(newest, indexes)
}

// newestSegment returns the newest segment of the directory, or an error if it is
// not of this log: appending to it would make its records part of the log. It also returns
// the stems of the indexes after it, ascending.
func (w *Writer) newestSegment(ctx context.Context) (newest Segment, indexes []stem, err error) {
	files, err := listFiles(w.fs, w.dir, true)
	if err != nil {
		return Segment{}, nil, err
	}
	slices.SortFunc(files, compareListed)
	texts := slices.DeleteFunc(slices.Clone(files), func(f listedFile) bool { return f.index })
	if len(texts) == 0 {
		return Segment{}, nil, &CorruptError{Kind: KindMissing, Path: w.dir, Reason: "HISTLOG is there, but no segment"}
	}
	log := Log{Dir: w.dir, Marker: w.marker, fs: w.fs, ctx: ctx}
	segments, foreign, err := log.withoutSuperseded(segmentsOf(w.dir, texts))
	if err != nil {
		return Segment{}, nil, &DiskError{Op: OpRecover, Path: w.dir, Err: err}
	}
	segments = chain(segments)
	for _, f := range foreign {
		//mutant:merge-a-writer-gives-the-numbers-of-records-again
		if err := log.checkReplaceable(f, segments); err != nil {
			return Segment{}, nil, fmt.Errorf("%w: %w", ErrStranger, err)
		}
	}
	if len(segments) == 0 {
		return Segment{}, nil, &CorruptError{Kind: KindMissing, Path: w.dir, Reason: "HISTLOG is there, but no segment"}
	}
	newest = segments[len(segments)-1]
	for _, f := range files {
		if f.index && f.base > max(newest.Base, newest.End) {
			indexes = append(indexes, f.stem)
		}
	}
	reason, err := log.foreignReason(newest, segments[:len(segments)-1])
	if err != nil {
		return Segment{}, nil, &DiskError{Op: OpRecover, Path: newest.Path, Err: err}
	}
	//mutant:recover-a-foreign-segment-is-appended-to
	if reason != "" { // appending would adopt its records
		return Segment{}, nil, fmt.Errorf("%w: %w", ErrStranger, &CorruptError{Kind: KindForeign, Path: newest.Path, Reason: reason})
	}
	return newest, indexes, nil
}

// openSegment recovers the newest segment and makes it the active one, or begins the
// next segment if the newest one is lost, compressed, merged or damaged. indexes are the
// stems of the indexes after it.
func (w *Writer) openSegment(newest Segment, indexes []stem) error {
	if next, err := w.findLostSegment(indexes); err != nil || next != 0 {
		return errors.Join(err, w.createAfter(next))
	}
	// The name of a merged segment says where it ends.
	//mutant:merge-a-writer-appends-to-a-merged-segment
	if newest.Codec != Plain || newest.End != 0 {
		next, err := w.nextAfterCompressed(newest)
		if err != nil {
			return err
		}
		return w.createAfter(next)
	}
	// The files get copies before they are opened, because recovery already writes to them.
	if err := w.unshare(newest.Base); err != nil {
		return &DiskError{Op: OpRecover, Path: newest.Path, Seq: newest.Base, Err: err}
	}
	damaged, err := w.openActive(newest.Base)
	if err != nil {
		return w.recoveryError(err)
	}
	w.stagedEnd, w.active.ackedEnd = w.active.indexedEnd, w.active.indexedEnd
	if !damaged {
		return nil
	}
	// Damage stays where it is, in a sealed segment: the next record must not be written
	// after bytes whose meaning is unknown.
	if err := w.roll(); err != nil {
		for _, d := range w.recovery.Damage {
			err = errors.Join(err, d)
		}
		return err
	}
	return nil
}

// recoveryError returns err with the segment and the first record that recovery has not
// reached.
func (w *Writer) recoveryError(err error) error {
	a := w.active
	if a == nil {
		return &DiskError{Op: OpRecover, Path: w.dir, Err: err}
	}
	return &DiskError{Op: OpRecover, Path: a.path, Seq: a.nextSeq(), Offset: a.indexedEnd, Err: err}
}

// fileMode returns the mode of new files: the setting's, or the directory's
// without its execute bits.
func fileMode(fsys FS, dir string, p Policy) (fs.FileMode, error) {
	if p.Mode != 0 {
		return p.Mode, nil
	}
	return vfs.FileMode(fsys, dir)
}
