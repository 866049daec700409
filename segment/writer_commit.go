package segment

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"time"
)

// Write stages one record, with the scalar at its time field or nil: a value of
// JSON without white space between its tokens, which is not looked at. Append and
// AppendBatch take any value. Neither slice is kept. The record is nobody's until
// Commit returns nil, and the Ack counts from then on; its Durable is false. A
// Write that fails on the disk takes the whole group back: Commit says so.
//
// Write, Commit and Rollback are for a producer that has the Writer to itself;
// an Append in between commits what is staged, too.
func (w *Writer) Write(compact, timeScalar []byte) (Ack, error) {
	if checkInvariants && !isCompact(compact) {
		return Ack{}, fmt.Errorf("not compact JSON: %.80q", compact)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stage(compact, timeOf(timeScalar, w.policy.TimeZone))
}

// A stamp is a record's own time, if it has one.
type stamp struct {
	time time.Time
	ok   bool
}

func timeOf(scalar []byte, zone *time.Location) stamp {
	t, ok := ParseTime(scalar, zone)
	return stamp{t, ok}
}

func (w *Writer) stage(compact []byte, own stamp) (Ack, error) {
	if err := w.usable(); err != nil {
		return Ack{}, err
	}
	if int64(len(compact)) > w.policy.MaxRecord {
		return Ack{}, fmt.Errorf("%w: %d bytes, max-record is %d", ErrTooLarge, len(compact), w.policy.MaxRecord)
	}
	now := w.now()
	if w.segmentFull(len(compact)+1, now) {
		if err := w.commit(); err != nil {
			//mutant:append-a-failed-group-is-acknowledged-later
			w.batchErr = err // which Commit must say of the records before this one
			return Ack{}, err
		}
		if err := w.roll(); err != nil {
			return Ack{}, err
		}
	}
	from := len(w.buf)
	w.buf = append(append(w.buf, compact...), '\n')
	e := newEntry(w.stagedEnd+Offset(len(compact)+1), crc32.Checksum(w.buf[from:], castagnoli), own, now)
	ack := Ack{Seq: w.nextSeq(), Time: e.Time, Segment: filepath.Base(w.active.path), Offset: w.stagedEnd, Bytes: int64(len(compact))}
	w.stagedEnd = e.End
	w.pending = append(w.pending, e)
	if len(w.buf) >= flushBytes {
		return ack, w.flush()
	}
	return ack, nil
}

// segmentFull says whether a record of n bytes with its LF belongs into the next segment.
func (w *Writer) segmentFull(n int, now time.Time) bool {
	return w.stagedEnd > 0 && (int64(w.stagedEnd)+int64(n) > w.policy.SegmentSize || now.Sub(w.active.header.created) >= w.policy.SegmentAge)
}

// newEntry makes the index entry of a record.
func newEntry(end Offset, crc uint32, own stamp, now time.Time) Entry {
	if !own.ok {
		return Entry{End: end, Time: now, Arrived: now, CRC: crc, Flags: ClockTime}
	}
	return Entry{End: end, Time: own.time, Arrived: now, CRC: crc}
}

// flush gives the staged records to the kernel.
func (w *Writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	a := w.active
	if w.policy.Sync.Mode != SyncNone {
		if err := w.checkIntact(); err != nil {
			return err
		}
	}
	if err := w.markLazy(); err != nil {
		return w.rollback(err)
	}
	if err := a.write(w.buf); err != nil {
		//mutant:append-a-failed-write-is-not-taken-back
		return w.rollback(w.diskError("append to", a.path, err))
	}
	w.buf = w.buf[:0]
	if cap(w.buf) > 4*flushBytes {
		w.buf = nil
	}
	return nil
}

// markLazy notes in the index, durably and before the first such record, that
// records are written whose order on disk nothing ensures: the second of a
// group may be there without the first.
func (w *Writer) markLazy() error {
	//mutant:append-a-pair-is-no-group
	//mutant:append-groups-are-not-noted
	if w.policy.Sync.Mode == SyncAlways && len(w.pending) == 1 {
		return nil
	}
	return w.setHeaderFlag(headerLazy)
}

// setHeaderFlag sets a flag in the active index's header, durably.
func (w *Writer) setHeaderFlag(f headerFlags) error {
	a := w.active
	if a.header.flags&f != 0 {
		return nil
	}
	h := a.header
	h.flags |= f
	if _, err := a.index.WriteAt(h.encode(), 0); err != nil {
		return w.diskError("index", a.indexPath, err)
	}
	//mutant:append-the-note-is-not-synced
	if err := a.index.Sync(); err != nil {
		return w.poison(w.diskError("sync", a.indexPath, err))
	}
	a.header = h
	return nil
}

// Commit makes all that was staged a part of the log, under the sync policy:
// durable when it returns, or with SyncNone handed to the kernel. On an error
// none of it is acknowledged, and what can be is taken back.
func (w *Writer) Commit() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.commit()
}

