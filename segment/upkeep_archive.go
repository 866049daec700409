package segment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// Archive moves the sealed segments whose records all come before a sequence to the
// directory to. If that is missing or empty, it becomes a log of role archive with the
// same id. Each segment is copied, synced and verified there before first_seq moves past
// it and before it is removed here. Apart from that Archive does what Retire does; after a
// crash it can be run again.
func Archive(ctx context.Context, dir, to string, before Sequence, o Options) (changes []Change, err error) {
	m := NewMaintenance(dir, o)
	defer m.Close()
	return m.Archive(ctx, to, before)
}

// Archive is a step of maintenance for each segment, see the function Archive.
func (m *Maintenance) Archive(ctx context.Context, to string, before Sequence) (changes []Change, err error) {
	// The lock is taken for each segment: retire replaces HISTLOG, and that ends one of the two
	// locks.
	for moved := true; moved && err == nil; {
		moved = false
		err = m.step(ctx, func(l *Log) error {
			if err := l.checkOldestPresent(); err != nil || l.Segments[0].Next == 0 || l.Segments[0].Next > before {
				return err
			}
			a := &archive{from: l, dir: to, now: m.options.Now(), listing: &m.archive}
			c, err := a.move(ctx, l.Segments[0])
			if moved = err == nil; moved {
				changes = append(changes, c)
			}
			return err
		})
	}
	return changes, err
}

