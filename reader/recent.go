package reader

import (
	"errors"
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// Recent is what the newest records of a log show by their index entries. No
// text is read, and no more of the indexes than these entries, however long the log.
type Recent struct {
	LastSeq      segment.Sequence // of the newest record; 0 where there is none
	LastTime     time.Time        // its own time
	LastArrived  time.Time        // to the second
	Gap          time.Duration    // the usual time from one arrival to the next; 0: not known
	GreatestSize segment.Offset   // of these records, with the LF
}

// LookBack looks at the newest n records, or at those behind the newest damaged segment.
func LookBack(l *segment.Log, n uint64) (recent Recent, err error) {
	var newest []segment.Entry // first
	for i := len(l.Segments) - 1; i >= 0 && uint64(len(newest)) < n; i-- {
		err := recent.back(l, l.Segments[i], n, &newest)
		if errors.Is(err, segment.ErrCorrupt) || errors.Is(err, segment.ErrRetired) {
			break
		}
		if err != nil {
			return recent, err
		}
	}
	recent.Gap = usualGap(newest)
	return recent, nil
}

// back takes the entries of one segment, the newest first, until there are n.
func (recent *Recent) back(l *segment.Log, s segment.Segment, n uint64, newest *[]segment.Entry) (err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	first := s.Base
	if r.Count() > n-uint64(len(*newest)) {
		first = r.Next() - segment.Sequence(n-uint64(len(*newest)))
	}
	entries := make([]segment.Entry, 0, r.Next()-first)
	for seq := first; seq < r.Next(); seq++ {
		e, err := r.Entry(seq)
		if err != nil {
			return err
		}
		if k := len(entries); k > 0 {
			recent.GreatestSize = max(recent.GreatestSize, e.End-entries[k-1].End)
		} else if seq == s.Base {
			recent.GreatestSize = max(recent.GreatestSize, e.End)
		}
		entries = append(entries, e)
	}
	slices.Reverse(entries)
	if len(*newest) == 0 && len(entries) > 0 {
		recent.LastSeq, recent.LastTime, recent.LastArrived = r.Next()-1, entries[0].Time, entries[0].Arrived
	}
	*newest = append(*newest, entries...)
	return nil
}

// usualGap is the median gap between arrivals. Where most records came together
// with another one, as a migration or a producer of batches leaves them, it is
// the greater one of the median gap between those that did not and the median gap
// between the records' own times. Gaps backwards, of a clock that was set, count
// for nothing; a gap below the second to which arrivals are known is none.
func usualGap(newest []segment.Entry) time.Duration {
	var arrivals, apart, times []time.Duration
	for i := 1; i < len(newest); i++ {
		later, earlier := newest[i-1], newest[i]
		if d := later.Arrived.Sub(earlier.Arrived); d >= 0 {
			arrivals = append(arrivals, d)
			if d > 0 {
				apart = append(apart, d)
			}
		}
		if d := later.Time.Sub(earlier.Time); d >= 0 {
			times = append(times, d)
		}
	}
	if d := medianGap(arrivals); d > 0 {
		return d
	}
	if d := max(medianGap(apart), medianGap(times)); d >= time.Second {
		return d
	}
	return 0
}

// medianGap returns 0 where there are too few gaps for one of them to be usual.
func medianGap(d []time.Duration) time.Duration {
	const least = 3
	if len(d) < least {
		return 0
	}
	slices.Sort(d)
	return d[len(d)/2]
}
