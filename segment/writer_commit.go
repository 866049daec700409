package segment

import (
	"cmp"
	"errors"
	"time"
)

// Commit makes the staged records part of the log. When it returns nil, they are
// durable, or under SyncNone written to the file. On an error none of them is
// acknowledged; unless the Writer is poisoned, they are rolled back. Commit
// answers the callers of Append that wait for an interval's commit, too. Like Close, it
// waits for the disk and takes no context.
func (w *Writer) Commit() error {
	w.lock()
	defer w.unlock()
	return w.commit()
}

// commit is Commit. w.mu must be held.
func (w *Writer) commit() error {
	err := w.tryCommit()
	w.answer(err)
	return err
}

func (w *Writer) tryCommit() error {
	if err := w.usable(); err != nil {
		return err
	}
	// Records staged after the failure are rolled back with it: their caller wrote
	// them as a group with records that are gone.
	if err := w.batchErr; err != nil {
		err = w.rollback(err)
		w.batchErr = nil
		return err
	}
	err := w.flush()
	if err == nil && len(w.pending) > w.acked {
		if w.policy.Sync.Durable() {
			err = w.makeDurable()
		} else {
			err = w.acknowledge()
		}
	}
	w.batchErr = nil // this commit returns it
	return err
}

// Under SyncNone the index entries, and the check that the segment is intact, may
// follow the records by this much.
const (
	maxUnindexed  = 64 << 10 // bytes of text
	indexInterval = 100 * time.Millisecond
)

// acknowledge acknowledges, under SyncNone, the records that are written. Their
// entries may follow later: after a kill the kernel still has the text, and the
// next writer indexes it. w.mu must be held.
func (w *Writer) acknowledge() error {
	w.active.startWriteback()
	if w.active.writtenEnd-w.active.indexedEnd >= maxUnindexed {
		return w.writeEntries()
	}
	w.acked, w.active.ackedEnd = len(w.pending), w.active.writtenEnd
	w.after(&w.indexTimer, indexInterval, (*Writer).writeEntries)
	return nil
}

// makeDurable syncs the records that are written and writes their entries. w.mu
// must be held.
func (w *Writer) makeDurable() error {
	a := w.active
	// The text first, then the entries: an entry with Durable says that its record is
	// on disk, and after a crash in between recovery would report damage. A power
	// cut before the sync loses records that were not acknowledged. A failed sync is
	// final: the kernel may have dropped the dirty pages, and a second sync would
	// return nil without having written them.
	//mutant:append-index-entry-before-fdatasync
	//mutant:append-no-fdatasync
	if err := a.file.Datasync(); err != nil {
		//mutant:append-a-failed-sync-does-not-poison
		return w.poison(w.diskError(OpSync, a.path, err))
	}
	for i := range w.pending {
		w.pending[i].Flags |= Durable
	}
	return w.writeEntries()
}

// writeEntries writes the index entries of all pending records. If that fails, the
// records not yet acknowledged are rolled back; the others stay pending. w.mu must
// be held.
func (w *Writer) writeEntries() error {
	a := w.active
	if len(w.pending) == 0 {
		return nil
	}
	// Another program may have changed the file since flush checked it. An entry must
	// not describe bytes of that program.
	//mutant:append-the-segment-is-not-checked-after-the-sync
	if err := w.checkIntact(); err != nil {
		return err
	}
	if err := a.writeEntries(w.pending); err != nil {
		err = w.diskError(OpIndex, a.indexPath, err)
		if errors.Is(err, errIndexTorn) {
			return w.poison(err)
		}
		return w.rollback(err)
	}
	w.pending, w.acked = w.pending[:0], 0
	// The entries are synced later: a power cut loses at most those of the last
	// second, and the next writer rebuilds them from the text.
	w.after(&w.indexSyncTimer, indexSyncInterval, (*Writer).syncIndex)
	return nil
}

// syncAll indexes all records and makes them durable, under SyncNone too, so that
// the next writer need not compare them with their checksums. w.mu must be held.
func (w *Writer) syncAll() error {
	if err := w.writeEntries(); err != nil {
		return err
	}
	a := w.active
	if a.durable == a.count {
		return nil
	}
	// The mark follows the sync, as in makeDurable.
	//mutant:close-under-none-no-fdatasync
	if err := a.file.Datasync(); err != nil {
		return w.poison(w.diskError(OpSync, a.path, err))
	}
	return w.diskError(OpIndex, a.indexPath, a.markDurable())
}

// syncIndex makes the index entries durable. w.mu must be held.
func (w *Writer) syncIndex() error {
	a := w.active
	if err := a.syncIndex(); err != nil {
		return w.poison(w.diskError(OpSync, a.indexPath, err))
	}
	return nil
}

// Rollback removes the records staged since the last commit. An Append of another
// goroutine whose records are among them returns ErrRolledBack. An error poisons the
// Writer. Like Close, Rollback waits for the disk and takes no context.
func (w *Writer) Rollback() error {
	w.lock()
	defer w.unlock()
	if err := w.usable(); err != nil {
		return err
	}
	err := w.rollback(nil)
	w.batchErr = nil
	//mutant:append-rolled-back-records-of-other-callers-are-acknowledged
	w.answer(cmp.Or(err, ErrRolledBack))
	return err
}

// rollback removes the records that are not acknowledged and makes cause the error
// of the next commit. It returns cause, joined with its own error, which poisons.
// w.mu must be held.
func (w *Writer) rollback(cause error) error {
	if w.err != nil {
		// Poisoned: it is unknown what the disk holds, and recovery decides.
		return cause
	}
	a := w.active
	w.buf, w.pending, w.stagedEnd, w.batchErr = w.buf[:0], w.pending[:w.acked], a.ackedEnd, cause
	if e := a.rollback(); e != nil {
		return w.poison(errors.Join(cause, w.diskError(OpRollback, a.path, e)))
	}
	return cause
}
