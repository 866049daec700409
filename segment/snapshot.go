package segment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// SnapshotResult is what Snapshot made.
type SnapshotResult struct {
	First, Next Sequence        // its records are [First, Next)
	Segments    int             // number of segments, including the active one
	Linked      int64           // bytes of files that the snapshot shares with the log
	Copied      int64           // bytes of files that were copied
	Recovery    Recovery        // what recovery did in the copy of the active segment, if the log's writer was killed
	Damage      []*CorruptError // damage of the log and so of the snapshot: the first one in each segment
}

// Snapshot copies the log at dir to dest, which must be missing or empty. The copy is a
// log with the same id, settings, records and sequences. It holds every record that was
// acknowledged before Snapshot was called, opens without recovery, and is durable when
// Snapshot returns. Other processes may append to the log while Snapshot runs.
//
// The files of sealed segments are linked into dest, or copied and verified if the file
// system does not support links. Nothing ever writes into a sealed file, so later changes
// of the log do not change the snapshot, nor changes of the snapshot the log.
//
// Snapshot holds the maintenance lock, so that no segment is removed while it is copied,
// and writes nothing to the log. After a crash in Snapshot there is no log at dest, and the
// next Snapshot to dest removes the files that the first one left. progress is called with
// the bytes done; it may be nil.
func Snapshot(ctx context.Context, dir, dest string, progress func(done, of int64), o Options) (done SnapshotResult, err error) {
	defer func() { err = asDiskError(OpSnapshot, dir, err) }()
	o = o.withDefaults()
	l, err := OpenContext(ctx, dir, o.FS)
	if err != nil {
		return done, err
	}
	defer l.Close()
	in, err := l.contains(dest)
	//mutant:snapshot-a-directory-in-the-log-is-accepted
	if in {
		err = fmt.Errorf("%s: %w", dest, ErrInside)
	}
	if err == nil {
		err = CheckEmpty(dest, l.fs)
	}
	if err != nil && !errors.Is(err, syscall.ENOTDIR) { // createDir returns a better error
		return done, err
	}
	release, err := l.lockMaintenance(ctx)
	if vfs.ReadOnly(err) { // on a read-only file system no process removes a segment
		release, err = func() error { return nil }, nil
	}
	if err != nil {
		return done, err
	}
	//mutant:snapshot-segments-may-be-removed-while-they-are-copied
	defer func() { err = errors.Join(err, release()) }()
	//mutant:snapshot-changes-during-the-wait-for-the-lock-are-not-seen
	if err := l.Refresh(); err != nil { // another process may have changed the log before the lock was acquired
		return done, err
	}
	if l.Conflict != nil { // it is unknown which segments are part of the log
		return done, l.Conflict
	}
	d, err := l.newSnapshot(ctx, dest, o)
	if err != nil {
		return done, err
	}
	s := &snapshotter{from: l, draft: d, progress: progress}
	if err := s.make(ctx); err != nil {
		//mutant:snapshot-a-failed-snapshot-stays
		return done, errors.Join(snapshotError(dir, err), d.Discard())
	}
	return s.done, nil
}

// snapshotError returns the error of a snapshot of the log at dir: a *DiskError if a
// call of the file system failed.
func snapshotError(dir string, err error) error {
	var disk *DiskError
	if errors.As(asDiskError(OpSnapshot, dir, err), &disk) {
		return &DiskError{Op: OpSnapshot, Path: dir, Err: err}
	}
	return fmt.Errorf("snapshot of %s: %w", dir, err)
}

// newSnapshot begins a draft with the log's own marker.
func (l *Log) newSnapshot(ctx context.Context, dest string, o Options) (*Draft, error) {
	policy, err := l.Marker.Settings.Policy()
	if err != nil {
		return nil, err
	}
	info, err := l.stat(l.Dir)
	if err != nil {
		return nil, err
	}
	d := &Draft{w: Writer{fs: l.fs, machine: o.Machine, dir: dest, now: o.Now, marker: l.Marker, policy: policy}}
	//mutant:snapshot-its-directory-is-readable-by-all
	return d, d.open(ctx, o, info.Mode().Perm()|0o700) // so accounts that cannot read the log cannot read the snapshot
}

// A snapshotter makes a snapshot.
type snapshotter struct {
	from     *Log
	draft    *Draft
	entries  []fs.DirEntry // entries of the log's directory
	progress func(done, of int64)
	total    int64 // bytes of all files of segments, for progress
	done     SnapshotResult
}

