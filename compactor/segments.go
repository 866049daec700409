package compactor

import (
	"errors"
	"fmt"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Segment is a segment of a log with the figures that plans are made from.
type Segment struct {
	segment.Segment
	Records uint64
	Bytes   int64     // size of its files on disk, and of those that it supersedes
	Newest  time.Time // maximum of the times in its records; zero if it has none
	Arrived time.Time // when its last record was appended, to the second
	Wide    bool      // the segment is compressed, but its index is still plain
	Text    int64     // size of its text
	First   time.Time // earliest arrival of its records, to the second: of the first one, unless the clock was set back
	Part    bool      // segment.Merge may take it, when it has one file
	Damage  error     // damage, because of which plans leave the segment alone; nil means none is known
}

// Segments returns the segments of a log. It reads their indexes and no records.
func Segments(l *segment.Log) ([]Segment, error) {
	segments := make([]Segment, 0, len(l.Segments))
	err := l.Each(0, func(s segment.Segment, _ segment.Sequence) error {
		found, err := examine(l, s)
		if errors.Is(err, segment.ErrRetired) { // by a concurrent run
			return nil
		}
		if errors.Is(err, segment.ErrCorrupt) {
			found.Damage, err = err, nil
		}
		if err != nil {
			return fmt.Errorf("examine %s: %w", s.Path, err)
		}
		// A segment that a concurrent run has merged since has the records of those before it,
		// too.
		for n := len(segments); n > 0 && segments[n-1].Base >= s.Base; n-- {
			segments = segments[:n-1]
		}
		segments = append(segments, found)
		return nil
	})
	return segments, err
}

// examine returns the figures of one segment.
func examine(l *segment.Log, s segment.Segment) (found Segment, err error) {
	found.Segment = s
	if found.Bytes, err = l.DiskBytes(s); err != nil {
		return found, err
	}
	superseded, err := l.SupersededBytes(s)
	if err != nil {
		return found, err
	}
	found.Bytes += superseded
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
	if s.End != 0 && r.Next() != s.End+1 {
		return found, &segment.CorruptError{Path: s.Path, Seq: s.Base, Reason: "its name says another last record than its index"}
	}
	found.Newest, found.Arrived = newest, arrived
	found.Part = s.Sealed && s.End == 0 && r.CanMerge() && !l.Marker.Restamping()
	found.First, _ = r.FirstArrival()
	text, err := r.Size()
	found.Text = int64(text)
	return found, err
}
