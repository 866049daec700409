package segment

import (
	"context"
	"errors"
	"fmt"
)

// A Finding is the result of Verify for one segment.
type Finding struct {
	Records uint64  // intact records
	Summary Summary // of the intact records and the blank places
	Blank   uint64  // places of records that were lost and repaired
	Damage  []*CorruptError
	Rebuilt uint64 // intact records whose checksum was made from the segment itself and proves nothing
}

// Verify reads every byte of a segment and compares it with its checksums, and the
// index of a sealed segment with its trailer. progress, unless nil, is called after
// each record with the bytes read so far. Damage is in the Finding; Verify returns an
// error only if it could not read on.
func (l *Log) Verify(ctx context.Context, s Segment, progress func(read Offset)) (f Finding, err error) {
	return l.verifyFrom(ctx, s, s.Base, progress)
}

// verifyFrom is Verify, and counts only the records from a sequence on.
func (l *Log) verifyFrom(ctx context.Context, s Segment, from Sequence, progress func(read Offset)) (f Finding, err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return f, f.note(err)
	}
	defer func() { err = asDiskError(OpRead, s.Path, errors.Join(err, r.Close())) }()
	end := r.Next()
	if s.Sealed {
		end = s.Next
	}
	var sum, counted trailer
	for seq := s.Base; seq < end; seq++ {
		if seq == from {
			f.Records, f.Blank, f.Rebuilt = 0, 0, 0
		}
		if err := ctx.Err(); err != nil {
			return f, err
		}
		rec, ok, err := f.verifyRecord(r, seq)
		if err != nil {
			return f, err
		}
		if !ok && seq >= r.Next() {
			break // one finding reports all missing records
		}
		if !ok {
			continue
		}
		sum.add(rec.Entry)
		if seq >= from {
			counted.add(rec.Entry)
		}
		if progress != nil {
			progress(rec.End)
		}
	}
	f.Summary = counted.total()
	container, err := r.text.checkContainer()
	if err != nil {
		return f, err
	}
	// An index of the active segment that a power cut may have left in this state is not damage: the next
	// writer makes it again.
	left, err := r.indexLeftByCrash()
	if err == nil && !left {
		f.checkSegment(r, sum, container)
	}
	return f, err
}

// verifyRecord verifies and counts one record. ok is false if it is damaged.
func (f *Finding) verifyRecord(r *Reader, seq Sequence) (rec Record, ok bool, err error) {
	// Record makes a damaged entry from the text, and may then find the record intact. The
	// damage of the entry is noted here.
	if _, err := r.indexEntry(seq); err != nil && seq < r.Next() {
		if err := f.noteUnlessCrash(r, seq, err, crashEntry); err != nil {
			return rec, false, err
		}
	}
	if rec, err = r.Record(seq); err != nil {
		return rec, false, f.noteUnlessCrash(r, seq, err, crashRecord)
	}
	if rec.Blank {
		f.Blank++
	} else {
		f.Records++
	}
	if rec.Flags&Rebuilt != 0 {
		f.Rebuilt++
	}
	return rec, true, nil
}

// checkSegment adds the damage that only the segment as a whole shows. sum is the total
// of its records, and container what is wrong with its file, or "".
func (f *Finding) checkSegment(r *Reader, sum trailer, container string) {
	s := r.segment
	switch {
	case len(f.Damage) > 0: // the cases below would only report its consequences
	case !r.hasIndex():
		f.add(&CorruptError{Kind: KindIndex, Path: s.Path, Seq: s.Base, Reason: "its index is missing or unreadable"})
	case r.reason != "":
		f.add(&CorruptError{Kind: KindIndex, Path: r.index.path, Reason: r.reason})
	case s.Sealed && r.trailer == nil:
		f.add(&CorruptError{Kind: KindIndex, Path: r.index.path, Offset: Offset(headerSize + r.index.count*entrySize), Reason: "the trailer is missing or unreadable"})
	case s.Sealed && sum != *r.trailer:
		f.add(&CorruptError{Kind: KindIndex, Path: r.index.path, Offset: Offset(headerSize + r.index.count*entrySize), Reason: "the trailer does not sum up the entries"})
	case s.Sealed && r.size != sum.Plain:
		f.add(&CorruptError{Path: s.Path, Offset: sum.Plain, Reason: fmt.Sprintf("%d bytes more than were written", r.size-sum.Plain)})
	case s.End != 0 && r.Next() != s.End+1:
		f.add(misnamed(s, r.Next()-1))
	case container != "":
		f.add(&CorruptError{Path: s.Path, Seq: s.Base, Reason: container})
	}
}

// A crashPart is a part of the active segment that a power cut may damage.
type crashPart uint8

const (
	crashEntry  crashPart = iota // an entry of the index
	crashRecord                  // a record
)

// noteUnlessCrash adds damage unless a power cut may have left that part of the active
// segment in this state. It returns any other error.
func (f *Finding) noteUnlessCrash(r *Reader, seq Sequence, err error, part crashPart) error {
	if !errors.Is(err, ErrCorrupt) {
		return err
	}
	entry, record, e := r.leftByCrash(seq)
	if e != nil || part == crashEntry && entry || part == crashRecord && record {
		return e
	}
	return f.note(err)
}

// note adds damage, and returns any other error.
func (f *Finding) note(err error) error {
	if err == nil {
		return nil
	}
	var damage *CorruptError
	if !errors.As(err, &damage) {
		return err
	}
	f.add(damage)
	return nil
}

func (f *Finding) add(e *CorruptError) { f.Damage = append(f.Damage, e) }