// make fills the draft and makes it a log.
func (s *snapshotter) make(ctx context.Context) (err error) {
	l := s.from
	// One listing serves for all segments, because the maintenance lock keeps the files of the
	// sealed ones.
	if s.entries, err = l.fs.ReadDir(l.Dir); err != nil {
		return err
	}
	if err := s.measure(); err != nil {
		return err
	}
	// Damage does not end the snapshot: it then holds what the log still has, and the result
	// says what is missing.
	if damage := l.MissingOldest(); damage != nil {
		s.done.Damage = append(s.done.Damage, damage)
	}
	for _, folder := range []string{filename.Origin, filename.Quarantine} {
		if err := s.copyFolder(ctx, folder); err != nil {
			return err
		}
	}
	//mutant:snapshot-indexes-of-missing-segments-are-left-out
	if err := s.copyLeftIndexes(ctx); err != nil {
		return err
	}
	for _, segment := range l.Segments {
		if err := s.copySegment(ctx, segment); err != nil {
			return err
		}
	}
	s.done.First, s.done.Segments = max(l.Marker.FirstSeq, l.Segments[0].Base), len(l.Segments)
	a := s.draft.w.active
	// An archive has no active segment, nor has a log whose newest segment is compressed.
	if a == nil {
		if s.done.Next, err = l.NextSeq(); err != nil {
			return err
		}
	} else {
		s.done.Next, s.done.Recovery = a.nextSeq(), s.draft.w.recovery
	}
	return s.draft.Publish()
}

// copySegment copies one segment, and notes the first damage that the snapshot has there.
func (s *snapshotter) copySegment(ctx context.Context, from Segment) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	take := s.copySealed
	//mutant:snapshot-the-active-segment-is-shared
	if from.active() {
		take = s.copyUnsealed
	}
	found, err := take(ctx, from)
	if err != nil {
		return err
	}
	if found == nil && len(s.draft.w.recovery.Damage) == 0 { // otherwise Recovery reports the damage of the active segment, the last one
		there := s.copied()
		g, err := there.QuickCheck(there.withCodec(from, from.Codec))
		if err != nil {
			return err
		}
		found = g.Damage
	}
	if found != nil && !errors.Is(found, ErrWindow) { // with ErrWindow the segment may be intact
		s.done.Damage = append(s.done.Damage, found)
	}
	return nil
}

// copied returns the snapshot as the log that Publish will make of it.
func (s *snapshotter) copied() *Log {
	return &Log{Dir: s.draft.w.dir, Marker: s.from.Marker, fs: s.draft.w.fs}
}

// copyLeftIndexes copies the indexes of missing segments after the newest segment. From
// these indexes the next writer learns which sequences were acknowledged.
func (s *snapshotter) copyLeftIndexes(ctx context.Context) error {
	last := s.from.Segments[len(s.from.Segments)-1]
	newest := max(last.Base, last.End)
	for _, e := range s.entries {
		n, suffix, ours := parseName(e.Name())
		if !ours || suffix != filename.IndexSuffix && suffix != filename.SmallSuffix || n.base <= newest {
			continue
		}
		if _, err := s.from.fs.Lstat(s.from.path(n.text(Plain))); !missing(err) { // it was begun just now
			continue
		}
		if next, err := s.from.indexedUpTo(n); err != nil || next == n.base {
			continue // without an entry it had no records
		}
		if err := s.copy(ctx, e.Name(), e.Name()); err != nil {
			return err
		}
	}
	return nil
}

// copySealed copies all files of a segment that is not written any more, and those that
// it has superseded: Repair may need them.
func (s *snapshotter) copySealed(ctx context.Context, from Segment) (found *CorruptError, err error) {
	copied := false
	for _, e := range s.entries {
		n, _, ours := parseName(e.Name())
		if !ours || n != from.stem() && !from.hides(n) {
			continue
		}
		if !e.Type().IsRegular() {
			return nil, fmt.Errorf("%s: not a regular file", s.from.path(e.Name()))
		}
		linked, err := s.link(e.Name())
		if err != nil {
			return nil, err
		}
		if !linked {
			copied = true
			if err := s.copy(ctx, e.Name(), e.Name()); err != nil {
				return nil, err
			}
		}
	}
	// A link leads to the log's own bytes, so comparing them would prove nothing about the
	// snapshot.
	//mutant:snapshot-copies-are-not-read-back
	if !copied {
		return nil, nil
	}
	return s.compareCopies(from, func(r *Reader) error { return r.verifyFile(ctx) })
}

