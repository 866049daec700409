package segment

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/google/uuid"
)

// Seal seals the active segment of the log at dir before it is full, as a roll does,
// and returns it. It holds the writer's lock meanwhile, for which o.LockWait says
// how long to wait. An empty segment is not sealed: sealed.Path is "". Killed anywhere,
// it can be run again.
func Seal(ctx context.Context, dir string, o Options) (sealed Segment, err error) {
	w, err := OpenWriter(ctx, dir, o)
	if err != nil {
		return Segment{}, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	w.lock()
	defer w.unlock()
	if o.ID != uuid.Nil && o.ID != w.marker.ID {
		return Segment{}, fmt.Errorf("%s: %w", dir, ErrReplaced)
	}
	old := w.active
	//mutant:seal-an-empty-segment-is-sealed
	if old.count == 0 {
		return Segment{}, nil
	}
	if err := w.roll(); err != nil {
		return Segment{}, err
	}
	return Segment{Base: old.header.base, Path: old.path, Sealed: true, Next: old.nextSeq()}, nil
}

// roll seals the active segment and begins the next, under the settings that
// the log has by now. On an error before the next one exists it may be tried
// again; after it, only a new Writer knows.
func (w *Writer) roll() error {
	old := w.active
	if err := w.writeEntries(); err != nil {
		return err
	}
	if err := w.checkIntact(); err != nil {
		return err
	}
	//mutant:roll-the-segment-is-not-synced
	if err := old.file.Sync(); err != nil {
		return w.poison(w.diskError("seal", old.path, err))
	}
	//mutant:roll-no-trailer
	if err := old.writeTrailer(); err != nil {
		return w.diskError("seal", old.indexPath, err)
	}
	//mutant:roll-the-index-is-not-synced
	if err := old.syncIndex(); err != nil {
		return w.poison(w.diskError("seal", old.indexPath, err))
	}
	if err := w.reload(); err != nil {
		return w.diskError("read", filepath.Join(w.dir, markerName), err)
	}
	next, err := createActive(w.fs, w.dir, w.newHeader(old.nextSeq()), w.mode)
	if err != nil {
		err = w.diskError("begin segment", filepath.Join(w.dir, TextName(old.nextSeq())), err)
		if _, e := w.fs.Lstat(filepath.Join(w.dir, TextName(old.nextSeq()))); missing(e) {
			return err
		}
		return w.poison(err)
	}
	w.active, w.stagedEnd = next, 0
	w.sealedCount++
	if err := old.close(); err != nil {
		return w.poison(w.diskError("close", old.path, err))
	}
	return nil
}

// reload reads the log's settings, which hold from the next segment on.
func (w *Writer) reload() error {
	m, err := w.markerFile.read(w.fs, w.dir)
	if err != nil {
		return err
	}
	if w.active != nil && m.ID != w.marker.ID {
		return w.poison(fmt.Errorf("%w: another log stands at %s", ErrForeign, w.dir))
	}
	w.marker = m
	if w.policy, err = w.marker.Settings.With(w.overrides).Policy(); err != nil {
		return err
	}
	policy := w.policy
	w.sharedPolicy.Store(&policy)
	w.mode, err = fileMode(w.fs, w.dir, w.policy)
	return err
}

// newHeader returns the header of a segment that begins now.
func (w *Writer) newHeader(base Sequence) header {
	h := header{id: w.marker.ID, base: base, created: w.now()}
	for i, r := range w.marker.TimeRules {
		if r.FromSeq <= base {
			h.rule = uint32(i)
		}
	}
	if w.policy.Sync.Mode != SyncAlways {
		h.flags = headerLazy
	}
	return h
}
