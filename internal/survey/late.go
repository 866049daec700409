package survey

import (
	"math"
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// RecentRecords is how many of the newest records tell the usual gap.
const RecentRecords = 1000

// LateAfter returns after how long without an arrival the next record is late, and
// too late, where the usual gap is known; 0 means that it is not.
func LateAfter(usual time.Duration) (late, tooLate time.Duration) {
	const tooLateGaps = 10
	if usual <= 0 {
		return time.Hour, tooLateGaps * time.Hour
	}
	return StallAfter(usual), tooLateGaps * min(usual, math.MaxInt64/tooLateGaps)
}

// resolution is how exactly the index holds arrivals. Two records whose arrivals
// differ by as much may have come together.
const resolution = time.Second

// usualGap returns the usual time from one arrival to the next; 0 means that it is
// not known, or below a second. entries are those of consecutive records, the
// newest first.
//
// It is the median gap between arrivals. Where most records came together with
// another one, as a migration or a producer of batches leaves them, it is the
// greater one of the median gap between those that did not and the median gap
// between the records' own times. Gaps backwards, of a clock that was set, are
// ignored.
func usualGap(entries []segment.Entry) time.Duration {
	arrivals := gapsOf(entries, func(e segment.Entry) time.Time { return e.Arrived })
	usual := medianGap(arrivals)
	if usual > resolution || usual == resolution && steady(arrivals) {
		return usual
	}
	times := gapsOf(entries, func(e segment.Entry) time.Time { return e.Time })
	if usual = max(gapBetweenGroups(arrivals), medianGap(times)); usual < resolution {
		return 0
	}
	return usual
}

// gapsOf returns the times from each record to the next that are not negative.
func gapsOf(entries []segment.Entry, of func(segment.Entry) time.Time) (gaps []time.Duration) {
	for i := 1; i < len(entries); i++ {
		if d := of(entries[i-1]).Sub(of(entries[i])); d >= 0 {
			gaps = append(gaps, d)
		}
	}
	return gaps
}

// steady reports whether records came a second apart, rather than several a second,
// of which some are the first of their second.
func steady(arrivals []time.Duration) bool {
	const tolerance = resolution / 20
	var sum, count time.Duration
	for _, d := range arrivals {
		if d <= 2*resolution {
			sum, count = sum+d, count+1
		}
	}
	return sum/max(count, 1) >= resolution-tolerance
}

// gapBetweenGroups returns the median time between records that did not come
// together with the one before. Few of them tell nothing, for the first may be
// the pause between a migration and what was appended later, unless two such
// gaps follow each other: then the later one is between two single records.
// arrivals are the gaps, the latest first.
func gapBetweenGroups(arrivals []time.Duration) time.Duration {
	var apart, single []time.Duration
	for i, d := range arrivals {
		if d <= resolution {
			continue
		}
		apart = append(apart, d)
		if i+1 < len(arrivals) && arrivals[i+1] > resolution {
			single = append(single, d)
		}
	}
	if d := medianGap(apart); d > 0 || len(single) == 0 || len(arrivals) < leastGaps {
		return d
	}
	slices.Sort(single)
	return single[len(single)/2]
}

// leastGaps is how many gaps must be known for one of them to be usual.
const leastGaps = 3

// medianGap returns 0 where there are too few gaps for one of them to be usual.
func medianGap(gaps []time.Duration) time.Duration {
	if len(gaps) < leastGaps {
		return 0
	}
	sorted := slices.Sorted(slices.Values(gaps))
	return sorted[len(sorted)/2]
}
