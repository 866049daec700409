package segment

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/histlog/histlog/internal/filename"
)

// Seal seals the active segment of the log at dir before it is full, begins the
// next one, and returns the sealed segment. Seal waits for the writer's lock as
// OpenWriter does, and holds it until it returns. An empty segment is not sealed;
// sealed.Path is then "". After a crash at any point Seal can be run again.
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
	return w.seal()
}

// seal seals the active segment, unless it is empty, and begins the next one. w.mu must
// be held.
func (w *Writer) seal() (sealed Segment, err error) {
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

// roll seals the active segment and begins the next one with the log's current
// settings. Nothing may be staged. After an error roll can be tried again, unless it
// has poisoned the Writer. w.mu must be held.
//
// The text's name of the next segment is what seals this one. So everything that a
// sealed segment promises is durable before that name is created, and a crash
// before it leaves an active segment that the next writer goes on with.
func (w *Writer) roll() error {
	old := w.active
	if err := w.writeEntries(); err != nil {
		return err
	}
	// If nothing was pending, writeEntries has not checked the file: a change by another
	// program would be sealed.
	if err := w.checkIntact(); err != nil {
		return err
	}
	// Under SyncNone the text was never synced; a power cut after the roll would
	// leave a sealed segment that is shorter than its trailer says.
	//mutant:roll-the-segment-is-not-synced
	if err := old.file.Sync(); err != nil {
		return w.poison(w.diskError(OpSeal, old.path, err))
	}
	//mutant:roll-no-trailer
	if err := old.writeTrailer(); err != nil {
		return w.diskError(OpSeal, old.indexPath, err)
	}
	// Only Repair rebuilds the index of a sealed segment.
	//mutant:roll-the-index-is-not-synced
	if err := old.syncIndex(); err != nil {
		return w.poison(w.diskError(OpSeal, old.indexPath, err))
	}
	// Settings apply to whole segments. They are read before the next segment exists:
	// after that, roll could not be tried again.
	if err := w.reload(); err != nil {
		return w.diskError(OpRead, filepath.Join(w.dir, filename.Marker), err)
	}
	next, err := createActive(w.fs, w.dir, w.newHeader(old.nextSeq()), w.mode)
	if err != nil {
		return w.createFailed(filepath.Join(w.dir, textName(old.nextSeq())), err)
	}
	w.active, w.stagedEnd = next, 0
	w.sealedCount++
	if err := old.close(); err != nil {
		return w.poison(w.diskError(OpClose, old.path, err))
	}
	return nil
}

// createFailed returns the error of a next segment that could not be created. If its
// text file exists, this segment is sealed, but maybe not durably: only a new Writer
// can tell. If it does not, roll can be tried again. w.mu must be held.
func (w *Writer) createFailed(path string, err error) error {
	err = w.diskError(OpBegin, path, err)
	if _, e := w.fs.Lstat(path); missing(e) {
		return err
	}
	return w.poison(err)
}

// reload reads HISTLOG, whose settings apply from the next segment on. w.mu must be
// held, unless the Writer is still being opened.
func (w *Writer) reload() error {
	m, err := w.readMarker()
	if err != nil {
		return err
	}
	// The directory was replaced under the Writer, whose segment is not part of the
	// log that is there now.
	if w.active != nil && m.ID != w.marker.ID {
		return w.poison(fmt.Errorf("%w: another log stands at %s", ErrForeign, w.dir))
	}
	w.marker = m
	if w.policy, err = w.marker.Settings.With(w.overrides).Policy(); err != nil {
		return err
	}
	policy := w.policy // a copy, because readers of sharedPolicy do not hold mu
	w.sharedPolicy.Store(&policy)
	w.mode, err = fileMode(w.fs, w.dir, w.policy)
	return err
}

// newHeader returns the header of a segment that begins now with the record base.
func (w *Writer) newHeader(base Sequence) header {
	h := header{id: w.marker.ID, base: base, created: w.now()}
	for i, r := range w.marker.TimeRules {
		if r.FromSeq <= base {
			h.rule = uint32(i)
		}
	}
	// Several records will be written before a sync, see markLazy.
	if !w.policy.Sync.single() {
		h.flags = headerLazy
	}
	return h
}
