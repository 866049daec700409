package survey

import (
	"cmp"
	"slices"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Timeline counts records by their times, in steps of one length.
type Timeline struct {
	Step    time.Duration
	Buckets []Bucket // in order; a step without records has none
}

// A Bucket is what one step of a Timeline holds.
type Bucket struct {
	Start    int64 // Unix seconds
	Records  uint64
	Bytes    segment.Offset
	Least    segment.Offset // of a record
	Greatest segment.Offset
	Gap      time.Duration // the longest that ended here
}

// mostBuckets is how many a Timeline grows to before its steps become longer.
const mostBuckets = 1 << 14

// steps are the lengths that a step may have, each a multiple of the one
// before; then it doubles.
var steps = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

func longer(step time.Duration) time.Duration {
	for _, s := range steps {
		if s > step {
			return s
		}
	}
	return 2 * step
}

// floor returns when the step began that t, in Unix seconds, falls into.
func floor(t int64, step time.Duration) int64 {
	s := int64(step / time.Second)
	return t - ((t%s)+s)%s
}

func (t *Timeline) add(b Bucket) {
	b.Start = floor(b.Start, t.Step)
	i := len(t.Buckets) - 1 // most records fall where the one before fell, or next to it
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
	if t.Buckets = slices.Insert(t.Buckets, i, b); len(t.Buckets) > mostBuckets {
		*t = t.coarse(t.Buckets[:0], longer(t.Step), 0)
	}
}

func (b *Bucket) join(c Bucket) {
	b.Records += c.Records
	b.Bytes += c.Bytes
	b.Least, b.Greatest = min(b.Least, c.Least), max(b.Greatest, c.Greatest)
	b.Gap = max(b.Gap, c.Gap)
}

// Coarse returns the same in longer steps, which begin where a clock that is
// ahead of UTC by offset shows a multiple of step.
func (t *Timeline) Coarse(step, offset time.Duration) Timeline { return t.coarse(nil, step, offset) }

// coarse is Coarse into memory that may be that of t's own buckets.
func (t *Timeline) coarse(into []Bucket, step, offset time.Duration) Timeline {
	ahead := int64(offset / time.Second)
	c := Timeline{step, into}
	for _, b := range t.Buckets {
		b.Start = floor(b.Start+ahead, step) - ahead
		if n := len(c.Buckets); n > 0 && c.Buckets[n-1].Start == b.Start {
			c.Buckets[n-1].join(b)
		} else {
			c.Buckets = append(c.Buckets, b)
		}
	}
	return c
}

// Fit returns the same in the shortest steps of which at most so many lie
// between its first and its last record.
func (t *Timeline) Fit(most int, offset time.Duration) Timeline {
	if len(t.Buckets) == 0 {
		return *t
	}
	const least = 8 // with fewer, steps would have to be longer than a Duration may be
	most = max(most, least)
	step, span := t.Step, t.Buckets[len(t.Buckets)-1].Start-t.Buckets[0].Start
	for span/int64(step/time.Second)+2 > int64(most) {
		step = longer(step)
	}
	return t.Coarse(step, offset)
}

// Core returns the same without the few records, one in a thousand at either
// end, whose times are so far from all others that these would not be seen
// beside them, and how many these are.
func (t *Timeline) Core() (core Timeline, outside uint64) {
	const far = 10 // times the span of all others
	all := uint64(0)
	for _, b := range t.Buckets {
		all += b.Records
	}
	if all < 100 {
		return *t, 0
	}
	allowed := all/1000 + 1
	first, last := 0, len(t.Buckets)-1
	for n := t.Buckets[first].Records; n <= allowed && first < last; n += t.Buckets[first].Records {
		first++
	}
	for n := t.Buckets[last].Records; n <= allowed && first < last; n += t.Buckets[last].Records {
		last--
	}
	begin, end, step := t.Buckets[first].Start, t.Buckets[last].Start, int64(t.Step/time.Second)
	reach := far * (end - begin + step)
	for first > 0 && t.Buckets[first-1].Start >= begin-reach {
		first--
	}
	for last < len(t.Buckets)-1 && t.Buckets[last+1].Start <= end+reach {
		last++
	}
	core = Timeline{t.Step, t.Buckets[first : last+1]}
	for _, b := range core.Buckets {
		all -= b.Records
	}
	return core, all
}
