package segment

import (
	"errors"
	"fmt"

	"github.com/histlog/histlog/internal/vfs"
)

// adoptTail indexes the complete records after the last index entry and quarantines
// the bytes after them. It reports whether the tail shows damage of records that were
// durable.
func (w *Writer) adoptTail() (damaged bool, err error) {
	a := w.active
	if a.indexedEnd == a.writtenEnd {
		return false, nil
	}
	// matchEntries found that the text from here on is not what was written. A complete
	// line in it is not necessarily a record.
	if w.tailSuspect {
		return false, w.quarantineTail()
	}
	t, err := w.scanTail()
	if err != nil {
		return false, err
	}
	adoptEnd := t.goodEnd
	// Under SyncAlways a record was durable before the next one was written. So a record
	// after a bad line shows that the bad line was a durable record.
	if t.goodAfterBad && a.header.flags&headerLazy == 0 {
		damaged, adoptEnd = true, t.completeEnd
		w.recovery.Damage = append(w.recovery.Damage, t.damage...)
		// The flag is set before the entries are written. Otherwise, after a crash in
		// between, the next recovery would find the damaged lines indexed and append after
		// them.
		//mutant:recover-damage-is-not-remembered
		if err := w.setHeaderFlag(headerDamaged); err != nil {
			return true, err
		}
	}
	if adoptEnd > a.indexedEnd {
		if err := a.rewriteText(a.indexedEnd, adoptEnd); err != nil {
			return damaged, err
		}
		if err := w.indexTail(adoptEnd); err != nil {
			return damaged, err
		}
	}
	// The entries are durable before the tail is truncated: its lines are numbered after
	// them.
	if err := a.syncIndex(); err != nil {
		return damaged, err
	}
	return damaged, w.quarantineTail()
}

// A tailScan describes the lines after the last index entry.
type tailScan struct {
	completeEnd  Offset          // end of the last complete line
	goodEnd      Offset          // end of the last record before the first bad line
	goodAfterBad bool            // a record follows a bad line
	damage       []*CorruptError // the first maxDamage bad lines
}

// maxDamage is how many bad lines, which are not records, are reported.
const maxDamage = 1000

func (w *Writer) scanTail() (t tailScan, err error) {
	a := w.active
	t.goodEnd = a.indexedEnd
	t.completeEnd, err = w.eachTailLine(a.writtenEnd, func(l line, e Entry, seq Sequence) error {
		switch {
		case e.Flags&Lost != 0 && !l.blank():
			if len(t.damage) < maxDamage {
				t.damage = append(t.damage, &CorruptError{Path: a.path, Seq: seq, Offset: l.start, Reason: "not a record"})
			}
		case len(t.damage) == 0:
			t.goodEnd = l.end
		default:
			t.goodAfterBad = true
		}
		return nil
	})
	return t, err
}

// eachTailLine calls fn for each complete line after the last index entry, up to the
// offset to, with an entry and a sequence for the line. It returns the end of the last
// one. A line larger than w.maxMemory is ErrMemory.
func (w *Writer) eachTailLine(to Offset, fn func(line, Entry, Sequence) error) (Offset, error) {
	a, now, next := w.active, w.now(), w.active.nextSeq()
	x := indexer{marker: &w.marker}
	return eachLine(vfs.WithContext(w.openCtx, a.file), a.indexedEnd, to, w.maxMemory, func(l line) error {
		e, _, err := x.entry(next, l, now)
		if err != nil {
			return err
		}
		e.Flags |= Durable // the caller has synced the text
		next++
		return fn(l, e, next-1)
	})
}

// indexTail writes entries for the lines up to the offset to, in groups, because there
// may be millions if the index was lost. After a crash in between the next recovery
// writes the others.
func (w *Writer) indexTail(to Offset) error {
	const atOnce = 4096
	var entries []Entry
	write := func() error {
		if len(entries) == 0 {
			return nil
		}
		err := w.active.writeEntries(entries)
		w.recovery.Adopted += uint64(len(entries))
		entries = entries[:0]
		return err
	}
	_, err := w.eachTailLine(to, func(_ line, e Entry, _ Sequence) error {
		if entries = append(entries, e); len(entries) < atOnce {
			return nil
		}
		return write()
	})
	if err != nil {
		return err
	}
	return write()
}

// quarantineTail moves the bytes after the last index entry to quarantine/.
func (w *Writer) quarantineTail() error {
	a := w.active
	if a.indexedEnd == a.writtenEnd {
		return nil
	}
	// The copy is durable before the bytes are truncated: a crash in between leaves
	// both, and the next recovery makes the same copy again.
	//mutant:recover-the-tail-is-not-quarantined
	name, err := quarantineRange(w.fs, w.dir, a.header.base, a.file, a.indexedEnd, a.writtenEnd, w.mode)
	if err != nil {
		return fmt.Errorf("quarantine %s from offset %d: %w", a.path, a.indexedEnd, err)
	}
	w.recovery.Quarantined = append(w.recovery.Quarantined, name)
	a.ackedEnd = a.indexedEnd
	// Without the sync a power cut could bring the torn bytes back after records that
	// SyncNone writes in their place.
	//mutant:recover-the-truncation-is-not-synced
	return errors.Join(a.rollback(), a.file.Datasync())
}
