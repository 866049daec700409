package segment

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// A Draft is a log that is being made from many records at once. No program sees a
// log until Publish renames HISTLOG into the directory, after everything else is
// durable. After a crash before that, the next NewDraft clears the directory. A Draft
// must not be used by several goroutines at once.
type Draft struct {
	w       Writer            // its fields and its files; nothing is committed through it
	madeDir bool              // the draft created its directory
	codec   Codec             // codec of full segments
	sum     Summary           // totals of the full segments
	filling trailer           // totals of the active segment
	sums    map[string]string // SHA-256 of each file of origin/, by name
	source  string            // prefix of the names of files in origin/
	untimed uint64            // number of records without a time of their own
	bulk    *bulk             // nil means that nothing was written since the last Flush
	batch   batch             // the batch that is being filled
	done    bool              // the draft was published
	err     error             // the first error of any method; after it the draft is never published
}

// Create makes an empty log at dir, as NewDraft does, and opens it for appending. The
// log is durable when Create returns.
func Create(ctx context.Context, dir string, o Options) (*Writer, error) {
	d, err := NewDraft(ctx, dir, o)
	if err != nil {
		return nil, err
	}
	w, err := d.publish()
	if err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	return w, nil
}

// NewDraft begins a log at dir and holds the writer's lock until Publish or Discard.
// dir must be missing, empty but for lost+found, or hold a draft that was never
// finished, which is removed. o.Settings become the settings of the log. While another
// process holds the lock, NewDraft waits as OpenWriter does.
func NewDraft(ctx context.Context, dir string, o Options) (_ *Draft, err error) {
	defer func() { err = asDiskError(OpCreate, dir, err) }()
	o = o.withDefaults()
	if err := o.Settings.Check(); err != nil {
		return nil, err
	}
	d := &Draft{codec: o.Compress, w: Writer{fs: o.FS, machine: o.Machine, dir: dir, now: o.Now, marker: newMarker(o.Settings.With(nil), o.Now())}}
	if d.w.policy, err = o.Settings.Policy(); err != nil {
		return nil, err
	}
	if err := d.open(ctx, o, 0); err != nil {
		return nil, err
	}
	if d.w.active, err = createActive(d.w.fs, dir, d.w.newHeader(1), d.w.mode); err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	return d, nil
}

// open creates the directory with mode perm, takes the writer's lock, removes an
// unfinished draft and writes the mark of this one.
func (d *Draft) open(ctx context.Context, o Options, perm fs.FileMode) error {
	w := &d.w
	policy := w.policy
	w.sharedPolicy.Store(&policy)
	if err := d.lockDir(ctx, o.LockWait, perm); err != nil {
		return err
	}
	if err := clearDraft(w.fs, w.dir); err != nil {
		return errors.Join(err, d.removeDir(), w.closeFiles())
	}
	if err := d.prepare(ctx, o.Command); err != nil {
		return errors.Join(err, d.Discard())
	}
	return nil
}

// prepare probes the file system and marks the directory as a draft.
func (d *Draft) prepare(ctx context.Context, command string) (err error) {
	w := &d.w
	if w.mode, err = fileMode(w.fs, w.dir, w.policy); err != nil {
		return err
	}
	if err := probe(w.fs, w.dir, w.mode); err != nil {
		return err
	}
	if err := vfs.WriteFile(w.fs, filepath.Join(w.dir, filename.Draft), nil, w.mode); err != nil {
		return err
	}
	// Without the mark a crash would leave segments that look like those of a damaged log,
	// and the next NewDraft would not remove them. So the mark is made durable before them.
	//mutant:make-the-mark-is-not-synced
	if err := w.fs.SyncDir(w.dir); err != nil {
		return err
	}
	return w.claimLock(ctx, command)
}

// Configure replaces how the new log reads the times of its records: over may set
// time-field, time-zone and time-format. It must be called before the first Write.
func (d *Draft) Configure(over Settings) error {
	w := &d.w
	marker := newMarker(w.marker.Settings.With(over), w.marker.Created)
	policy, err := marker.Settings.Policy()
	if err != nil {
		return err
	}
	marker.ID = w.marker.ID // the first segment has it already
	w.marker, w.policy = marker, policy
	return nil
}

// Policy returns the settings of the new log.
func (d *Draft) Policy() Policy { return d.w.policy }

// Untimed returns the number of records without a time at the time field. They get the
// time at which the draft was begun.
func (d *Draft) Untimed() uint64 { return d.untimed }

// Summary returns the totals of the records that were written.
func (d *Draft) Summary() Summary {
	sum := d.sum
	sum.Add(d.filling.total())
	return sum
}

// Flush writes and syncs all records, so that View can read them before Publish.
func (d *Draft) Flush() error {
	if d.err == nil {
		d.err = asDiskError(OpCreate, d.w.dir, d.flush())
	}
	return d.err
}

