package survey

import (
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// resolution is that of arrival times in the index. Two records may have arrived together
// even if their arrival times differ by resolution.
const resolution = time.Second

// usualGap returns the usual gap between arrivals; 0 means that it is not known or less
// than a second. entries belong to consecutive records, the newest first.
//
// The usual gap is the median gap between arrivals. After a migration, or with a
// producer that appends batches, most records arrive together with another one; then
// it is the maximum of the median gap between batches and the median gap between the
// records' own times. Negative gaps, of a clock that was set back, are ignored.
func usualGap(entries []segment.Entry) time.Duration {
	arrivals := gapsOf(entries, func(e segment.Entry) time.Time { return e.Arrived })
	usual := medianGap(arrivals)
	if usual > resolution || usual == resolution && steady(arrivals) {
		return usual
	}
	times := gapsOf(entries, func(e segment.Entry) time.Time { return e.Time })
	if usual = max(gapBetweenBatches(arrivals), medianGap(times)); usual < resolution {
		return 0
	}
	return usual
}

// gapsOf returns the gaps between consecutive records that are not negative.
func gapsOf(entries []segment.Entry, of func(segment.Entry) time.Time) (gaps []time.Duration) {
	for i := 1; i < len(entries); i++ {
		if d := of(entries[i-1]).Sub(of(entries[i])); d >= 0 {
			gaps = append(gaps, d)
		}
	}
	return gaps
}

// steady reports whether records arrived a second apart. Several records a second
// show gaps of a second too, whenever one is the first of its second, but their mean
// gap is shorter.
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

// gapBetweenBatches returns the median gap between records that arrived apart. With
// few such gaps it is 0, because the first may be the pause between a migration and
// the records appended after it, unless two such gaps are adjacent: then the later
// one is between two single records. arrivals are the gaps, the latest first.
func gapBetweenBatches(arrivals []time.Duration) time.Duration {
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
	if d := medianGap(apart); d > 0 || len(single) == 0 || len(arrivals) < minGaps {
		return d
	}
	slices.Sort(single)
	return single[len(single)/2]
}

// minGaps is the minimum number of gaps for their median to be the usual gap.
const minGaps = 3

// medianGap returns the median, or 0 if there are fewer than minGaps gaps.
func medianGap(gaps []time.Duration) time.Duration {
	if len(gaps) < minGaps {
		return 0
	}
	sorted := slices.Sorted(slices.Values(gaps))
	return sorted[len(sorted)/2]
}