// move moves the oldest segment to the archive.
func (a *archive) move(ctx context.Context, s Segment) (c Change, err error) {
	l, to := a.from, a.dir
	c, file, err := l.verifyRetired(ctx, s)
	if err != nil {
		return c, err
	}
	if err := l.checkOutside(to); err != nil {
		return c, archiveError(s, to, err)
	}
	own, err := l.stat(l.Dir)
	if err != nil {
		return c, archiveError(s, to, err)
	}
	made, err := createDir(l.fs, to, own.Mode().Perm()) // so accounts that cannot read the log cannot read its archive
	if err != nil {
		return c, archiveError(s, to, err)
	}
	there, err := a.listing.open(ctx, to, l.fs) // holds the directory; whether it is a log is known under the lock
	if there.release == nil {
		return c, archiveError(s, to, err)
	}
	defer a.listing.drop(there)
	a.fs = there.fs
	unlock, err := acquireLock(ctx, a.fs, to, maintenanceWait)
	if err != nil {
		return c, archiveError(s, to, err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := a.add(ctx, there, file); err != nil {
		// An archive that was there before keeps its segments. The next Archive copies the
		// files of this one again.
		if made {
			//mutant:archive-a-new-archive-stays-after-a-failure
			err = errors.Join(err, a.discard())
		}
		return c, archiveError(s, to, err)
	}
	// A kill before retire leaves the segment in both logs. The next Archive copies it again
	// and then retires it here.
	c.After = c.Before
	return c, l.retire([]Segment{s})
}

func archiveError(s Segment, to string, err error) error {
	if errors.Is(err, ErrCorrupt) || errors.Is(err, context.Canceled) {
		return err
	}
	return &DiskError{Op: OpArchive, Path: s.Path, Seq: s.Base, Err: fmt.Errorf("to %s: %w", to, err)}
}

// archive is the directory to which segments are moved.
type archive struct {
	from    *Log
	fs      FS // holds both directories open, as far as an FS can
	dir     string
	now     time.Time
	listing *listing // of dir
}

// add adds a segment to the end of the archive, durably, under the maintenance lock of the
// archive. If a killed run has added the segment already, add copies it again.
func (a *archive) add(ctx context.Context, l *Log, s Segment) error {
	if l != a.listing.log { // another process may have made it a log
		if err := l.Refresh(); errors.Is(err, ErrNoLog) {
			return a.create(ctx, s)
		} else if err != nil {
			return err
		}
	}
	if err := a.from.checkArchiveOf(l); err != nil {
		return err
	}
	return a.listing.use(ctx, l, (*Log).Refresh, func(l *Log) error { return a.append(ctx, l, s) })
}

// append adds a segment to the archive l.
func (a *archive) append(ctx context.Context, l *Log, s Segment) error {
	if err := errors.Join(a.from.checkArchiveOf(l), l.Conflict); err != nil {
		return err
	}
	//mutant:archive-its-mark-stays
	if err := endDraft(a.fs, a.dir); err != nil {
		return err
	}
	last := l.Segments[len(l.Segments)-1]
	// Another process may have added segments since the archive was listed.
	//mutant:archive-another-process-has-added-segments
	if there, err := l.filesNow(Segment{Base: s.Base, End: s.End}); err != nil {
		return err
	} else if s.Base != last.Next || there.Path != "" {
		if err := l.Refresh(); err != nil {
			return err
		}
		last = l.Segments[len(l.Segments)-1]
	}
	//mutant:archive-a-gap-is-accepted
	if s.Base != last.Base && s.Base != last.Next {
		return fmt.Errorf("%w: it holds records %d to %d, %d does not follow", ErrNotArchive, l.Segments[0].Base, last.Next-1, s.Base)
	}
	//mutant:merge-a-segment-is-archived-behind-a-merged-one
	if s.Base == last.Base && last.End != 0 && last.stem() != s.stem() {
		return fmt.Errorf("%w: it holds %s: was the log copied?", ErrNotArchive, last.Name())
	}
	//mutant:archive-time-rules-are-not-copied
	if err := l.copyRules(a.from.Marker); err != nil {
		return err
	}
	//mutant:archive-another-copys-segment-is-overwritten
	if s.Base == last.Base {
		if err := a.checkSameSegment(ctx, l, s); err != nil {
			return err
		}
	}
	if err := a.copy(ctx, s); err != nil {
		return err
	}
	added := l.withCodec(s, s.Codec)
	added.Next, added.supersedes = s.Next, 0
	// After an interrupted run it is the last segment already, or the log has merged that
	// one with others since.
	if s.Base == last.Base {
		//mutant:merge-the-archive-keeps-what-a-merged-segment-supersedes
		if err := l.removeSupersededBy(ctx, added); err != nil {
			return err
		}
		l.Segments = l.Segments[:len(l.Segments)-1]
	}
	l.Segments = append(l.Segments, added)
	return nil
}

// copyRules copies the time rules and the required features that the log has got since
// the archive was made.
func (l *Log) copyRules(m Marker) error {
	own := l.Marker
	// The archive's own records keep the rules by which their times were read: Restamp may
	// have changed those of the log since.
	own.TimeRules = spliceRules(own.TimeRules, m.TimeRules, l.Segments[len(l.Segments)-1].Next)
	for _, name := range m.Requires {
		if !slices.Contains(own.Requires, name) {
			//mutant:small-index-the-histlog-of-an-archive-does-not-require-it
			own.Requires = append(slices.Clip(own.Requires), name)
		}
	}
	if slices.Equal(own.TimeRules, l.Marker.TimeRules) && len(own.Requires) == len(l.Marker.Requires) {
		return nil
	}
	return l.replaceMarker(own)
}

// create makes an archive of one segment. Until HISTLOG exists there, the directory is a
// draft, which the next create clears.
func (a *archive) create(ctx context.Context, s Segment) error {
	fsys := a.fs
	// The directory may be empty, or hold a draft of a killed create. Otherwise it cannot
	// become an archive.
	if err := clearDraft(fsys, a.dir); errors.Is(err, ErrExists) {
		return fmt.Errorf("%w: %w", ErrNotArchive, err)
	} else if err != nil {
		return err
	}
	mode, err := a.mode()
	if err != nil {
		return err
	}
	if err := vfs.WriteFile(fsys, filepath.Join(a.dir, filename.Draft), nil, mode); err != nil {
		return err
	}
	// As in a Draft, a crash must not leave a segment without the mark. HISTLOG is written
	// after the segment, so that a crash leaves an archive with the segment, or a draft.
	//mutant:archive-its-mark-is-not-synced
	if err := fsys.SyncDir(a.dir); err != nil {
		return err
	}
	//mutant:archive-histlog-is-written-before-the-segment
	if err := a.copy(ctx, s); err != nil {
		return err
	}
	if err := writeMarker(fsys, a.dir, a.marker(s.Base), mode); err != nil {
		return err
	}
	// Not synced: a mark that a power cut brings back is removed by the next add.
	return fsys.Remove(filepath.Join(a.dir, filename.Draft))
}

// marker returns the archive's HISTLOG. It has only the setting mode of the log's settings.
func (a *archive) marker(first Sequence) Marker {
	m := a.from.Marker
	m.Role, m.FirstSeq, m.Created, m.Settings = roleArchive, first, a.now.UTC(), Settings{}
	if mode := a.from.Marker.Settings.Get("mode"); mode != "" {
		m.Settings["mode"] = mode
	}
	return m
}

func (a *archive) mode() (os.FileMode, error) {
	policy, err := a.from.Marker.Settings.Policy()
	if err != nil {
		return 0, err
	}
	return fileMode(a.fs, a.dir, policy)
}

// copy copies the index and then the segment, and reads the copy back.
func (a *archive) copy(ctx context.Context, s Segment) error {
	index, err := a.from.indexPath(s)
	if err != nil {
		return err
	}
	// The index first: after a crash an index without its segment is ignored, but a
	// segment without its index is damage.
	//mutant:archive-a-segment-is-copied-before-its-index
	for _, path := range []string{index, s.Path} {
		if err := a.copyFile(path); err != nil {
			return err
		}
	}
	there := s
	there.Path, there.Copy = filepath.Join(a.dir, filepath.Base(s.Path)), false
	copied := &Log{Dir: a.dir, Marker: a.from.Marker, Segments: []Segment{there}, fs: a.fs}
	//mutant:archive-an-index-of-other-times-stays
	if err := copied.dropOtherIndex(s.stem(), filepath.Base(index)); err != nil {
		return err
	}
	//mutant:archive-the-copy-is-not-read-back
	_, _, err = copied.verifySegment(ctx, there)
	return err
}

// dropOtherIndex removes the form of an index that is not named keep. A killed Archive may
// have copied it, and Restamp may have changed the times since.
func (l *Log) dropOtherIndex(n stem, keep string) error {
	for _, name := range []string{n.index(), n.smallIndex()} {
		if name == keep {
			continue
		}
		if err := l.removeIfExists(l.path(name)); err != nil {
			return err
		}
	}
	return nil
}

func (a *archive) copyFile(path string) error {
	mode, err := a.mode()
	if err != nil {
		return err
	}
	if err := vfs.CopyFile(a.fs, path, filepath.Join(a.dir, filepath.Base(path)), mode); err != nil {
		return err
	}
	// The log removes its own file next. A power cut must not take the copy's name.
	//mutant:archive-names-are-not-synced
	return a.fs.SyncDir(a.dir)
}

// discard removes an archive that was not completed, with its directory.
func (a *archive) discard() error {
	// With HISTLOG the archive exists and may be the only place of a segment. The context may
	// be what ended create, so it is not used here.
	l, err := OpenContext(context.Background(), a.dir, a.fs)
	defer func() { l.Close() }() // also after an error
	if !errors.Is(err, ErrNoLog) {
		return nil
	}
	if err := removeDraft(a.fs, a.dir); err != nil {
		return err
	}
	return a.fs.Remove(a.dir)
}
