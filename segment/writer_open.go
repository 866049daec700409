package segment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// OpenWriter takes the writer's lock of the log at dir, recovers it if its last
// writer was killed, and opens it for appending. It costs the same however
// long the log is. See [Writer.Recovery] for what it found.
func OpenWriter(ctx context.Context, dir string, o Options) (*Writer, error) {
	o = o.withDefaults()
	if err := o.Settings.Check(); err != nil {
		return nil, err
	}
	var file markerFile
	m, err := file.read(o.FS, dir)
	if err != nil {
		return nil, err
	}
	if m.Role == roleArchive {
		return nil, fmt.Errorf("%s: %w", dir, ErrArchive)
	}
	unlock, err := acquireWriterLock(ctx, o.FS, dir, o.LockWait)
	if err != nil {
		return nil, err
	}
	w, err := openLocked(ctx, dir, o, unlock, file)
	if err != nil {
		w.err = err
		w.clearLockInfo()
		return nil, errors.Join(err, w.closeFiles())
	}
	return w, nil
}

// openLocked opens the newest segment. It returns a Writer to release even on an error.
func openLocked(ctx context.Context, dir string, o Options, unlock func() error, file markerFile) (*Writer, error) {
	w := &Writer{fs: o.FS, markerFile: file, machine: o.Machine, dir: dir, now: o.Now, releaseLock: unlock, overrides: o.Settings, openCtx: ctx, maxMemory: o.Memory}
	if err := w.reload(); err != nil {
		return w, err
	}
	if h, err := readLockInfo(o.FS, dir); err != nil || h.Machine != o.Machine {
		if err := probe(o.FS, dir, w.mode); err != nil {
			return w, err
		}
	}
	//mutant:lock-lock-is-not-claimed
	if err := w.claimLock(ctx, o.Command); err != nil {
		return w, err
	}
	if err := endDraft(o.FS, dir); err != nil {
		return w, err
	}
	segments, err := listSegments(o.FS, dir)
	if err != nil {
		return w, err
	}
	if len(segments) == 0 {
		return w, &CorruptError{Kind: KindMissing, Path: dir, Reason: "HISTLOG is there, but no segment"}
	}
	newest := segments[len(segments)-1]
	log := Log{Dir: dir, Marker: w.marker, fs: w.fs, ctx: ctx}
	reason, err := log.whyForeign(newest, segments[:len(segments)-1])
	if err != nil {
		return w, fmt.Errorf("recover %s: %w", newest.Path, err)
	}
	//mutant:recover-a-foreign-segment-is-appended-to
	if reason != "" { // appending behind it would adopt its records
		return w, fmt.Errorf("%w: %w", ErrStranger, &CorruptError{Kind: KindForeign, Path: newest.Path, Reason: reason})
	}
	last := newest.Base
	if next, err := w.findLostSegment(last); err != nil || next != 0 {
		return w, errors.Join(err, w.createAfter(next))
	}
	if newest.Codec != Plain {
		next, err := w.nextAfterCompressed(newest)
		if err == nil {
			err = w.createAfter(next)
		}
		return w, err
	}
	if err := w.unshare(last); err != nil {
		return w, &DiskError{Op: OpRecover, Path: newest.Path, Seq: last, Err: err}
	}
	damaged, err := w.openActive(last)
	if err != nil {
		return w, w.recoveryError(err)
	}
	w.stagedEnd, w.active.ackedEnd = w.active.indexedEnd, w.active.indexedEnd
	if !damaged {
		return w, nil
	}
	if err := w.roll(); err != nil {
		for _, d := range w.recovery.Damage {
			err = errors.Join(err, d)
		}
		return w, err
	}
	return w, nil
}

// recoveryError says which segment could not be recovered, from where on.
func (w *Writer) recoveryError(err error) error {
	a := w.active
	if a == nil {
		return fmt.Errorf("recover %s: %w", w.dir, err)
	}
	return &DiskError{Op: OpRecover, Path: a.path, Seq: a.nextSeq(), Offset: a.indexedEnd, Err: err}
}

// fileMode returns the mode of new files: the setting's, or the directory's
// without its execute bits.
func fileMode(fsys FS, dir string, p Policy) (fs.FileMode, error) {
	if p.Mode != 0 {
		return p.Mode, nil
	}
	info, err := fsys.Lstat(dir + string(filepath.Separator) + ".")
	if err != nil {
		return 0, err
	}
	return info.Mode().Perm() & 0o666, nil
}
