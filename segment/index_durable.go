package segment

import "errors"

// A power cut may leave an active segment with holes in its index, or without records
// that were acknowledged under sync none. Recovery drops these entries, so they are
// not damage, neither before recovery nor after it. What was synced must be intact: a hole
// there is damage. The functions of this file tell the two apart.

// durableCounts returns how many entries of the index of an active segment were synced,
// according to the last anchor, and how many of its records, according to the last
// durable mark. A power cut may have damaged all entries and records after those.
func (x *indexFile) durableCounts() (synced, durable uint64, err error) {
	for k := x.count; k > 0 && (synced == 0 || durable == 0); k-- {
		e, err := x.entry(k - 1)
		if errors.Is(err, ErrCorrupt) {
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		// A durable mark covers its own record, an anchor only the entries before it.
		if e.Flags&Durable != 0 && durable == 0 {
			durable = k
		}
		if e.Flags&anchor != 0 && synced == 0 {
			synced = k - 1
		}
	}
	return synced, durable, nil
}

// dropBeyond drops the last entries if they are damaged or if their records were never
// durable and end beyond the text, which is size bytes long.
func (x *indexFile) dropBeyond(size Offset) error {
	count := x.count
	// Invariant: each entry from count on is damaged, or that of a record that was never
	// durable and that the text lacks.
	for count > 0 {
		e, err := x.entry(count - 1)
		//mutant:read-records-lost-in-a-power-cut-are-counted
		if errors.Is(err, ErrCorrupt) || err == nil && e.Flags&Durable == 0 && e.End > size {
			count--
			continue
		}
		if err != nil || e.Flags&Durable != 0 && e.End > size {
			return err // a durable record that the text lacks is damage: its entry stays
		}
		break
	}
	x.count, x.block = count, x.block[:0]
	return nil
}

// headerLeftByCrash reports whether a power cut may have left the header of the index of
// an active segment in this state: no sync of the index is known, and the header is not
// that of another log.
func (x *indexFile) headerLeftByCrash(reason string) (bool, error) {
	if reason == "" || reason == foreignIndex || reason == otherVersion {
		return false, nil
	}
	// An anchor proves that the index, and so its header, was synced before the anchor was
	// written.
	synced, _, err := x.durableCounts()
	//mutant:check-a-torn-new-index-is-damage
	return synced == 0, err
}

// indexLeftByCrash reports whether a power cut may have left the active segment with its
// index in this state, or without an index.
func (r *Reader) indexLeftByCrash() (bool, error) {
	switch {
	case r.segment.Sealed:
		return false, nil
	case r.index != nil:
		return r.index.headerLeftByCrash(r.reason)
	case r.reason == "": // there is no index file
		return r.size == 0, nil
	}
	return r.reason != foreignIndex && r.reason != otherVersion, nil // an index without an entry
}

// leftByCrash reports whether a power cut may have damaged the entry of seq in the index
// of the active segment, and whether it may have damaged the record.
func (r *Reader) leftByCrash(seq Sequence) (entry, record bool, err error) {
	if r.segment.Sealed || r.index == nil {
		return false, false, nil
	}
	if err := r.durable.count(r.index); err != nil {
		return false, false, err
	}
	k, synced, durable := uint64(seq-r.segment.Base), r.durable.synced, r.durable.records
	//mutant:verify-damage-to-synced-records-is-ascribed-to-a-power-cut
	//mutant:verify-traces-of-a-power-cut-are-damage
	return k >= synced, k >= durable, nil
}

// A durableCount keeps what durableCounts returned, because durableCounts may read the
// whole index.
type durableCount struct {
	entries         uint64 // entries of the index that it is for; 0 means that it was not made
	synced, records uint64
}

// count makes d for x, unless it was made for that many entries.
func (d *durableCount) count(x *indexFile) (err error) {
	if d.entries == x.count {
		return nil
	}
	d.synced, d.records, err = x.durableCounts()
	if err == nil {
		d.entries = x.count
	}
	return err
}
