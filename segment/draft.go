package segment

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/histlog/histlog/internal/vfs"
)

// A Draft is a log in the making, in bulk: nothing in it is a log to anyone
// until Publish renames HISTLOG in, after everything else is durable. Killed
// before that, its directory is cleared by the next NewDraft there. One
// goroutine uses it.
type Draft struct {
	w       Writer // its fields and its entry(); none of its commits
	madeDir bool
	codec   Codec             // of full segments
	sum     Summary           // of the full segments
	filling trailer           // of the active one
	sums    map[string]string // SHA-256 of each file of origin/, by name
	untimed uint64            // records without a time of their own
	bulk    *bulk             // nil: nothing was written since the last Flush
	batch   batch             // being filled
	done    bool              // published
	err     error             // the first that a method met: a draft that failed is never published
}

// Create makes an empty log at dir, which must be missing or empty, and opens it for appending.
func Create(dir string, o Options) (*Writer, error) {
	d, err := NewDraft(dir, o)
	if err != nil {
		return nil, err
	}
	w, err := d.publish()
	if err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	return w, nil
}

// NewDraft begins a log at dir, under the writer's lock: dir must be missing,
// empty but for lost+found, or hold a draft that was never finished, which it
// clears. o.Settings become the log's.
func NewDraft(dir string, o Options) (_ *Draft, err error) {
	o = o.withDefaults()
	if err := o.Settings.Check(); err != nil {
		return nil, err
	}
	d := &Draft{codec: o.Compress, w: Writer{fs: o.FS, machine: o.Machine, dir: dir, now: o.Now, marker: newMarker(o.Settings.With(nil), o.Now())}}
	if d.w.policy, err = o.Settings.Policy(); err != nil {
		return nil, err
	}
	if err := d.open(o, 0); err != nil {
		return nil, err
	}
	if d.w.active, err = createActive(o.FS, dir, d.w.newHeader(1), d.w.mode); err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	return d, nil
}

// open begins the draft: its directory, with perm as Mkdir takes it, the writer's
// lock, and the mark.
func (d *Draft) open(o Options, perm fs.FileMode) error {
	w := &d.w
	policy := w.policy
	w.sharedPolicy.Store(&policy)
	if err := d.lockDir(o.LockWait, perm); err != nil {
		return err
	}
	if err := clearDraft(w.fs, w.dir); err != nil {
		return errors.Join(err, w.closeFiles(), d.removeDir())
	}
	if err := d.prepare(o.Command); err != nil {
		return errors.Join(err, d.Discard())
	}
	return nil
}

func (d *Draft) prepare(command string) (err error) {
	w := &d.w
	if w.mode, err = fileMode(w.fs, w.dir, w.policy); err != nil {
		return err
	}
	if err := probe(w.fs, w.dir, w.mode); err != nil {
		return err
	}
	if err := vfs.WriteFile(w.fs, filepath.Join(w.dir, draftName), nil, w.mode); err != nil {
		return err
	}
	//mutant:make-the-mark-is-not-synced
	if err := w.fs.SyncDir(w.dir); err != nil {
		return err
	}
	return w.claimLock(context.Background(), command)
}

// Policy returns the settings of the new log.
func (d *Draft) Policy() Policy { return d.w.policy }

// Untimed returns how many records have no time at the time field: theirs is
// that of the draft.
func (d *Draft) Untimed() uint64 { return d.untimed }

// Summary returns the totals of the records that were written.
func (d *Draft) Summary() Summary {
	sum := d.sum
	sum.Add(d.filling.total())
	return sum
}

// Flush gives all that was written to the kernel and waits until it is durable,
// so that it can be read back with View before it is published.
func (d *Draft) Flush() error {
	if d.err == nil {
		d.err = d.flush()
	}
	return d.err
}

func (d *Draft) flush() error {
	if err := d.finish(); err != nil {
		return err
	}
	if a := d.w.active; a != nil {
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
	origin := filepath.Join(d.w.dir, OriginName)
	_, err := d.w.fs.Lstat(origin)
	if err == nil {
		err = d.w.fs.SyncDir(origin)
	}
	if err != nil && !missing(err) {
		return err
	}
	return d.w.fs.SyncDir(d.w.dir)
}

// View returns the draft as the log it will be, for reading back what was flushed.
// When ctx has ended, the methods of the Log read no more, and return its error.
func (d *Draft) View(ctx context.Context) (*Log, error) {
	segments, err := listSegments(d.w.fs, d.w.dir)
	return &Log{Dir: d.w.dir, Marker: d.w.marker, Segments: segments, fs: d.w.fs, ctx: ctx}, err
}

// Publish makes the draft a log, durably: complete, or no log.
func (d *Draft) Publish() error {
	w, err := d.publish()
	if err != nil {
		return err
	}
	if w.active == nil { // of an archive, for example
		w.clearLockInfo()
		return w.releaseLock()
	}
	_ = w.Close() // the log is durable already
	return nil
}

func (d *Draft) publish() (*Writer, error) {
	//mutant:make-no-checksums-of-what-was-kept
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
	// A log whose HISTLOG does not say so must not have small indexes at any moment.
	if err := d.requireSmall(); err != nil {
		return nil, err
	}
	if err := writeMarker(w.fs, w.dir, w.marker, w.mode); err != nil {
		return nil, err
	}
	d.done = true
	_ = w.fs.Remove(filepath.Join(w.dir, draftName)) // beside HISTLOG it means little: see endDraft
	return w, nil
}

// requireSmall has HISTLOG require what the indexes of the draft do.
func (d *Draft) requireSmall() error {
	entries, err := d.w.fs.ReadDir(d.w.dir)
	for _, e := range entries {
		if _, suffix, ok := parseName(e.Name()); ok && suffix == smallSuffix {
			//mutant:small-index-a-draft-does-not-say-that-it-has-one
			d.w.marker.Requires = []string{needsSmallIndex}
			break
		}
	}
	return err
}

// endDraft removes the mark of a draft that has become a log. While it stands
// beside HISTLOG, that one's name may not be durable yet.
func endDraft(fsys FS, dir string) error {
	mark := filepath.Join(dir, draftName)
	if _, err := fsys.Lstat(mark); missing(err) {
		return nil
	} else if err != nil {
		return err
	}
	//mutant:recover-histlogs-name-is-not-made-durable
	return errors.Join(fsys.SyncDir(dir), fsys.Remove(mark))
}

// unpublish takes back a HISTLOG whose rename may not have become durable.
func unpublish(fsys FS, dir string) error {
	err := fsys.Remove(filepath.Join(dir, markerName))
	if missing(err) {
		return nil
	}
	return errors.Join(err, fsys.SyncDir(dir))
}

// Discard removes all that was written, and the directory if NewDraft made it
// and nobody else put anything there. It may be tried again after an error. After
// Publish it does nothing.
func (d *Draft) Discard() error {
	if d.done {
		return nil
	}
	w := &d.w
	_ = d.finish()             // what could not be made durable is removed
	if w.checkOwner() != nil { // the files are another's
		w.err = ErrSecondWriter
		return w.closeFiles()
	}
	err := unpublish(w.fs, w.dir)
	if w.active != nil {
		err = errors.Join(err, w.active.close())
		w.active = nil
	}
	if err == nil {
		err = removeDraft(w.fs, w.dir)
	}
	if err == nil {
		err = d.removeDir()
	}
	return errors.Join(err, w.releaseLock())
}
