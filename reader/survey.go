package reader

import (
	"errors"
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Survey is what a log's indexes say of its records. No text is read.
type Survey struct {
	Segments     []SegmentSurvey
	Records      uint64
	FirstSeq     segment.Sequence // 0 where there are no records, as the next
	LastSeq      segment.Sequence
	First, Last  time.Time // the least and the greatest time of a record
	LastArrived  time.Time
	PlainBytes   segment.Offset
	MedianSize   segment.Offset // of a record with its LF
	GreatestSize segment.Offset
	Cadence      time.Duration // median time from one record to the next; 0: not known
	Stalls       []Stall
	Damage       []error // what could not be surveyed
}

// SegmentSurvey is the same of one segment.
type SegmentSurvey struct {
	segment.Segment
	segment.Sum
}

// A Stall is a gap of more than StallFactor times the cadence.
type Stall struct {
	After    segment.Sequence
	From, To time.Time
}

// StallFactor is how many times the usual gap is a stall.
const StallFactor = 3

// point is what the survey keeps of each record.
type point struct {
	seq  segment.Sequence
	time int64 // Unix ns
	size segment.Offset
}

// Look surveys a log. Damage does not end it.
func Look(l *segment.Log) (*Survey, error) {
	s := new(Survey)
	var points []point
	for _, seg := range l.Segments {
		found, err := s.segment(l, seg, &points)
		if errors.Is(err, segment.ErrCorrupt) {
			s.Damage = append(s.Damage, err)
		} else if err != nil {
			return nil, err
		}
		s.Segments = append(s.Segments, SegmentSurvey{seg, found})
	}
	s.sum(points)
	return s, nil
}

// segment reads the index of one segment.
func (s *Survey) segment(l *segment.Log, seg segment.Segment, points *[]point) (sum segment.Sum, err error) {
	r, err := l.OpenReader(seg)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	start := segment.Offset(0)
	for seq := seg.Base; seq < r.Next(); seq++ {
		e, err := r.Entry(seq)
		if err != nil {
			return sum, err
		}
		sum.Join(segment.Sum{Records: 1, Bytes: e.End - start, First: e.Time, Last: e.Time})
		*points = append(*points, point{seq, e.Time.UnixNano(), e.End - start})
		start = e.End
		if e.Arrived.After(s.LastArrived) {
			s.LastArrived = e.Arrived
		}
	}
	if seg.Sealed && r.Next() < seg.Next {
		_, err := r.Entry(r.Next())
		return sum, err
	}
	return sum, nil
}

func (s *Survey) sum(points []point) {
	var all segment.Sum
	for _, seg := range s.Segments {
		all.Join(seg.Sum)
	}
	s.Records, s.First, s.Last, s.PlainBytes = all.Records, all.First, all.Last, all.Bytes
	if len(points) == 0 {
		return
	}
	s.FirstSeq, s.LastSeq = points[0].seq, points[len(points)-1].seq
	sizes := make([]segment.Offset, len(points))
	gaps := make([]int64, len(points)-1)
	for i, p := range points {
		sizes[i] = p.size
		if i > 0 {
			gaps[i-1] = p.time - points[i-1].time
		}
	}
	slices.Sort(sizes)
	s.MedianSize, s.GreatestSize = sizes[len(sizes)/2], sizes[len(sizes)-1]
	if len(gaps) == 0 {
		return
	}
	slices.Sort(gaps)
	s.Cadence = time.Duration(gaps[len(gaps)/2])
	for i := 1; i < len(points) && s.Cadence > 0; i++ {
		if from, to := points[i-1], points[i]; to.time-from.time > int64(StallFactor*s.Cadence) {
			s.Stalls = append(s.Stalls, Stall{from.seq, time.Unix(0, from.time), time.Unix(0, to.time)})
		}
	}
}
