package survey

import (
	"errors"
	"math"
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
	var newest []segment.Entry              // in descending order
	end := segment.Sequence(math.MaxUint64) // the first record of newest; at first, no record
	for i := len(l.Segments) - 1; i >= 0 && uint64(len(newest)) < n; i-- {
		s := l.Segments[i]
		err := latest.addEntries(l, s, end, n, &newest)
		if errors.Is(err, segment.ErrMerged) { // by a concurrent run
			if err := l.Refresh(); err != nil {
				return latest, err
			}
			for i = len(l.Segments); i > 0 && l.Segments[i-1].Base >= end; i-- {
			}
			continue
		}
		if errors.Is(err, segment.ErrCorrupt) || errors.Is(err, segment.ErrRetired) {
			break
		}
		if err != nil {
			return latest, err
		}
		end = s.Base
	}
	latest.Gap = usualGap(newest)
	return latest, nil
}

// addEntries appends entries of s before end to newest, in descending order, until there
// are n.
func (latest *Latest) addEntries(l *segment.Log, s segment.Segment, end segment.Sequence, n uint64, newest *[]segment.Entry) (err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	first, next := s.Base, min(r.Next(), end)
	if left := n - uint64(len(*newest)); uint64(next-first) > left {
		first = next - segment.Sequence(left)
	}
	entries := make([]segment.Entry, 0, next-first)
	for seq := first; seq < next; seq++ {
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
		latest.LastSeq, latest.LastTime, latest.LastArrived = next-1, entries[0].Time, entries[0].Arrived
	}
	*newest = append(*newest, entries...)
	return nil
}
