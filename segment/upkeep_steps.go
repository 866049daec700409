package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/google/uuid"
	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/vfs"
)

// A Maintenance does steps of maintenance on one log: [Maintenance.Compress],
// [Maintenance.Merge], [Maintenance.Retire], [Maintenance.Archive]. It lists the directory and checks the
// segments once, and not for each step, so that the cost of a step does not grow with the
// number of segments. It is used by one goroutine.
//
// Each step takes the maintenance lock, so that other processes can change the log
// between two steps. If they have replaced HISTLOG or the directory, the next step lists
// the log again. They may also have compressed a segment or merged some, so each step looks again for the
// files of the segments that it changes. The directory stays open until Close.
type Maintenance struct {
	dir     string
	options Options
	log     listing
	archive listing
}

// NewMaintenance returns a Maintenance of the log at dir, which must be the one that
// o.ID names.
func NewMaintenance(dir string, o Options) *Maintenance {
	return &Maintenance{dir: dir, options: o.withDefaults()}
}

// Close closes the directories that the steps have left open.
func (m *Maintenance) Close() error { return errors.Join(m.log.close(), m.archive.close()) }

// step runs fn while holding the maintenance lock. If the log must be listed, step first
// removes what an interrupted run left.
func (m *Maintenance) step(ctx context.Context, fn func(*Log) error) error {
	err := m.listedStep(ctx, fn)
	// Another process has merged a segment since the log was listed. After an error the next
	// step lists it again.
	//mutant:merge-maintenance-with-an-old-listing-fails
	if errors.Is(err, ErrMerged) {
		err = m.listedStep(ctx, fn)
	}
	return err
}

func (m *Maintenance) listedStep(ctx context.Context, fn func(*Log) error) error {
	l, err := m.log.open(ctx, m.dir, m.options.FS)
	defer m.log.drop(l)
	if err != nil {
		return err
	}
	// The caller means the log that is at dir now. Another one may have replaced it when this
	// process gets the lock.
	if m.options.ID == uuid.Nil {
		m.options.ID = l.Marker.ID
	}
	return m.log.use(ctx, l, m.relist, fn)
}

// requiring is step for an action that makes files of other names. If HISTLOG does not
// require a feature of these files yet, that is a step of its own: the maintenance lock is
// on HISTLOG, too, and ends when HISTLOG is replaced.
func (m *Maintenance) requiring(ctx context.Context, names func(*Log) ([]string, error), fn func(*Log) error) error {
	for ready := false; !ready; {
		err := m.step(ctx, func(l *Log) error {
			files, err := names(l)
			if err != nil {
				return err
			}
			//mutant:small-index-histlog-does-not-require-it
			//mutant:small-index-histlog-requires-it-too-late
			if ready, err = l.require(featuresOf(files...)...); err != nil || !ready {
				return err
			}
			return fn(l)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// require adds features to those that HISTLOG requires, durably. had reports whether
// HISTLOG required all of them already.
func (l *Log) require(names ...string) (had bool, err error) {
	m := l.Marker
	m.Requires = withFeatures(m.Requires, names...)
	if len(m.Requires) == len(l.Marker.Requires) {
		return true, nil
	}
	return false, l.replaceMarker(m)
}

// relist lists the log again and removes what an interrupted run left.
func (m *Maintenance) relist(l *Log) error {
	if err := l.RefreshAll(); err != nil { // another process may have changed the log before the lock was acquired
		return err
	}
	if l.Marker.ID != m.options.ID {
		return fmt.Errorf("%s: %w", m.dir, ErrReplaced)
	}
	if l.Conflict != nil { // it is unknown which segments are part of the log
		return l.Conflict
	}
	// sweep comes first, because the step may need the space that an interrupted run has taken.
	return l.sweep()
}

// A listing is a log that several steps use, under its maintenance lock.
type listing struct {
	log  *Log        // as the last step left it; nil if the next step must list it
	self fs.FileInfo // the directory of log
}

// open returns the log at dir as the last step left it, or else opens it.
func (k *listing) open(ctx context.Context, dir string, fsys FS) (*Log, error) {
	if k.log == nil || k.log.Dir != dir || vfs.Moved(k.log.fs, dir) {
		_ = k.close() // it was only read
		return OpenContext(ctx, dir, fsys)
	}
	k.log.ctx = ctx
	return k.log, nil
}

// close closes the log that the last step has left open.
func (k *listing) close() error {
	l := k.log
	if k.log = nil; l == nil {
		return nil
	}
	return l.Close()
}

// drop closes a log that open has returned, unless the next step uses it.
func (k *listing) drop(l *Log) {
	if l != k.log {
		l.Close()
	}
}

// use runs fn while holding the maintenance lock of l, which open has returned. If l may
// differ from the directory, use first calls relist.
func (k *listing) use(ctx context.Context, l *Log, relist, fn func(*Log) error) (err error) {
	release, err := l.lockMaintenance(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	self, err := l.stat(l.Dir)
	if err != nil {
		return err
	}
	if current, err := k.isCurrent(l, self); err != nil {
		return err
	} else if !current {
		if err := relist(l); err != nil {
			return err
		}
	}
	// After an error the files may differ from the listing.
	k.log = nil
	if err := fn(l); err != nil {
		return err
	}
	k.log, k.self = l, self
	return nil
}

// isCurrent reports whether l is as the last step left it: HISTLOG and the directory are
// the same. Another process may have sealed segments since, or compressed one.
func (k *listing) isCurrent(l *Log, self fs.FileInfo) (bool, error) {
	if l != k.log {
		return false, nil
	}
	before := l.file.text
	_, err := l.file.read(l.fs, l.Dir)
	//mutant:maintenance-a-change-of-histlog-between-two-steps-is-not-noticed
	return bytes.Equal(before, l.file.text) && l.fs.SameFile(self, k.self), err
}

// withMaintenanceLock runs fn while holding the maintenance lock of the log at dir, after
// it has removed what an interrupted run left.
func withMaintenanceLock(ctx context.Context, dir string, o Options, fn func(*Log) error) error {
	m := NewMaintenance(dir, o)
	defer m.Close()
	return m.step(ctx, fn)
}

// filesNow returns a segment of the listing with the files that it has now: since it was
// listed, another process may have compressed it. Without files the segment is returned as
// it was listed, and reading it reports the damage.
func (l *Log) filesNow(s Segment) (Segment, error) {
	var files []listedFile
	for _, c := range seekable.Codecs() {
		path := l.path(s.stem().text(c))
		info, err := l.fs.Lstat(path)
		if missing(err) {
			continue
		}
		if err != nil {
			return s, asDiskError(OpRead, path, err)
		}
		files = append(files, listedFile{stem: s.stem(), codec: c, irregular: !info.Mode().IsRegular()})
	}
	if len(files) == 0 {
		return s, nil
	}
	slices.SortFunc(files, compareListed)
	now := segmentsOf(l.Dir, files)[0]
	now.Sealed, now.Next, now.supersedes = s.Sealed, s.Next, s.supersedes
	now.Copy = len(files) > 1 && !files[1].irregular
	return now, nil
}
