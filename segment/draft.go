package segment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

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

// lockDir makes the draft's directory and locks it. Whoever makes a log there at the
// same time, and fails, may remove the directory between the two.
func (d *Draft) lockDir(wait time.Duration, perm fs.FileMode) (err error) {
	const attempts = 10
	for range attempts {
		if d.madeDir, err = createDir(d.w.fs, d.w.dir, perm); err != nil {
			return err
		}
		d.w.releaseLock, err = acquireWriterLock(context.Background(), d.w.fs, d.w.dir, wait)
		if !missing(err) {
			break
		}
	}
	if err != nil && !errors.Is(err, ErrLocked) { // else the directory is the other's by now
		err = errors.Join(err, d.removeDir())
	}
	return err
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

// createDir makes dir durably, with perm as Mkdir takes it, and says whether it had to.
// Of one that is there
// nobody knows whether its name lasts: who made it may have been killed.
func createDir(fsys FS, dir string, perm fs.FileMode) (bool, error) {
	parent := filepath.Dir(filepath.Clean(dir))
	info, err := fsys.Lstat(filepath.Clean(dir) + string(filepath.Separator) + ".")
	switch {
	case err == nil && !info.IsDir():
		return false, fmt.Errorf("%s: not a directory", dir)
	case err == nil:
		//mutant:archive-a-directory-that-a-killed-one-made-is-not-synced
		if err := fsys.SyncDir(parent); !errors.Is(err, fs.ErrPermission) { // whose owner made dir, long ago
			return false, err
		}
		return false, nil
	case !missing(err):
		if info, e := fsys.Lstat(dir); e == nil && !info.IsDir() {
			return false, fmt.Errorf("%s: not a directory", dir)
		}
		return false, err
	}
	err = fsys.Mkdir(dir, perm)
	if errors.Is(err, fs.ErrExist) {
		if info, e := fsys.Lstat(filepath.Clean(dir) + string(filepath.Separator) + "."); e == nil && info.IsDir() {
			return false, fsys.SyncDir(parent) // who made it may be killed before the name lasts
		}
		if info, e := fsys.Lstat(filepath.Clean(dir)); e == nil && info.Mode()&fs.ModeSymlink != 0 {
			return false, fmt.Errorf("%s: a symbolic link that leads nowhere: %w", dir, fs.ErrNotExist)
		}
	}
	if err != nil {
		return false, err
	}
	//mutant:make-the-directorys-name-is-not-synced
	if err := fsys.SyncDir(parent); err != nil {
		return false, errors.Join(err, fsys.Remove(dir))
	}
	return true, nil
}

// removeDir removes the directory if NewDraft made it and nobody put anything there.
func (d *Draft) removeDir() error {
	if !d.madeDir {
		return nil
	}
	if !isEmpty(d.w.fs, d.w.dir) {
		return nil
	}
	err := d.w.fs.Remove(d.w.dir)
	if missing(err) || err != nil && !isEmpty(d.w.fs, d.w.dir) { // a writer that waits has left its note there
		return nil
	}
	return err
}

func isEmpty(fsys FS, dir string) bool {
	entries, err := fsys.ReadDir(dir)
	return !missing(err) && len(entries) == 0
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

// CheckEmpty returns ErrExists, with what is in the way, if NewDraft could not make a
// log at dir. nil means that it could. A nil fsys means OS{}.
func CheckEmpty(dir string, fsys FS) error {
	if fsys == nil {
		fsys = OS{}
	}
	if _, err := findDraft(fsys, dir); !missing(err) {
		return err
	}
	return nil
}

// clearDraft removes what a draft that was never finished has left in dir. If
// there is anything else it removes nothing.
func clearDraft(fsys FS, dir string) error {
	draft, err := findDraft(fsys, dir)
	if err != nil || !draft {
		return err
	}
	return removeDraft(fsys, dir)
}

// findDraft reports whether dir holds a draft that was never finished; an error where
// it holds anything else.
func findDraft(fsys FS, dir string) (draft bool, err error) {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return false, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	if has(markerName) {
		return false, fmt.Errorf("a log at %s: %w", dir, ErrExists)
	}
	draft = has(draftName)
	for _, e := range entries {
		if name := e.Name(); name != "lost+found" && name != draftName && name != probeName && name != waitingName && !(draft && draftFile(name)) {
			return false, fmt.Errorf("%s is not empty: it holds %s: %w", dir, name, ErrExists)
		}
	}
	return draft, nil
}

// draftFile says whether a draft makes files of that name.
func draftFile(name string) bool {
	switch name {
	case OriginName, QuarantineName, EventsName, EventsName + ".lock", probeName, lockName, upkeepName, "." + markerName + ".tmp":
		return true
	}
	return IsSegmentName(name) || isTemporary(name)
}

// removeDraft removes the files of a draft, its marker last, and no others.
func removeDraft(fsys FS, dir string) error {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	//mutant:make-a-draft-is-removed-mark-first
	for _, e := range entries {
		if draftFile(e.Name()) {
			if err := removeAll(fsys, filepath.Join(dir, e.Name()), e); err != nil {
				return err
			}
		}
	}
	if err := fsys.SyncDir(dir); err != nil {
		return err
	}
	if err := fsys.Remove(filepath.Join(dir, draftName)); !missing(err) {
		return err
	}
	return nil
}

func removeAll(fsys FS, name string, e fs.DirEntry) error {
	if e.IsDir() {
		entries, err := fsys.ReadDir(name)
		if err != nil {
			return err
		}
		for _, inner := range entries {
			if err := removeAll(fsys, filepath.Join(name, inner.Name()), inner); err != nil {
				return err
			}
		}
	}
	return fsys.Remove(name)
}

// Policy returns the settings of the new log.
func (d *Draft) Policy() Policy { return d.w.policy }

// Untimed returns how many records have no time at the time field: theirs is
// that of the draft.
func (d *Draft) Untimed() uint64 { return d.untimed }

// Write adds one compact record with the scalar at its time field, or nil.
// Neither is kept. Nothing is durable before Publish.
func (d *Draft) Write(compact, timeScalar []byte) error {
	if most := d.w.policy.MaxRecord; int64(len(compact)) > most {
		return fmt.Errorf("%w: %d bytes, max-record is %d", ErrTooLarge, len(compact), most)
	}
	if d.err == nil {
		d.err = d.write(compact, timeScalar)
	}
	return d.err
}

func (d *Draft) write(compact, timeScalar []byte) (err error) {
	w := &d.w
	if d.bulk == nil {
		d.bulk = startBulk(d.compress)
		if d.batch, err = d.bulk.next(w.active); err != nil {
			return err
		}
	}
	//mutant:make-a-segment-rolls-at-exactly-segment-size
	if w.stagedEnd > 0 && int64(w.stagedEnd)+int64(len(compact))+1 > w.policy.SegmentSize {
		if err := d.roll(); err != nil {
			return err
		}
	}
	e := newEntry(w.stagedEnd+Offset(len(compact)+1), line{text: compact}.crc(), timeOf(timeScalar, w.policy.TimeZone), w.marker.Created)
	e.Flags |= Durable
	w.stagedEnd = e.End
	d.filling.add(e)
	d.untimed += uint64(e.Flags & ClockTime / ClockTime)
	if err := errors.Join(d.add(compact), d.add([]byte{'\n'})); err != nil {
		return err
	}
	d.batch.entries = append(d.batch.entries, e)
	if len(d.batch.entries) >= batchEntries {
		return d.send() // of very small records the entries take more memory than the text
	}
	return nil
}

// add adds to the batch, and sends it off when it is full.
func (d *Draft) add(text []byte) error {
	for len(text) > 0 {
		room := flushBytes - len(d.batch.text)
		if room == 0 {
			if err := d.send(); err != nil {
				return err
			}
			continue
		}
		n := min(room, len(text))
		d.batch.text = append(d.batch.text, text[:n]...)
		text = text[n:]
	}
	return nil
}

// send gives the batch away and begins another.
func (d *Draft) send() (err error) {
	d.bulk.jobs <- d.batch
	d.batch, err = d.bulk.next(d.w.active)
	return err
}

// roll begins the next segment.
func (d *Draft) roll() error {
	w := &d.w
	base := w.active.header.base + Sequence(d.filling.Count)
	next, err := createActive(w.fs, w.dir, w.newHeader(base), w.mode)
	if err != nil {
		return &DiskError{Op: OpBegin, Path: filepath.Join(w.dir, TextName(base)), Seq: base, Err: err}
	}
	d.batch.last = true
	w.active, w.stagedEnd = next, 0
	d.sum.Add(d.filling.total())
	d.filling = trailer{}
	return d.send()
}

// compress stores a full segment with the draft's codec, once it is durable.
func (d *Draft) compress(a *activeSegment) error {
	//mutant:make-segments-are-not-compressed
	if d.codec == Plain {
		return nil
	}
	l := &Log{Dir: d.w.dir, Marker: d.w.marker, fs: d.w.fs}
	l.Marker.Requires = features // which HISTLOG will say: see publish
	_, err := l.compressWithIndex(context.Background(), Segment{Base: a.header.base, Path: a.path, Sealed: true, Next: a.nextSeq()}, d.codec)
	return err
}

// finish waits until all that was written has left this process, and full
// segments are durable.
func (d *Draft) finish() error {
	if d.bulk == nil {
		return nil
	}
	d.bulk.jobs <- d.batch
	err := d.bulk.wait()
	d.bulk, d.batch = nil, batch{}
	return err
}

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
