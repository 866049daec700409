package segment

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// quarantineForeign moves files that have the name of a segment but are not part of the log
// to quarantine/, with their indexes. It holds the writer's lock and the maintenance lock.
func quarantineForeign(ctx context.Context, dir string, o Options) (done []RepairedRecord, err error) {
	l, err := OpenContext(ctx, dir, o.FS)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	if l.Marker.Role == roleArchive { // not an error here, because OpenWriter refuses it next
		return nil, nil
	}
	if err := l.RefreshAll(); err != nil {
		return nil, err
	}
	// Whether a segment is foreign may depend on earlier segments. If one could not be checked,
	// nothing is moved.
	if l.unsure != nil || len(l.Foreign) == 0 {
		return nil, l.unsure
	}
	unlock, err := acquireLock(ctx, l.fs, dir, o.LockWait)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	release, err := l.lockMaintenance(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := l.Refresh(); err != nil {
		return nil, err
	}
	if l.unsure != nil { // set by Refresh
		return nil, l.unsure
	}
	// Nothing is moved, or made in its place, that may be the only place of a record.
	for _, f := range l.Foreign {
		//mutant:merge-the-only-place-of-records-is-moved
		if err := l.checkReplaceable(f, l.Segments); err != nil {
			return nil, err
		}
	}
	for _, f := range l.Foreign {
		moved, err := l.quarantineSegment(f)
		done = append(done, moved...)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// quarantineSegment moves the files of one foreign segment to quarantine/: all are copied
// before one is removed, and the index is removed last. After a crash in between, a
// text without its index could be taken for a segment of the log whose index was
// lost; an index without its text is ignored.
func (l *Log) quarantineSegment(f *CorruptError) (done []RepairedRecord, err error) {
	n, _, _ := parseName(filepath.Base(f.Path))
	mode, err := l.mode()
	if err != nil {
		return nil, err
	}
	//mutant:repair-the-index-of-a-foreign-segment-is-removed-first
	for _, name := range n.all() {
		info, err := l.fs.Lstat(l.path(name))
		// A link, a FIFO or a device is never opened, and stays where it is.
		if missing(err) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		aside := ""
		if err == nil {
			aside, err = l.quarantineFile(n.base, name, mode)
		}
		if err != nil {
			return nil, &DiskError{Op: OpQuarantine, Path: l.path(name), Err: err}
		}
		done = append(done, RepairedRecord{Seq: n.base, Segment: name, Reason: f.Reason, Quarantine: aside})
	}
	for i, m := range done {
		// The indexes come last in the list. removeFile syncs each removal, so that a power cut
		// cannot keep a text and lose its index.
		if err := l.removeFile(l.path(m.Segment)); err != nil {
			return done[:i], &DiskError{Op: OpRemove, Path: l.path(m.Segment), Err: err}
		}
	}
	return done, nil
}

// quarantineFile copies a file of a segment to quarantine/, durably.
func (l *Log) quarantineFile(base Sequence, name string, mode os.FileMode) (aside string, err error) {
	f, err := l.fs.OpenFile(l.path(name), os.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	info, err := f.Stat()
	//mutant:repair-a-foreign-segment-is-removed-before-it-is-in-quarantine
	if err == nil && info.Size() > 0 {
		aside, err = quarantineRange(l.fs, l.Dir, base, f, 0, Offset(info.Size()), mode)
	}
	return aside, errors.Join(err, f.Close())
}
