package survey

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Stall is a gap of more than StallFactor times the cadence.
type Stall struct {
	After    segment.Sequence
	From, To time.Time
}

// Length returns how long it took.
func (s Stall) Length() time.Duration { return s.To.Sub(s.From) }

// StallFactor is how many times the usual gap is a stall.
const StallFactor = 3

// StallAfter returns how long a gap may be that is no stall yet, where the
// usual one is known.
func StallAfter(usual time.Duration) time.Duration {
	return StallFactor * min(usual, math.MaxInt64/StallFactor)
}

// MostStalls is how many stalls a Survey lists, the longest.
const MostStalls = 1000

// gaps takes the times from one record to the next, keeps the longest, and
// tells which are stalls once all are known.
type gaps struct {
	all     histogram // in ns
	longest []Stall   // MostStalls at least, if there are so many
	least   time.Duration
}

func (g *gaps) add(s Stall) {
	g.all.add(uint64(s.Length()))
	if s.Length() <= g.least {
		return
	}
	if g.longest = append(g.longest, s); len(g.longest) == 2*MostStalls {
		g.cut()
		g.least = g.longest[MostStalls-1].Length()
	}
}

// cut forgets all but the longest.
func (g *gaps) cut() {
	slices.SortStableFunc(g.longest, func(a, b Stall) int { return cmp.Compare(b.Length(), a.Length()) })
	g.longest = g.longest[:min(len(g.longest), MostStalls)]
}

// stalls returns the longest gaps over a limit in their order, and how many
// there are, which is close to the truth where it is more than are listed.
func (g *gaps) stalls(limit time.Duration) ([]Stall, uint64) {
	g.cut()
	over := slices.DeleteFunc(g.longest, func(s Stall) bool { return s.Length() <= limit })
	count := uint64(len(over))
	if count == MostStalls {
		count = max(count, g.all.above(uint64(limit)))
	}
	slices.SortFunc(over, func(a, b Stall) int { return cmp.Compare(a.After, b.After) })
	return over, count
}