func (d *Draft) flush() error {
	if err := d.finish(); err != nil {
		return err
	}
	if a := d.w.active; a != nil {
		// HISTLOG must not become durable before the records: a crash would leave a log
		// that lacks them.
		//mutant:make-the-last-segment-is-not-synced
		if err := a.file.Sync(); err != nil {
			return &DiskError{Op: OpSync, Path: a.path, Err: err}
		}
		//mutant:make-the-last-index-is-not-synced
		if err := a.syncIndex(); err != nil {
			return &DiskError{Op: OpSync, Path: a.indexPath, Err: err}
		}
	}
	// Without this sync a power cut may leave a log whose origin/ lacks files.
	origin := filepath.Join(d.w.dir, filename.Origin)
	_, err := d.w.fs.Lstat(origin)
	if err == nil {
		err = d.w.fs.SyncDir(origin)
	}
	if err != nil && !missing(err) {
		return err
	}
	// The names of the segments are synced, too: HISTLOG without a segment is a damaged log.
	return d.w.fs.SyncDir(d.w.dir)
}

// View returns the draft as the log that Publish will make of it, with the records that
// were flushed. Once ctx has ended, the methods of the Log return the error of ctx.
func (d *Draft) View(ctx context.Context) (*Log, error) {
	segments, err := listSegments(d.w.fs, d.w.dir)
	return &Log{Dir: d.w.dir, Marker: d.w.marker, Segments: segments, fs: d.w.fs, ctx: ctx}, asDiskError(OpRead, d.w.dir, err)
}

// Publish makes the draft a log. When it returns nil, the log is durable; after a crash
// in Publish there is a complete log or none.
func (d *Draft) Publish() error {
	w, err := d.publish()
	if err != nil {
		return err
	}
	if w.active == nil { // a snapshot of an archive has no active segment
		w.clearLockInfo()
		return asDiskError(OpCreate, w.dir, w.releaseLock())
	}
	_ = w.Close() // the log is durable already
	return nil
}

// publish makes everything else durable and then renames HISTLOG into the directory. The
// log exists from that rename on.
func (d *Draft) publish() (_ *Writer, err error) {
	defer func() { err = asDiskError(OpCreate, d.w.dir, err) }()
	//mutant:make-sha256sums-is-not-written
	if err := d.writeSums(); err != nil {
		return nil, err
	}
	//mutant:make-histlog-before-the-rest-is-durable
	if err := d.Flush(); err != nil {
		return nil, err
	}
	w := &d.w
	//mutant:make-a-draft-that-another-one-has-cleared-is-published
	if err := w.checkOwner(); err != nil {
		return nil, err
	}
	// An older histlog must not take these files for missing records at any moment.
	if err := d.requireFeatures(); err != nil {
		return nil, err
	}
	if err := writeMarker(w.fs, w.dir, w.marker, w.mode); err != nil {
		return nil, err
	}
	d.done = true
	// The mark is removed after HISTLOG is there: a crash in between leaves both, and the
	// next writer removes the mark (endDraft). So it may stay if this Remove fails.
	_ = w.fs.Remove(filepath.Join(w.dir, filename.Draft))
	return w, nil
}

// requireFeatures lets HISTLOG require the features of the files that the draft has.
func (d *Draft) requireFeatures() error {
	entries, err := d.w.fs.ReadDir(d.w.dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	//mutant:small-index-the-histlog-of-a-draft-does-not-require-it
	d.w.marker.Requires = append(d.w.marker.Requires, featuresOf(names...)...)
	return err
}

// endDraft removes the mark of a draft that has become a log. As long as the mark is
// there, the name of HISTLOG may not be durable.
func endDraft(fsys FS, dir string) error {
	mark := filepath.Join(dir, filename.Draft)
	if _, err := fsys.Lstat(mark); missing(err) {
		return nil
	} else if err != nil {
		return err
	}
	// If the mark were removed before the sync, a power cut could lose HISTLOG and leave
	// segments without a mark, which no NewDraft removes.
	//mutant:recover-histlogs-name-is-not-made-durable
	return errors.Join(fsys.SyncDir(dir), fsys.Remove(mark))
}

// unpublish removes HISTLOG after a Publish that failed: its rename may or may not be
// durable. The sync comes before any other file is removed, so that a crash does not
// bring HISTLOG back without them.
func unpublish(fsys FS, dir string) error {
	err := fsys.Remove(filepath.Join(dir, filename.Marker))
	if missing(err) {
		return nil
	}
	return errors.Join(err, fsys.SyncDir(dir))
}

// Discard removes the files of the draft, and the directory if NewDraft created it and
// nothing else is in it. It may be called again after an error. After Publish it does
// nothing.
func (d *Draft) Discard() (err error) {
	defer func() { err = asDiskError(OpCreate, d.w.dir, err) }()
	if d.done {
		return nil
	}
	w := &d.w
	_ = d.finish()             // an error does not matter: the files are removed
	if w.checkOwner() != nil { // another process cleared the draft: the files are not ours
		w.err = ErrSecondWriter
		return w.closeFiles()
	}
	err = unpublish(w.fs, w.dir)
	if w.active != nil {
		err = errors.Join(err, w.active.close())
		w.active = nil
	}
	if err == nil {
		err = removeDraft(w.fs, w.dir)
	}
	if err != nil {
		return errors.Join(err, w.releaseLock())
	}
	// Under the lock, no other process uses the directory. On Windows the lock is a file in
	// it, so that it is empty only afterwards.
	return errors.Join(d.removeDir(), w.releaseLock(), d.removeDir())
}
