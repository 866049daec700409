package segment

import (
	"fmt"
	"hash/crc32"
	"path/filepath"
	"time"
)

// Write stages one record. compact is its JSON without white space between tokens,
// timeScalar the value of its time field, or nil. Write does not check compact; Append
// and AppendBatch take any JSON. Neither slice is kept.
//
// The record is not part of the log until Commit returns nil. The Ack is valid only
// from then on, and its Durable field is always false. If a Write fails on the
// disk, all records since the last commit are rolled back, and Commit returns the
// error too.
//
// Write, Commit and Rollback are for a producer that has the Writer to itself: an
// Append of another goroutine commits what is staged.
func (w *Writer) Write(compact, timeScalar []byte) (Ack, error) {
	if err := checkCompact(compact); err != nil {
		return Ack{}, err
	}
	w.lock()
	defer w.unlock()
	return w.stage(compact, w.policy.timeOf(&w.times, timeScalar))
}

// stage adds one record to buf and pending. If the segment is full, it commits
// what is staged and begins the next one first. w.mu must be held.
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
			// That commit cleared batchErr, but its caller has not seen the error
			// of the records before this one.
			//mutant:append-a-failed-group-is-acknowledged-later
			w.batchErr = err // the next Commit returns it
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

// segmentFull reports whether a record of n bytes, with its LF, belongs to the next
// segment. A segment that is empty takes a record of any size.
func (w *Writer) segmentFull(n int, now time.Time) bool {
	return w.stagedEnd > 0 && (int64(w.stagedEnd)+int64(n) > w.policy.SegmentSize || now.Sub(w.active.header.created) >= w.policy.SegmentAge)
}

// newEntry returns the index entry of a record that ends at end. Without a time of
// its own the record has the time of its arrival.
func newEntry(end Offset, crc uint32, own stamp, now time.Time) Entry {
	if !own.ok {
		return Entry{End: end, Time: now, Arrived: now, CRC: crc, Flags: ClockTime}
	}
	return Entry{End: end, Time: own.time, Arrived: now, CRC: crc}
}

// flush writes buf to the file. On an error the records that are not acknowledged are
// rolled back. w.mu must be held.
func (w *Writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	a := w.active
	// Writing at writtenEnd would overwrite what another program appended. Under
	// SyncNone this is checked when the entries are written: a system call for each
	// record would cost more than the record.
	if w.policy.Sync.Durable() {
		if err := w.checkIntact(); err != nil {
			return err
		}
	}
	if err := w.markLazy(); err != nil {
		return w.rollback(err)
	}
	// A kill or a power cut here leaves a part of buf without index entries: the
	// next writer indexes its complete lines and quarantines the rest. A full disk
	// leaves a part too, which must go: the next group is written in its place.
	if err := a.write(w.buf); err != nil {
		//mutant:append-a-failed-write-is-not-rolled-back
		return w.rollback(w.diskError(OpAppend, a.path, err))
	}
	w.buf = w.buf[:0]
	if cap(w.buf) > 4*flushBytes {
		w.buf = nil
	}
	return nil
}

// markLazy sets headerLazy, durably and before the first record that needs it: of
// several records written before one sync, a power cut may keep the second and
// lose the first. With the flag, recovery takes that for a torn tail; without it,
// for damage of a record that was durable. w.mu must be held.
func (w *Writer) markLazy() error {
	//mutant:append-a-pair-does-not-set-the-lazy-flag
	//mutant:append-a-group-does-not-set-the-lazy-flag
	if w.policy.Sync.single() && len(w.pending) == 1 {
		return nil
	}
	return w.setHeaderFlag(headerLazy)
}

// setHeaderFlag sets a flag in the header of the active segment's index, durably.
// w.mu must be held.
func (w *Writer) setHeaderFlag(f headerFlags) error {
	a := w.active
	if a.header.flags&f != 0 {
		return nil
	}
	h := a.header
	h.flags |= f
	// A header torn by a crash here is made again by the next writer: its checksum
	// fails, and the entries prove what it said.
	if _, err := a.index.WriteAt(h.encode(), 0); err != nil {
		return w.diskError(OpIndex, a.indexPath, err)
	}
	// The records that the flag is about may reach the disk on their own. Were they
	// there without the flag, recovery would misjudge them.
	//mutant:append-the-lazy-flag-is-not-synced
	if err := a.index.Sync(); err != nil {
		return w.poison(w.diskError(OpSync, a.indexPath, err))
	}
	a.header = h
	return nil
}
