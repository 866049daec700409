package segment

import (
	"context"
	"errors"
	"fmt"
)

// A Finding is what Verify says of one segment.
type Finding struct {
	Records uint64  // whole and as they were written
	Summary Summary // of these, and of blank places
	Blank   uint64  // places of records that were lost and repaired
	Damage  []*CorruptError
	Rebuilt uint64 // records whose checksum was made from the segment itself, and proves nothing about them
}

// Verify reads every byte of a segment against its checksums, and a sealed
// one's index against its trailer. progress, unless nil, is told of the bytes
// read now and then. The error is for what kept it from reading on; damage is in
// the Finding.
func (l *Log) Verify(ctx context.Context, s Segment, progress func(read Offset)) (f Finding, err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return f, f.note(err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	end := r.Next()
	if s.Sealed {
		end = s.Next
	}
	var sum trailer
	for seq := s.Base; seq < end; seq++ {
		if err := ctx.Err(); err != nil {
			return f, err
		}
		if _, err := r.indexEntry(seq); err != nil && seq < r.Next() {
			if err := f.noteUnlessCrash(r, seq, err, crashEntry); err != nil {
				return f, err
			}
		}
		rec, err := r.Record(seq)
		if err != nil {
			if err := f.noteUnlessCrash(r, seq, err, crashRecord); err != nil {
				return f, err
			}
			if seq >= r.Next() {
				break // one finding stands for all that are missing
			}
			continue
		}
		sum.add(rec.Entry)
		switch {
		case rec.Blank:
			f.Blank++
		default:
			f.Records++
		}
		if rec.Flags&Rebuilt != 0 {
			f.Rebuilt++
		}
		if progress != nil {
			progress(rec.End)
		}
	}
	f.Summary = sum.total()
	flaw, err := r.text.checkContainer()
	if err != nil {
		return f, err
	}
	left, err := r.indexLeftByCrash()
	if err == nil && !left {
		f.checkWhole(r, sum, flaw)
	}
	return f, err
}

// checkWhole compares what only the segment as a whole shows.
func (f *Finding) checkWhole(r *Reader, sum trailer, flaw string) {
	s := r.segment
	switch {
	case len(f.Damage) > 0:
	case !r.Indexed():
		f.add(&CorruptError{Kind: KindIndex, Path: s.Path, Seq: s.Base, Reason: "its index is missing or unreadable"})
	case r.reason != "":
		f.add(&CorruptError{Kind: KindIndex, Path: r.index.path, Reason: r.reason})
	case s.Sealed && r.trailer == nil:
		f.add(&CorruptError{Kind: KindIndex, Path: r.index.path, Offset: Offset(headerSize + r.index.count*entrySize), Reason: "the trailer is missing or unreadable"})
	case s.Sealed && sum != *r.trailer:
		f.add(&CorruptError{Kind: KindIndex, Path: r.index.path, Offset: Offset(headerSize + r.index.count*entrySize), Reason: "the trailer does not sum up the entries"})
	case s.Sealed && r.size != sum.Plain:
		f.add(&CorruptError{Path: s.Path, Offset: sum.Plain, Reason: fmt.Sprintf("%d bytes more than were written", r.size-sum.Plain)})
	case flaw != "":
		f.add(&CorruptError{Path: s.Path, Seq: s.Base, Reason: flaw})
	}
}

// What of the active segment a power cut may have left so.
type crashPart uint8

const (
	crashEntry crashPart = iota
	crashRecord
)

// noteUnlessCrash is note, unless a power cut may have left that part of the active
// segment so.
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

// note adds damage; any other error it returns.
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
