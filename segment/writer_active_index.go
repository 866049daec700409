package segment

import (
	"errors"
	"fmt"
)

// entryOffset returns the offset of the k-th entry in an index file.
func entryOffset(k uint64) int64 { return headerSize + int64(k)*entrySize }

// errIndexTorn is returned when an index may hold entries of records that are not
// acknowledged and could not be removed. The text of these records must stay.
var errIndexTorn = errors.New("and its index entries could not be removed")

// writeEntries appends to the index the entries of the next records after indexedEnd.
// On an error it removes them again. The entries are not synced.
func (a *activeSegment) writeEntries(entries []Entry) error {
	b := a.entryBuf[:0]
	for i, e := range entries {
		// The first entry after a sync of the index carries an anchor: it shows the
		// next writer that all entries before it were synced.
		if i == 0 && (!a.indexDirty || a.count == 0) {
			e.Flags |= anchor
		}
		b = a.header.appendEntry(b, a.nextSeq()+Sequence(i), e)
	}
	a.entryBuf = b
	// A crash here leaves entries that are torn or end after the text. Recovery
	// drops them: each has a checksum, and is compared with the text's length.
	if _, err := a.index.WriteAt(b, entryOffset(a.count)); err != nil {
		//mutant:index-a-failed-write-of-entries-is-not-undone
		if e := a.truncateIndex(); e != nil {
			return fmt.Errorf("%w, %w: %w", err, errIndexTorn, e)
		}
		return err
	}
	last := entries[len(entries)-1]
	a.count += uint64(len(entries))
	a.indexedEnd = last.End
	a.ackedEnd = a.indexedEnd
	a.indexDirty = true
	if last.Flags&Durable != 0 {
		a.durable = a.count
	}
	return nil
}

// truncateIndex truncates the index to its first count entries, durably. The next record
// gets the sequence of the first entry removed; if a power cut brought that entry back,
// it would contradict the new record.
func (a *activeSegment) truncateIndex() error {
	info, err := a.index.Stat()
	end := entryOffset(a.count)
	if err != nil || info.Size() <= end {
		return err
	}
	// The text of these records is truncated next. Without the sync a power cut could
	// keep the longer index and the text of the next record.
	//mutant:index-its-truncation-is-not-synced
	if err := a.index.Truncate(end); err != nil {
		return err
	}
	return a.index.Datasync()
}

// markDurable flags the last entry: its record and all records before it are durable,
// which the caller has ensured. There must be an entry. The flag itself is not
// synced: without it the next writer compares the records with their checksums.
func (a *activeSegment) markDurable() error {
	// The last entry alone: a durable mark counts for all entries before it.
	x := indexFile{file: a.index, path: a.indexPath, header: a.header, count: a.count}
	e, err := x.entry(a.count - 1)
	if err != nil {
		return err
	}
	e.Flags |= Durable
	if _, err := a.index.WriteAt(a.header.appendEntry(nil, a.nextSeq()-1, e), entryOffset(a.count-1)); err != nil {
		return err
	}
	a.durable, a.indexDirty = a.count, true
	return nil
}

// syncIndex makes the index durable.
func (a *activeSegment) syncIndex() error {
	if !a.indexDirty {
		return nil
	}
	err := a.index.Datasync()
	if err == nil {
		a.indexDirty = false
	}
	return err
}

// writeTrailer writes the trailer after the last entry. If the next segment cannot be
// created, the next entry overwrites the trailer.
func (a *activeSegment) writeTrailer() error {
	t, err := a.summarize()
	if err != nil {
		return err
	}
	// A trailer torn by a crash fails its checksum. The segment is not sealed yet, so
	// the next writer ignores it and writes another.
	_, err = a.index.WriteAt(a.header.encodeTrailer(t), entryOffset(a.count))
	a.indexDirty = true
	return err
}

// summarize reads all entries and returns their totals. It rebuilds a damaged entry
// from the text now, because in a sealed segment only Repair may do that.
func (a *activeSegment) summarize() (t trailer, err error) {
	x := indexFile{file: a.index, path: a.indexPath, header: a.header, count: a.count}
	for k := range a.count {
		e, err := x.entry(k)
		if errors.Is(err, ErrCorrupt) {
			e, err = a.rebuildEntry(k, t.Plain)
			x.block = nil // it holds the damaged entry
		}
		if err != nil {
			return t, err
		}
		t.add(e)
	}
	return t, nil
}

// rebuildEntry writes the k-th entry again from the record's text, which begins at
// start. The times of the record are lost; the entry has the segment's instead.
func (a *activeSegment) rebuildEntry(k uint64, start Offset) (e Entry, err error) {
	seq := a.header.base + Sequence(k)
	_, err = eachLine(a.file, start, a.indexedEnd, 0, func(l line) error {
		e = Entry{End: l.end, CRC: l.crc(), Time: a.header.created, Arrived: a.header.created, Flags: Rebuilt | ClockTime}
		return errStop
	})
	if err != errStop {
		return e, errors.Join(err, &CorruptError{Path: a.path, Seq: seq, Offset: start, Reason: "the segment has no line there"})
	}
	_, err = a.index.WriteAt(a.header.appendEntry(nil, seq, e), entryOffset(k))
	return e, err
}
