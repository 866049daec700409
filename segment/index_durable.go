package segment

import "errors"

// A power cut may leave an active segment whose index has holes, or whose text lacks
// records that were acknowledged under sync none. Recovery drops these entries: that
// is no damage, before it as after it. What was synced is firm: there it is damage.

// firm returns how many entries of the index of an active segment were synced (synced),
// and how many of its records (durable): up to the last durable mark, and up to the
// last anchor. What is behind may be what a power cut left.
func (x *indexFile) durableCounts() (synced, durable uint64, err error) {
	for k := x.count; k > 0 && (synced == 0 || durable == 0); k-- {
		e, err := x.entry(k - 1)
		if errors.Is(err, ErrCorrupt) {
			continue
		}
		if err != nil {
			return 0, 0, err
		}
		if e.Flags&Durable != 0 && durable == 0 {
			durable = k
		}
		if e.Flags&Anchor != 0 && synced == 0 {
			synced = k - 1
		}
	}
	return synced, durable, nil
}

// withinText drops the last entries whose records were never durable and end behind
// the text, which is that long.
func (x *indexFile) dropBeyond(size Offset) error {
	count := x.count
	for count > 0 {
		e, err := x.entry(count - 1)
		//mutant:read-records-that-a-power-cut-took-are-counted
		if errors.Is(err, ErrCorrupt) || err == nil && e.Flags&Durable == 0 && e.End > size {
			count--
			continue
		}
		if err != nil || e.Flags&Durable != 0 && e.End > size {
			return err // it is damage
		}
		break
	}
	x.count, x.block = count, x.block[:0]
	return nil
}

// headerLeftByCrash reports whether a power cut may have left the header of an active
// segment's index so: no sync of the index is known, and it is none of another log.
func (x *indexFile) headerLeftByCrash(reason string) (bool, error) {
	if reason == "" || reason == foreignIndex || reason == otherVersion {
		return false, nil
	}
	synced, _, err := x.durableCounts()
	//mutant:check-a-new-index-that-is-torn-is-damage
	return synced == 0, err
}

// indexLeftByCrash reports whether the active segment has an index, or none, that a
// power cut may have left so.
func (r *Reader) indexLeftByCrash() (bool, error) {
	switch {
	case r.segment.Sealed:
		return false, nil
	case r.index != nil:
		return r.index.headerLeftByCrash(r.reason)
	case r.reason == "": // there is no file
		return r.size == 0, nil
	}
	return r.reason != foreignIndex && r.reason != otherVersion, nil // and no entry
}

// leftByCrash reports whether damage of the entry, or of the record, of the active
// segment's k-th record may be what a power cut left.
func (r *Reader) leftByCrash(seq Sequence) (entry, record bool, err error) {
	if r.segment.Sealed || r.index == nil {
		return false, false, nil
	}
	synced, durable, err := r.index.durableCounts()
	k := uint64(seq - r.segment.Base)
	//mutant:verify-rot-of-what-was-synced-is-taken-for-a-power-cuts
	//mutant:verify-what-a-power-cut-left-is-damage
	return k >= synced, k >= durable, err
}
