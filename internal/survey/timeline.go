package survey

import (
	"cmp"
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Timeline counts records by their own times, in steps of equal length.
type Timeline struct {
	Step    time.Duration
	Buckets []Bucket // in order of time; a step without records has no bucket
}

// A Bucket holds the totals of one step of a Timeline.
type Bucket struct {
	Start   int64 // Unix seconds
	Records uint64
	Bytes   segment.Offset
	MinSize segment.Offset // size of the smallest record, with its LF
	MaxSize segment.Offset // size of the largest record, with its LF
	Gap     time.Duration  // the longest gap that ended in this step
}

// maxBuckets bounds the memory of a Timeline: with more buckets its steps become
// longer.
const maxBuckets = 1 << 14

// steps are the possible lengths of a step. Each is a multiple of the preceding one,
// so buckets can be merged; a step longer than the last is a power of two times it.
var steps = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// nextStep returns the next length after step.
func nextStep(step time.Duration) time.Duration {
	for _, s := range steps {
		if s > step {
			return s
		}
	}
	return 2 * step
}

// stepStart returns the start of the step that contains t; both are in Unix seconds.
func stepStart(t int64, step time.Duration) int64 {
	s := int64(step / time.Second)
	return t - ((t%s)+s)%s
}

// add adds b, whose Start is any time within its step.
func (t *Timeline) add(b Bucket) {
	b.Start = stepStart(b.Start, t.Step)
	i := len(t.Buckets) - 1 // most records belong to the newest bucket or to the one after it
	found := i >= 0 && t.Buckets[i].Start == b.Start
	if !found && (i < 0 || t.Buckets[i].Start < b.Start) {
		i++
	} else if !found {
		i, found = slices.BinarySearchFunc(t.Buckets, b.Start, func(b Bucket, start int64) int { return cmp.Compare(b.Start, start) })
	}
	if found {
		t.Buckets[i].join(b)
		return
	}
	if t.Buckets = slices.Insert(t.Buckets, i, b); len(t.Buckets) > maxBuckets {
		*t = t.resample(t.Buckets[:0], nextStep(t.Step), 0)
	}
}

func (b *Bucket) join(c Bucket) {
	b.Records += c.Records
	b.Bytes += c.Bytes
	b.MinSize, b.MaxSize = min(b.MinSize, c.MinSize), max(b.MaxSize, c.MaxSize)
	b.Gap = max(b.Gap, c.Gap)
}

// Resample returns the timeline in longer steps. They are aligned to a clock that is
// offset ahead of UTC, so that a day begins at local midnight.
func (t *Timeline) Resample(step, offset time.Duration) Timeline {
	return t.resample(nil, step, offset)
}

// resample appends the result to into, which may share memory with t.Buckets: the
// bucket that is written is never after the one that is read.
func (t *Timeline) resample(into []Bucket, step, offset time.Duration) Timeline {
	ahead := int64(offset / time.Second)
	c := Timeline{step, into}
	for _, b := range t.Buckets {
		b.Start = stepStart(b.Start+ahead, step) - ahead
		if n := len(c.Buckets); n > 0 && c.Buckets[n-1].Start == b.Start {
			c.Buckets[n-1].join(b)
		} else {
			c.Buckets = append(c.Buckets, b)
		}
	}
	return c
}

// ResampleTo returns the timeline in the shortest steps of which at most maxSteps lie
// between the first and the last record.
func (t *Timeline) ResampleTo(maxSteps int, offset time.Duration) Timeline {
	if len(t.Buckets) == 0 {
		return *t
	}
	const minSteps = 8 // with fewer, the length of a step could overflow a Duration
	maxSteps = max(maxSteps, minSteps)
	step, span := t.Step, t.Buckets[len(t.Buckets)-1].Start-t.Buckets[0].Start
	for span/int64(step/time.Second)+2 > int64(maxSteps) {
		step = nextStep(step)
	}
	return t.Resample(step, offset)
}

// WithoutOutliers returns the timeline without its outliers, and their number.
func (t *Timeline) WithoutOutliers() (core Timeline, outliers uint64) {
	buckets, outliers := WithoutOutliers(t.Buckets, int64(t.Step/time.Second), func(b Bucket) (int64, uint64) { return b.Start, b.Records })
	return Timeline{t.Step, buckets}, outliers
}

// WithoutOutliers returns buckets without the outliers at either end, and the number of
// their records. At most one record in a thousand at either end is an outlier, and only if
// its time is more than ten spans of all other records away: a chart that included it would
// show nothing else. of returns the time and the number of records of a bucket; step is
// the length of a bucket in the same unit.
func WithoutOutliers[B any](buckets []B, step int64, of func(B) (start int64, records uint64)) (core []B, outliers uint64) {
	const far = 10                                                               // spans of all other records
	start := func(i int) float64 { at, _ := of(buckets[i]); return float64(at) } // a difference of int64 might overflow
	records := func(i int) uint64 { _, n := of(buckets[i]); return n }
	all := uint64(0)
	for i := range buckets {
		all += records(i)
	}
	if all < 100 {
		return buckets, 0
	}
	allowed := all/1000 + 1
	first, last := 0, len(buckets)-1
	for n := records(first); n <= allowed && first < last; n += records(first) {
		first++
	}
	for n := records(last); n <= allowed && first < last; n += records(last) {
		last--
	}
	begin, end := start(first), start(last)
	reach := far * (end - begin + float64(step))
	for first > 0 && start(first-1) >= begin-reach {
		first--
	}
	for last < len(buckets)-1 && start(last+1) <= end+reach {
		last++
	}
	for i := first; i <= last; i++ {
		all -= records(i)
	}
	return buckets[first : last+1], all
}
