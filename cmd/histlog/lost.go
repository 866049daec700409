package main

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// lostRecords collects the sequences of lost records as ranges. Ranges beyond
// maxLostRanges are only counted, which bounds its memory.
type lostRecords struct {
	met    uint64 // records that were read, lost or not
	count  uint64
	ranges []lostRange
	last   segment.Sequence // the sequence that was added last
	more   uint64           // number of ranges beyond maxLostRanges
}

type lostRange struct{ first, last segment.Sequence }

// maxLostRanges is the maximum number of ranges that a message names.
const maxLostRanges = 20

// add adds a sequence, which must be greater than the preceding one.
func (l *lostRecords) add(seq segment.Sequence) {
	l.count++
	follows := l.last != 0 && seq == l.last+1
	l.last = seq
	switch n := len(l.ranges); {
	case follows && l.more == 0:
		l.ranges[n-1].last = seq
	case follows:
	case n < maxLostRanges:
		l.ranges = append(l.ranges, lostRange{seq, seq})
	default:
		l.more++
	}
}

// String lists the records: 81 records are lost: 12, 567–646.
func (l *lostRecords) String() string {
	names := make([]string, len(l.ranges))
	for i, r := range l.ranges {
		names[i] = term.Range(r.first, r.last)
	}
	text := fmt.Sprintf("%s %s lost: %s", term.Plural(l.count, "record"), term.IsAre(l.count), strings.Join(names, ", "))
	if l.more > 0 {
		text += fmt.Sprintf(" and %s", english.Plural(int(l.more), "more range", ""))
	}
	return text
}

// watch returns all, and adds the lost records while all is read. If all is read again,
// watch begins again.
func (l *lostRecords) watch(all iter.Seq2[segment.Record, error]) iter.Seq2[segment.Record, error] {
	return func(yield func(segment.Record, error) bool) {
		*l = lostRecords{}
		for rec, err := range all {
			if err == nil {
				l.met++
			}
			if err == nil && rec.Blank {
				l.add(rec.Seq)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

// lostError returns the error of a command whose query names lost records by sequence.
func lostError(dir, text string) error {
	return &exitError{code: exitDamaged, err: errors.New(text),
		hint: "look in " + dir + "/" + filename.Quarantine + "/ for the damaged bytes, and in older copies of the log for what was lost"}
}
