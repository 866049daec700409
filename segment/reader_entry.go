package segment

import (
	"errors"
	"fmt"
)

// Entry returns the index entry of a record. If the entry is damaged, it is made from
// the text and has the flag Rebuilt.
func (r *Reader) Entry(seq Sequence) (Entry, error) {
	e, err := r.indexEntry(seq)
	if !errors.Is(err, ErrCorrupt) || uint64(seq-r.segment.Base) >= r.indexed() {
		return e, r.asDamage(err, seq)
	}
	if made, ok := r.rebuilt[seq]; ok {
		return made, nil
	}
	return r.rebuildEntry(seq)
}

// rebuildEntry makes from the text the entry of a record whose index entry is damaged.
// It also makes the entries of the next records whose index entries are damaged, because
// a bad page of the disk holds many entries.
func (r *Reader) rebuildEntry(seq Sequence) (made Entry, err error) {
	const ahead = 1024 // entries
	next, start, err := r.intactBefore(seq)
	if err != nil {
		return Entry{}, err
	}
	start = min(start, r.size)
	x, found := indexer{marker: &r.marker}, false
	// Invariant: l is the line of record next, because the lines are read from the end of the
	// last record whose entry is known.
	_, err = eachLine(r.text, start, r.size, r.memory, func(l line) error {
		if _, err := r.indexEntry(next); next > seq && (next > seq+ahead || !errors.Is(err, ErrCorrupt)) {
			return errStop
		}
		e, _, err := x.entry(next, l, r.Created())
		if err != nil {
			return err
		}
		r.remember(next, e)
		if next == seq {
			made, found = e, true
		}
		next++
		return nil
	})
	switch d := frameDamage(err, r.segment, seq, start); {
	case found:
		return made, nil
	case d != nil:
		return Entry{}, d
	case err != nil:
		return Entry{}, err
	}
	return Entry{}, &CorruptError{Kind: KindIndex, Path: r.index.path, Seq: seq, Offset: start, Reason: "index entry's checksum differs, and the segment has no line there"}
}

// intactBefore searches backwards from seq for a record whose entry is known. It
// returns the sequence after that record and where the next line begins. The entry of
// seq itself is not read.
func (r *Reader) intactBefore(seq Sequence) (Sequence, Offset, error) {
	// Invariant: no entry from the current seq up to the original seq - 1 is known.
	for ; seq > r.segment.Base; seq-- { // an entry in rebuilt is as good as an intact one
		if made, ok := r.rebuilt[seq-1]; ok {
			return seq, made.End, nil
		}
		e, err := r.indexEntry(seq - 1)
		if !errors.Is(err, ErrCorrupt) {
			return seq, e.End, err
		}
	}
	return seq, 0, nil
}

// asDamage returns the damage to record seq that an error of the decoder means, a
// failure of the disk as a *DiskError, and any other error as it is.
func (r *Reader) asDamage(err error, seq Sequence) error {
	if d := frameDamage(err, r.segment, seq, 0); d != nil {
		return d
	}
	return asDiskError(OpRead, r.segment.Path, err)
}

// remember keeps an entry that was made from the text. Where many entries in a row are
// damaged, each is needed again to find where the next record begins.
func (r *Reader) remember(seq Sequence, e Entry) {
	const limit = 4096
	// All are dropped at once: records are mostly read in order, so the old ones are not needed
	// again.
	if r.rebuilt == nil || len(r.rebuilt) == limit {
		r.rebuilt = map[Sequence]Entry{}
	}
	r.rebuilt[seq] = e
}

// indexEntry is Entry without a replacement for a damaged entry.
func (r *Reader) indexEntry(seq Sequence) (Entry, error) {
	if seq < r.segment.Base || seq >= r.Next() {
		if r.segment.Sealed && seq >= r.segment.Base && seq < r.segment.Next {
			reason := "missing: the segment or its index ends before it, or a segment is gone"
			if last := r.segment.Next - 1; last > seq {
				reason = fmt.Sprintf("missing, and all up to %d: the segment or its index ends before them, or a segment is gone", last)
			}
			return Entry{}, &CorruptError{Path: r.segment.Path, Seq: seq, Offset: r.size, Reason: reason}
		}
		return Entry{}, fmt.Errorf("record %d: %w", seq, ErrNoRecord)
	}
	// The index holds the first records, and r.made those after its last entry.
	k := uint64(seq - r.segment.Base)
	if n := r.indexed(); k >= n {
		return r.made.entry(r, k-n)
	}
	return r.index.entry(k)
}

// start returns where a record begins, which is where the record before it ends.
func (r *Reader) start(seq Sequence) (Offset, error) {
	if seq == r.segment.Base {
		return 0, nil
	}
	e, err := r.Entry(seq - 1)
	return e.End, err
}

// errStop ends eachLine early.
var errStop = errors.New("stop")
