package compactor

import (
	"errors"
	"fmt"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Segment is one segment with what a plan must know of it.
type Segment struct {
	segment.Segment
	Records uint64
	Bytes   int64     // its files take on disk
	Newest  time.Time // the greatest time that a record bears
	Arrived time.Time // when the last of its records came, to the second
	Wide    bool      // it is compressed, and its index could be stored small
	Damage  error     // why it is left alone
}

// Segments reads the trailers of a log's segments, and no text.
func Segments(l *segment.Log) ([]Segment, error) {
	var segments []Segment
	for _, s := range l.Segments {
		found, err := examine(l, s)
		if errors.Is(err, segment.ErrRetired) { // by another run, meanwhile
			continue
		}
		if errors.Is(err, segment.ErrCorrupt) {
			found.Damage, err = err, nil
		}
		if err != nil {
			return nil, fmt.Errorf("look at %s: %w", s.Path, err)
		}
		segments = append(segments, found)
	}
	return segments, nil
}

func examine(l *segment.Log, s segment.Segment) (found Segment, err error) {
	found.Segment = s
	if found.Bytes, err = l.DiskBytes(s); err != nil {
		return found, err
	}
	if found.Wide, err = l.CanShrink(s); err != nil {
		return found, err
	}
	r, err := l.OpenReader(s)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	found.Records = r.Count()
	newest, arrived, ok := r.Newest()
	if s.Sealed && (!ok || r.Next() != s.Next) {
		return found, &segment.CorruptError{Kind: segment.KindIndex, Path: s.Path, Seq: s.Base, Reason: "its index is missing or unreadable"}
	}
	found.Newest, found.Arrived = newest, arrived
	return found, nil
}
