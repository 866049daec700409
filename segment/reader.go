package segment

import (
	"errors"
	"time"

	"github.com/google/uuid"
)

// A Reader reads the records of one segment by their sequences. It does not read
// beyond the last index entry, because the writer may still roll back the bytes after
// it. If the index of a sealed segment is lost or torn, or the active segment has
// none, the Reader reads the text once and makes entries of its own, up to the last
// complete record. A Reader is used by one goroutine.
type Reader struct {
	segment Segment
	file    File               // the file of the segment
	text    textFile           // plain text of file
	index   *indexFile         // nil means that there is none
	made    *rebuiltEntries    // entries of the records after the last one in the index; nil means none
	rebuilt map[Sequence]Entry // entries made from the text in place of damaged ones
	marker  Marker
	memory  int64    // maximum bytes of a record; 0 means no limit
	trailer *trailer // the trailer of the index; nil if it has none
	reason  string   // what is wrong with the header of the index; "" means nothing
	size    Offset   // length of the text at the last Refresh
	window  window   // text that was read ahead
	durable durableCount
	closed  bool
}

// OpenReader opens a segment of the log for reading. The error is a *CorruptError if
// the segment is gone or cannot be read as a segment of this log, and ErrRetired or
// ErrMerged if the segment was retired or merged since the log was listed.
func (l *Log) OpenReader(s Segment) (*Reader, error) {
	open := l.openFile
	if s.Copy {
		open = l.openAuthoritative
	}
	r, err := open(s)
	return r, asDiskError(OpRead, s.Path, err)
}

