package survey

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Stall is a gap between two records that is longer than StallFactor usual gaps.
type Stall struct {
	After    segment.Sequence // last record before the gap
	From, To time.Time        // times of the records before and after it
}

// Length returns the length of the gap.
func (s Stall) Length() time.Duration { return s.To.Sub(s.From) }

// The thresholds of lateness. Help and docs/MONITORING.md name them.
const (
	StallFactor   = 3  // times the usual gap is the longest gap that is not a stall
	TooLateFactor = 10 // times the usual gap without an arrival is too late

	// unknownGap is how long a log without a usual gap may be silent. TooLateFactor
	// times as long is too late.
	unknownGap = time.Hour
)

// StallAfter returns the longest gap that is not a stall, given the usual gap, which
// must be known.
func StallAfter(usual time.Duration) time.Duration {
	return StallFactor * min(usual, math.MaxInt64/StallFactor)
}

// LateAfter returns after how long without an arrival the next record is late, and
// after how long it is too late. usual is the usual gap; 0 means not known.
func LateAfter(usual time.Duration) (late, tooLate time.Duration) {
	if usual <= 0 {
		return unknownGap, TooLateFactor * unknownGap
	}
	return StallAfter(usual), TooLateFactor * min(usual, math.MaxInt64/TooLateFactor)
}

// MaxStalls is the maximum number of stalls that a Survey lists.
const MaxStalls = 1000

// Gaps collects the gaps between the times of consecutive records. It keeps only the
// longest: which of them are stalls follows from their median, which is known only at the
// end.
type Gaps struct {
	Backwards uint64 // records whose time is before that of the preceding record

	last    segment.Sequence // of the record that was added last
	at      time.Time        // its time
	all     histogram        // in ns
	longest []Stall          // contains the MaxStalls longest, unsorted
	minKept time.Duration    // shorter gaps are not among the longest
}

// Add adds a record with its time and returns the gap before it. The gap is 0 if the
// record that was added last is not the preceding one or has a later time.
func (g *Gaps) Add(seq segment.Sequence, at time.Time) (gap time.Duration) {
	before := Stall{g.last, g.at, at}
	g.last, g.at = seq, at
	switch {
	case before.After == 0 || before.After != seq-1:
		return 0
	case at.Before(before.From):
		g.Backwards++
		return 0
	}
	g.add(before)
	return before.Length()
}

func (g *Gaps) add(s Stall) {
	g.all.add(uint64(s.Length()))
	if s.Length() <= g.minKept {
		return
	}
	if g.longest = append(g.longest, s); len(g.longest) == 2*MaxStalls {
		g.keepLongest()
		g.minKept = g.longest[MaxStalls-1].Length()
	}
}

// Usual returns the median gap within 1%; 0 means not known.
func (g *Gaps) Usual() time.Duration { return g.all.usual() }

// Stalls returns the MaxStalls longest stalls in order of their sequences, and the number
// of all stalls, which is an estimate if there are more.
func (g *Gaps) Stalls() ([]Stall, uint64) {
	if g.Usual() == 0 {
		return nil, 0
	}
	return g.stalls(StallAfter(g.Usual()))
}

// keepLongest drops all but the MaxStalls longest.
func (g *Gaps) keepLongest() {
	slices.SortStableFunc(g.longest, func(a, b Stall) int { return cmp.Compare(b.Length(), a.Length()) })
	g.longest = g.longest[:min(len(g.longest), MaxStalls)]
}

// stalls returns the gaps longer than limit in order of their sequences, at most
// MaxStalls, and their number. If there are more, the number is an estimate from the
// histogram.
func (g *Gaps) stalls(limit time.Duration) ([]Stall, uint64) {
	g.keepLongest()
	over := slices.DeleteFunc(g.longest, func(s Stall) bool { return s.Length() <= limit })
	count := uint64(len(over))
	if count == MaxStalls {
		count = max(count, g.all.above(uint64(limit)))
	}
	slices.SortFunc(over, func(a, b Stall) int { return cmp.Compare(a.After, b.After) })
	return over, count
}
