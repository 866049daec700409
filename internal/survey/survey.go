package survey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Survey is what a log's indexes say of its records. No text is read, and
// what is kept does not grow with their number.
type Survey struct {
	Segments     []SegmentSurvey
	Records      uint64
	FirstSeq     segment.Sequence // 0 where there are no records, as the next
	LastSeq      segment.Sequence
	First, Last  time.Time // the least and the greatest time of a record
	LastArrived  time.Time
	PlainBytes   segment.Offset
	DiskBytes    int64          // that the log takes, as segment.Log.Size has it
	MedianSize   segment.Offset // of a record with its LF, to a hundredth
	GreatestSize segment.Offset
	Cadence      time.Duration // median time from one record to the next, to a hundredth; 0: not known
	Arrivals     time.Duration // the usual time from one arrival to the next, of the newest records; 0: not known
	Stalls       []Stall       // in order, the MostStalls longest
	StallCount   uint64
	Timeline     Timeline
	Backwards    uint64  // records with a time before that of the one before
	ClockTimes   uint64  // records that have no time of their own
	Rebuilt      uint64  // records whose entries were made anew, so that their checksums prove nothing
	Lost         uint64  // places of records that were lost
	Damage       []error // what could not be surveyed
}

// SegmentSurvey is the same of one segment.
type SegmentSurvey struct {
	segment.Segment
	segment.Sum       // without its digest
	Disk        int64 // bytes of its file
}

// Ratio returns how many bytes of text stand in one on disk; 0: none do.
func (s SegmentSurvey) Ratio() float64 {
	if s.Disk == 0 {
		return 0
	}
	return float64(s.Bytes) / float64(s.Disk)
}

// Look surveys a log, unless ctx ends before. Damage does not end it, but is
// believed only if the log still lists the same segments: they may be compressed
// or retired meanwhile.
func Look(ctx context.Context, l *segment.Log) (*Survey, error) {
	const attempts = 5
	if err := l.RefreshAll(); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		s, err := look(ctx, l)
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

func look(ctx context.Context, l *segment.Log) (*Survey, error) {
	w := surveyor{ctx: ctx, log: l, Survey: Survey{Timeline: Timeline{Step: steps[0]}}}
	if _, err := l.Find(l.Marker.FirstSeq); err != nil {
		w.Damage = append(w.Damage, err)
	}
	for _, d := range l.Foreign {
		w.Damage = append(w.Damage, d)
	}
	for _, seg := range l.Segments {
		found, err := w.segment(seg)
		if errors.Is(err, segment.ErrCorrupt) || errors.Is(err, segment.ErrRetired) {
			w.Damage = append(w.Damage, err)
		} else if err != nil {
			return nil, err
		}
		w.sum(found)
	}
	w.MedianSize = segment.Offset(w.sizes.median())
	if w.Cadence = w.gaps.all.usual(); w.Cadence > 0 {
		w.Stalls, w.StallCount = w.gaps.stalls(StallAfter(w.Cadence))
	}
	var err error
	if w.DiskBytes, err = l.Size(); err != nil {
		return nil, err
	}
	recent, err := LookBack(l, RecentRecords)
	w.Arrivals = recent.Gap
	return &w.Survey, err
}

// A surveyor walks over a log's entries.
type surveyor struct {
	Survey
	ctx   context.Context
	log   *segment.Log
	sizes histogram
	gaps  gaps
	last  segment.Entry // of the record LastSeq
}

// segment reads the index of one segment.
func (w *surveyor) segment(seg segment.Segment) (s SegmentSurvey, err error) {
	s.Segment = seg
	r, err := w.log.OpenReader(seg)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	seg.Path, seg.Codec = r.Segment().Path, r.Segment().Codec // of several files one is read
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
			return s, &segment.CorruptError{Path: seg.Path, Seq: seq, Offset: s.Bytes, Reason: "its index entry makes no sense"}
		}
		s.add(e)
		w.record(seq, e, size)
	}
	info, err := w.log.FS().Lstat(seg.Path)
	if err != nil {
		return s, &segment.CorruptError{Path: seg.Path, Seq: seg.Base, Reason: "the segment has gone"}
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

func (s *SegmentSurvey) add(e segment.Entry) {
	if s.Records == 0 || e.Time.Before(s.First) {
		s.First = e.Time
	}
	if s.Records == 0 || e.Time.After(s.Last) {
		s.Last = e.Time
	}
	s.Records++
	s.Bytes = e.End
}

// record takes in one record.
func (w *surveyor) record(seq segment.Sequence, e segment.Entry, size segment.Offset) {
	b := Bucket{Start: e.Time.Unix(), Records: 1, Bytes: size, Least: size, Greatest: size}
	if w.LastSeq != 0 && w.LastSeq == seq-1 {
		if e.Time.Before(w.last.Time) {
			w.Backwards++
		} else {
			s := Stall{w.LastSeq, w.last.Time, e.Time}
			b.Gap = s.Length()
			w.gaps.add(s)
		}
	}
	w.Timeline.add(b)
	w.sizes.add(uint64(size))
	w.GreatestSize = max(w.GreatestSize, size)
	if w.FirstSeq == 0 {
		w.FirstSeq = seq
	}
	w.LastSeq, w.last = seq, e
	if e.Arrived.After(w.LastArrived) {
		w.LastArrived = e.Arrived
	}
	w.ClockTimes += has(e, segment.ClockTime)
	w.Rebuilt += has(e, segment.Rebuilt)
	w.Lost += has(e, segment.Lost)
}

// has returns 1 if the entry has the flag.
func has(e segment.Entry, flag segment.EntryFlags) uint64 {
	if e.Flags&flag != 0 {
		return 1
	}
	return 0
}

// sum adds a segment to the whole.
func (w *surveyor) sum(s SegmentSurvey) {
	w.Segments = append(w.Segments, s)
	all := segment.Sum{Records: w.Records, Bytes: w.PlainBytes, First: w.First, Last: w.Last}
	all.Join(s.Sum)
	w.Records, w.PlainBytes, w.First, w.Last = all.Records, all.Bytes, all.First, all.Last
}
