package survey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Survey holds statistics over all records of a log. They are computed from the
// index entries; the size of a Survey does not grow with the number of records.
type Survey struct {
	Segments    []Segment
	Records     uint64
	FirstSeq    segment.Sequence // 0 if there are no records, as is LastSeq
	LastSeq     segment.Sequence
	First, Last time.Time // min and max of the records' own times
	LastArrived time.Time
	PlainBytes  segment.Offset
	DiskBytes   int64          // size of the log on disk, see segment.Log.Size
	MedianSize  segment.Offset // of a record with its LF, within 1%
	MaxSize     segment.Offset
	Cadence     time.Duration // median of the gaps between the records' own times, within 1%; 0 means not known
	Arrivals    time.Duration // usual gap between the newest arrivals, see Latest.Gap; 0 means not known
	Stalls      []Stall       // the MaxStalls longest, in order of their sequences
	StallCount  uint64
	Timeline    Timeline
	Backwards   uint64  // records whose time is before that of the preceding record
	ClockTimes  uint64  // records without a time of their own
	Rebuilt     uint64  // records whose index entries were rebuilt; their checksums prove nothing
	Lost        uint64  // sequences whose records are lost
	Damage      []error // damage that kept records out of the survey
}

// A Segment holds the statistics of one segment.
type Segment struct {
	segment.Segment
	segment.Summary       // its digest is not set
	Disk            int64 // size of its file in bytes
}

// Ratio returns the bytes of text per byte on disk, 0 if the file is empty.
func (s Segment) Ratio() float64 {
	if s.Disk == 0 {
		return 0
	}
	return float64(s.Bytes) / float64(s.Disk)
}

// Of surveys a log. Damage does not end the survey: intact records are counted, and Damage
// names the damage. A concurrent compression or retirement looks like damage, too, so Of
// reports damage only if the log still has the same segments.
func Of(ctx context.Context, l *segment.Log) (*Survey, error) {
	const attempts = 5
	if err := l.RefreshAll(); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		s, err := collect(ctx, l)
		if err != nil || len(s.Damage) == 0 || n == attempts {
			return s, err
		}
		before := l.Segments
		if err := l.Refresh(); err != nil {
			return nil, err
		}
		if slices.Equal(before, l.Segments) {
			return s, nil
		}
	}
}

func collect(ctx context.Context, l *segment.Log) (*Survey, error) {
	w := surveyor{ctx: ctx, log: l, Survey: Survey{Timeline: Timeline{Step: steps[0]}}}
	if _, err := l.Find(l.Marker.FirstSeq); err != nil {
		w.Damage = append(w.Damage, err)
	}
	for _, d := range l.Foreign {
		w.Damage = append(w.Damage, d)
	}
	err := l.Each(0, func(seg segment.Segment, from segment.Sequence) error {
		found, err := w.segment(seg, from)
		if errors.Is(err, segment.ErrCorrupt) || errors.Is(err, segment.ErrRetired) {
			w.Damage = append(w.Damage, err)
		} else if err != nil {
			return err
		}
		w.addSegment(found)
		return nil
	})
	if err != nil {
		return nil, err
	}
	w.MedianSize = segment.Offset(w.sizes.median())
	w.Cadence, w.Backwards = w.gaps.Usual(), w.gaps.Backwards
	w.Stalls, w.StallCount = w.gaps.Stalls()
	if w.DiskBytes, err = l.Size(); err != nil {
		return nil, err
	}
	latest, err := Recent(l)
	w.Arrivals = latest.Gap
	return &w.Survey, err
}

// A surveyor collects the statistics of a log, entry by entry.
type surveyor struct {
	Survey
	ctx   context.Context
	log   *segment.Log
	sizes histogram
	gaps  Gaps
}

// segment reads the index of seg. If it returns an error, s holds the statistics of the
// entries before it. The records before from were read with other segments, which seg was
// merged from since.
func (w *surveyor) segment(seg segment.Segment, from segment.Sequence) (s Segment, err error) {
	s.Segment = seg
	r, err := w.log.OpenReader(seg)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	seg.Path, seg.Codec = r.Segment().Path, r.Segment().Codec // the file that was opened, if the segment has several
	s.Segment = seg
	for seq := seg.Base; seq < r.Next(); seq++ {
		if err := w.ctx.Err(); err != nil {
			return s, err
		}
		e, err := r.Entry(seq)
		if err != nil {
			return s, err
		}
		size := e.End - s.Bytes
		if size <= 0 {
			return s, &segment.CorruptError{Kind: segment.KindIndex, Path: seg.Path, Seq: seq, Offset: s.Bytes, Reason: "its index entry makes no sense"}
		}
		s.add(e)
		if seq >= from {
			w.addRecord(seq, e, size)
		}
	}
	info, err := w.log.FS().Lstat(seg.Path)
	if err != nil {
		return s, &segment.CorruptError{Kind: segment.KindMissing, Path: seg.Path, Seq: seg.Base, Reason: "the segment is missing"}
	}
	s.Disk = info.Size()
	if seg.Sealed && r.Next() < seg.Next {
		_, err := r.Entry(r.Next())
		return s, err
	}
	if short := int64(s.Bytes) - s.Disk; short > 0 && seg.Codec == segment.Plain {
		return s, &segment.CorruptError{Path: seg.Path, Seq: r.Next() - 1, Offset: segment.Offset(s.Disk), Reason: fmt.Sprintf("the file ends %d bytes before its records do", short)}
	}
	return s, nil
}

func (s *Segment) add(e segment.Entry) {
	if s.Records == 0 || e.Time.Before(s.First) {
		s.First = e.Time
	}
	if s.Records == 0 || e.Time.After(s.Last) {
		s.Last = e.Time
	}
	s.Records++
	s.Bytes = e.End
}

// addRecord adds a record of size bytes.
func (w *surveyor) addRecord(seq segment.Sequence, e segment.Entry, size segment.Offset) {
	b := Bucket{Start: e.Time.Unix(), Records: 1, Bytes: size, MinSize: size, MaxSize: size, Gap: w.gaps.Add(seq, e.Time)}
	w.Timeline.add(b)
	w.sizes.add(uint64(size))
	w.MaxSize = max(w.MaxSize, size)
	if w.FirstSeq == 0 {
		w.FirstSeq = seq
	}
	w.LastSeq = seq
	if e.Arrived.After(w.LastArrived) {
		w.LastArrived = e.Arrived
	}
	w.ClockTimes += count(e, segment.ClockTime)
	w.Rebuilt += count(e, segment.Rebuilt)
	w.Lost += count(e, segment.Lost)
}

// count returns 1 if e has the flag, else 0.
func count(e segment.Entry, flag segment.EntryFlags) uint64 {
	if e.Flags&flag != 0 {
		return 1
	}
	return 0
}

// addSegment adds the totals of a segment, in place of those of the segments that it was
// merged from.
func (w *surveyor) addSegment(s Segment) {
	for n := len(w.Segments); n > 0 && w.Segments[n-1].Base >= s.Base; n-- {
		w.Records, w.PlainBytes = w.Records-w.Segments[n-1].Records, w.PlainBytes-w.Segments[n-1].Bytes
		w.Segments = w.Segments[:n-1]
	}
	w.Segments = append(w.Segments, s)
	all := segment.Summary{Records: w.Records, Bytes: w.PlainBytes, First: w.First, Last: w.Last}
	all.Add(s.Summary)
	w.Records, w.PlainBytes, w.First, w.Last = all.Records, all.Bytes, all.First, all.Last
}
