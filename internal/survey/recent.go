package survey

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