func (w *Writer) commit() error {
	err := w.tryCommit()
	w.answer(err)
	return err
}

func (w *Writer) tryCommit() error {
	if err := w.usable(); err != nil {
		return err
	}
	if err := w.batchErr; err != nil { // what was staged after it goes with it
		err = w.rollback(err)
		w.batchErr = nil
		return err
	}
	err := w.flush()
	if err == nil && len(w.pending) > w.acked {
		if w.policy.Sync.Mode == SyncNone {
			err = w.acknowledge()
		} else {
			err = w.makeDurable()
		}
	}
	w.batchErr = nil // err says it
	return err
}

// maxUnindexed and indexInterval are how far index entries, and the look whether
// the segment is intact, may be behind the records under SyncNone.
const (
	maxUnindexed  = 64 << 10
	indexInterval = 100 * time.Millisecond
)

// acknowledge acknowledges what the kernel was given. Index entries may come later.
func (w *Writer) acknowledge() error {
	w.active.startWriteback()
	if w.active.writtenEnd-w.active.indexedEnd >= maxUnindexed {
		return w.writeEntries()
	}
	w.acked, w.active.ackedEnd = len(w.pending), w.active.writtenEnd
	w.after(&w.indexTimer, indexInterval, (*Writer).writeEntries)
	return nil
}

// makeDurable syncs what the kernel was given and enters it.
func (w *Writer) makeDurable() error {
	a := w.active
	//mutant:append-index-entry-before-fdatasync
	//mutant:append-no-fdatasync
	if err := a.file.Datasync(); err != nil {
		//mutant:append-a-failed-sync-does-not-poison
		return w.poison(w.diskError("sync", a.path, err))
	}
	for i := range w.pending {
		w.pending[i].Flags |= Durable
	}
	return w.writeEntries()
}

// writeEntries gives all pending records their index entries. What is not acknowledged
// is taken back if that fails; the others are tried again later.
func (w *Writer) writeEntries() error {
	a := w.active
	if len(w.pending) == 0 {
		return nil
	}
	//mutant:append-segment-not-looked-at-after-the-sync
	if err := w.checkIntact(); err != nil {
		return err
	}
	if err := a.writeEntries(w.pending); err != nil {
		err = w.diskError("index", a.indexPath, err)
		if errors.Is(err, errIndexTorn) {
			return w.poison(err)
		}
		return w.rollback(err)
	}
	w.pending, w.acked = w.pending[:0], 0
	w.after(&w.indexSyncTimer, indexSyncInterval, (*Writer).syncIndex)
	return nil
}

// syncAll makes durable what was only handed to the kernel, so that the next
// Writer need not look at it.
func (w *Writer) syncAll() error {
	if err := w.writeEntries(); err != nil {
		return err
	}
	a := w.active
	if a.durable == a.count {
		return nil
	}
	//mutant:close-under-none-no-fdatasync
	if err := a.file.Datasync(); err != nil {
		return w.poison(w.diskError("sync", a.path, err))
	}
	return w.diskError("index", a.indexPath, a.markDurable())
}

func (w *Writer) syncIndex() error {
	a := w.active
	if err := a.syncIndex(); err != nil {
		return w.poison(w.diskError("sync", a.indexPath, err))
	}
	return nil
}

// Rollback removes all records that were staged since the last Commit. If an Append
// of another goroutine staged some of them, it returns ErrRolledBack.
func (w *Writer) Rollback() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	err := w.rollback(nil)
	w.batchErr = nil
	//mutant:append-others-are-acknowledged-what-was-rolled-back
	w.answer(cmp.Or(err, ErrRolledBack))
	return err
}

// rollback removes what was staged since the last commit, because of err.
func (w *Writer) rollback(err error) error {
	if w.err != nil { // poisoned: the disk is left as it is
		return err
	}
	a := w.active
	w.buf, w.pending, w.stagedEnd, w.batchErr = w.buf[:0], w.pending[:w.acked], a.ackedEnd, err
	if e := a.rollback(); e != nil {
		return w.poison(errors.Join(err, w.diskError("take back from", a.path, e)))
	}
	return err
}
