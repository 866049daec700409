package survey

import (
	"errors"
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// recentRecords is how many of the newest records determine the usual gap.
const recentRecords = 1000

// Latest describes the newest records of a log.
type Latest struct {
	LastSeq     segment.Sequence // sequence of the newest record; 0 if there is none
	LastTime    time.Time        // own time of the newest record
	LastArrived time.Time        // when the newest record arrived, to the second
	Gap         time.Duration    // usual gap between arrivals; 0 means not known
	MaxSize     segment.Offset   // size of the largest of these records, with its LF
}

// Recent describes the newest 1000 records of a log. If a segment among them is
// damaged, only the records after that segment count. It reads no more of the
// indexes than these entries, however long the log is.
func Recent(l *segment.Log) (Latest, error) { return recent(l, recentRecords) }

func recent(l *segment.Log, n uint64) (latest Latest, err error) {
	var newest []segment.Entry // in descending order
	for i := len(l.Segments) - 1; i >= 0 && uint64(len(newest)) < n; i-- {
		err := latest.addEntries(l, l.Segments[i], n, &newest)
		if errors.Is(err, segment.ErrCorrupt) || errors.Is(err, segment.ErrRetired) {
			break
		}
		if err != nil {
			return latest, err
		}
	}
	latest.Gap = usualGap(newest)
	return latest, nil
}

// addEntries appends entries of s to newest, in descending order, until there are n.
func (latest *Latest) addEntries(l *segment.Log, s segment.Segment, n uint64, newest *[]segment.Entry) (err error) {
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
			latest.MaxSize = max(latest.MaxSize, e.End-entries[k-1].End)
		} else if seq == s.Base {
			latest.MaxSize = max(latest.MaxSize, e.End)
		}
		entries = append(entries, e)
	}
	slices.Reverse(entries)
	if len(*newest) == 0 && len(entries) > 0 {
		latest.LastSeq, latest.LastTime, latest.LastArrived = r.Next()-1, entries[0].Time, entries[0].Arrived
	}
	*newest = append(*newest, entries...)
	return nil
}