// link links a file into the snapshot. linked is false if the file system refuses, for any
// reason. The caller then copies the file, and the copy fails, too, if the reason matters.
func (s *snapshotter) link(name string) (linked bool, err error) {
	to := filepath.Join(s.draft.w.dir, name)
	// The link needs no sync of its own: its bytes were durable in the log, and Publish syncs
	// the directory.
	fsys := s.draft.w.fs // holds both directories open, as far as an FS can
	if fsys.Link(s.from.path(name), to) != nil {
		return false, nil
	}
	size, err := vfs.Size(fsys, to)
	s.done.Linked += size
	s.report()
	return true, err
}

// copy copies a file of the log to another name, durably.
func (s *snapshotter) copy(ctx context.Context, name, to string) (err error) {
	f, err := s.from.fs.OpenFile(s.from.path(name), os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	w := &s.draft.w
	// CopyRange would truncate a file of that name, and here it may be a link to one of the
	// log's own.
	if _, err := w.fs.Lstat(filepath.Join(w.dir, to)); !missing(err) {
		return errors.Join(fmt.Errorf("%s: %w", filepath.Join(w.dir, to), fs.ErrExist), err)
	}
	// CopyRange syncs the bytes. The name becomes durable when Publish or copyFolder syncs the
	// directory; until then a crash leaves a draft, which the next Snapshot removes.
	return vfs.CopyRange(w.fs, filepath.Join(w.dir, to), &progressFile{f, ctx, s}, 0, info.Size(), w.mode)
}

// compareCopies checks the copy of a segment with fn. Damage that the log's own file has,
// too, is returned as found and not as an error.
func (s *snapshotter) compareCopies(from Segment, fn func(*Reader) error) (found *CorruptError, err error) {
	there := s.copied()
	err = there.check(there.withCodec(from, from.Codec), fn)
	if !errors.Is(err, ErrCorrupt) {
		return nil, err
	}
	own := s.from.check(from, fn)
	// The log's file is intact, so the error must not wrap ErrCorrupt: that would report damage
	// of the log.
	if own == nil {
		return nil, fmt.Errorf("the copy differs: %v", err)
	}
	if errors.As(own, &found) {
		return found, nil
	}
	return nil, own
}

// check opens a file of a segment and calls fn with a Reader of it.
func (l *Log) check(s Segment, fn func(*Reader) error) error {
	r, err := l.openFile(s)
	if err != nil {
		return err
	}
	return errors.Join(fn(r), r.Close())
}

// copyFolder copies origin/ or quarantine/. Their files are copied and not linked, because
// people open them with programs that may write.
func (s *snapshotter) copyFolder(ctx context.Context, folder string) error {
	w := &s.draft.w
	entries, err := s.from.fs.ReadDir(s.from.path(folder))
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := ensureDir(w.fs, filepath.Join(w.dir, folder)); err != nil {
		return err
	}
	for _, e := range entries {
		// A name with a dot is temporary: a killed process has left a part of a file there.
		if !e.Type().IsRegular() || e.Name()[0] == '.' {
			continue
		}
		name := filepath.Join(folder, e.Name())
		if err := s.copy(ctx, name, name); err != nil {
			return err
		}
	}
	// Without the sync a power cut could leave a log whose folder lacks files.
	//mutant:snapshot-names-in-folders-are-not-synced
	return w.fs.SyncDir(filepath.Join(w.dir, folder))
}

// measure computes the total for progress.
func (s *snapshotter) measure() error {
	for _, e := range s.entries {
		if !filename.IsSegment(e.Name()) {
			continue
		}
		size, err := vfs.Size(s.from.fs, s.from.path(e.Name()))
		if err != nil && !missing(err) { // a file that was removed since the listing does not count
			return err
		}
		s.total += size
	}
	return nil
}

// report calls progress with the bytes done.
func (s *snapshotter) report() {
	if n := s.done.Linked + s.done.Copied; s.progress != nil {
		s.progress(n, max(n, s.total))
	}
}

// A progressFile is a file that is being copied: it counts the bytes read and ends with
// its context.
type progressFile struct {
	File
	ctx context.Context
	of  *snapshotter
}

func (w *progressFile) ReadAt(b []byte, at int64) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.File.ReadAt(b, at)
	w.of.done.Copied += int64(n)
	w.of.report()
	return n, err
}