// openFile is OpenReader for the file that s names, even if another file of the segment
// counts.
func (l *Log) openFile(s Segment) (*Reader, error) {
	r := &Reader{segment: s, marker: l.Marker, memory: l.Memory}
	var err error
	if r.text, r.file, err = l.openText(&r.segment); err != nil {
		return nil, err
	}
	if err := r.openIndex(l); err != nil {
		if d := frameDamage(err, r.segment, s.Base, 0); d != nil { // without an index the whole text is read
			err = d
		}
		return nil, errors.Join(err, r.Close())
	}
	if r.index == nil {
		//mutant:retire-the-index-of-a-retired-segment-is-rebuilt
		if err := l.missingSegmentError(s); errors.Is(err, ErrRetired) || errors.Is(err, ErrMerged) {
			return nil, errors.Join(err, r.Close())
		}
	}
	if !l.thorough && (r.index == nil || r.reason != "") { // no index proves that the file belongs to the log
		if err := l.foreignDamage(s); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	return r, nil
}

// openIndex opens the index of the segment. An index with a damaged header and without
// an intact entry is ignored, and the entries are made from the text.
func (r *Reader) openIndex(l *Log) (err error) {
	if r.index, r.reason, err = l.indexOf(r.segment); err != nil {
		return err
	}
	if err := r.Refresh(); err != nil || r.index == nil || r.index.count > 0 || r.reason == "" {
		return err
	}
	x := r.index // it has no intact entry, and may belong to another log
	r.index = nil
	return errors.Join(x.file.Close(), r.Refresh())
}

// makeEntries makes entries from the text, for those that the index does not have.
func (r *Reader) makeEntries() error {
	var from Offset
	if r.index != nil && r.index.count > 0 {
		e, err := r.index.entry(r.index.count - 1)
		if err != nil {
			return err
		}
		from = e.End
	}
	// The arrival times are lost with the entries. No record arrived after the file's time.
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	// The text may be shorter than its index says.
	from = min(from, r.size)
	m := &rebuiltEntries{first: r.segment.Base + Sequence(r.indexed()), from: from, to: r.size, arrived: info.ModTime()}
	r.made = nil // scan must not see the entries of an earlier Refresh
	err = m.scan(r)
	r.made = m
	switch {
	case r.segment.Next == 0: // the bytes after the last complete record of the active segment may be a torn tail
		m.front = m.good
	case err == nil:
		places := uint64(r.segment.Next - r.segment.Base)
		//mutant:read-lines-are-not-numbered-from-both-ends
		m.number(places - min(r.indexed(), places))
	}
	return err
}

// Refresh makes the records visible that were written since the Reader was opened or
// last refreshed.
func (r *Reader) Refresh() error { return asDiskError(OpRead, r.segment.Path, r.refresh()) }

func (r *Reader) refresh() error {
	// The window may reach beyond the last entry, where the writer may have rolled back a
	// record and written another.
	r.window.bytes = r.window.bytes[:0]
	var err error
	if r.index != nil {
		before, err := r.text.size(-1)
		if err != nil {
			return err
		}
		if r.segment.Codec != Plain {
			before = -1
		}
		// The writer writes a record before its entry. The size of the text is therefore
		// taken again after the index was read: each entry then has its record.
		if r.trailer, err = r.index.countEntries(before); err != nil {
			return err
		}
	}
	if r.size, err = r.text.size(r.trailer.length()); err != nil {
		return err
	}
	if r.index == nil {
		return r.makeEntries()
	}
	if r.segment.active() {
		return r.index.dropBeyond(r.size)
	}
	if r.segment.Sealed && r.trailer == nil && r.segment.Base+Sequence(r.index.count) < r.segment.Next {
		return r.makeEntries()
	}
	return nil
}

// hasIndex reports whether the segment has an index of its own.
func (r *Reader) hasIndex() bool { return r.index != nil }

// Segment returns the segment, with the file that is read.
func (r *Reader) Segment() Segment { return r.segment }

// ID returns the id of the log in the index; zero without an index.
func (r *Reader) ID() uuid.UUID {
	if r.index == nil {
		return uuid.UUID{}
	}
	return r.index.header.id
}

// Created returns when the segment was begun; zero without an index.
func (r *Reader) Created() time.Time {
	if r.index == nil {
		return time.Time{}
	}
	return r.index.header.created
}

// Count returns how many records can be seen.
func (r *Reader) Count() uint64 {
	return r.indexed() + r.made.count()
}

// indexed returns how many records the index holds.
func (r *Reader) indexed() uint64 {
	if r.index == nil {
		return 0
	}
	return r.index.count
}

// Next returns the sequence after the last record that can be seen.
func (r *Reader) Next() Sequence { return r.segment.Base + Sequence(r.Count()) }

// Size returns where the last record that can be seen ends in the text.
func (r *Reader) Size() (Offset, error) {
	if r.Count() == 0 {
		return 0, nil
	}
	e, err := r.Entry(r.Next() - 1)
	return e.End, err
}

// Span returns the earliest and the latest time of the records of a sealed segment,
// from its trailer. ok is false without a trailer.
func (r *Reader) Span() (earliest, latest time.Time, ok bool) {
	if r.trailer == nil {
		return earliest, latest, false
	}
	return time.Unix(0, r.trailer.MinTime), time.Unix(0, r.trailer.MaxTime), true
}

// Newest returns the latest time of a record of a sealed segment, and the latest
// arrival, to the second, from the trailer. Either clock may have been wrong. ok is
// false without a trailer.
func (r *Reader) Newest() (own, arrived time.Time, ok bool) {
	if r.trailer == nil {
		return own, arrived, false
	}
	return time.Unix(0, r.trailer.MaxTime), time.Unix(int64(r.trailer.MaxArrival), 0), true
}

// FirstArrival returns the earliest arrival of the records of a sealed segment, to the
// second, from the trailer. ok is false without a trailer.
func (r *Reader) FirstArrival() (at time.Time, ok bool) {
	if r.trailer == nil {
		return at, false
	}
	return time.Unix(int64(r.trailer.MinArrival), 0), true
}

// Close closes the files of the segment. It may be called again.
func (r *Reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.text.Close()
	if r.index != nil {
		err = errors.Join(err, r.index.file.Close())
	}
	return err
}
