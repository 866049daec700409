package plot

import (
	"cmp"
	"math"
	"slices"
)

// A Column holds what a chart shows of the records of one span of time.
type Column struct {
	From, To int64 // times of the first and the last record, in Unix ns
	Records  uint64
	Stats    []Stat // one for each series
}

// A Stat summarizes the values of one series in a column. If Count is 0, the records have
// no numbers, and all else is undefined.
type Stat struct {
	Count       uint64
	Min, Max    float64
	First, Last float64 // in the order in which they were added
	sum         sum     // of the values, multiplied by scale
}

// add adds a number.
func (s *Stat) add(v float64) {
	one := Stat{Count: 1, Min: v, Max: v, First: v, Last: v}
	one.sum.high = v * one.scale()
	s.join(one)
}

// scale returns what the values are multiplied by, so that the sum of as many as can be counted
// does not overflow. It is 1 if that is impossible without it.
func (s *Stat) scale() float64 {
	const large, shrink = 0x1p900, 0x1p-64
	if max(-s.Min, s.Max) > large {
		return shrink
	}
	return 1
}

// Mean returns the mean.
func (s *Stat) Mean() float64 {
	mean := (s.sum.high + s.sum.low) / float64(s.Count) / s.scale()
	return min(max(mean, s.Min), s.Max) // of equal values it is exact
}

// A sum is high + low: low has what high was rounded by (Neumaier's algorithm). So small values
// count after large ones that cancel each other.
type sum struct{ high, low float64 }

func (s *sum) add(v float64) {
	high := s.high + v
	if math.Abs(s.high) >= math.Abs(v) {
		s.low += s.high - high + v
	} else {
		s.low += v - high + s.high
	}
	s.high = high
}

// join adds the values of o, which are later.
func (s *Stat) join(o Stat) {
	switch {
	case o.Count == 0:
		return
	case s.Count == 0:
		*s = o
		return
	}
	before, others := s.scale(), o.scale()
	s.Min, s.Max, s.Last = min(s.Min, o.Min), max(s.Max, o.Max), o.Last
	s.Count += o.Count
	now := s.scale()
	s.sum = sum{s.sum.high * (now / before), s.sum.low * (now / before)}
	s.sum.add(o.sum.high * (now / others))
	s.sum.low += o.sum.low * (now / others)
}

// join adds the records of o, which are later.
func (c *Column) join(o Column) {
	c.From, c.To = min(c.From, o.From), max(c.To, o.To)
	c.Records += o.Records
	for i := range c.Stats {
		c.Stats[i].join(o.Stats[i])
	}
}

// maxColumns bounds the memory of a timeline. It is twice as many as the finest chart has.
const maxColumns = 1 << 13

// A timeline keeps at most maxColumns columns in order of time. Each holds the records
// whose times are equal without their lowest bits.
type timeline struct {
	bits    uint // number of the bits of a time that are ignored
	columns []Column
}

func newTimeline() timeline {
	const millisecond = 20 // 2^20 ns
	return timeline{bits: millisecond}
}

// add adds a column of one record, which the timeline owns from then on.
func (t *timeline) add(c Column) {
	i := len(t.columns) // most records are the newest so far
	if i > 0 && c.From>>t.bits <= t.columns[i-1].From>>t.bits {
		var found bool
		i, found = slices.BinarySearchFunc(t.columns, c.From>>t.bits, func(in Column, at int64) int { return cmp.Compare(in.From>>t.bits, at) })
		if found {
			t.columns[i].join(c)
			return
		}
	}
	if t.columns = slices.Insert(t.columns, i, c); len(t.columns) > maxColumns {
		t.merge()
	}
}

// merge ignores as many more bits as it takes until half of the columns are left.
func (t *timeline) merge() {
	for len(t.columns) > maxColumns/2 {
		t.bits++
		kept := t.columns[:1]
		for _, c := range t.columns[1:] {
			if last := &kept[len(kept)-1]; last.From>>t.bits == c.From>>t.bits {
				last.join(c)
			} else {
				kept = append(kept, c)
			}
		}
		t.columns = kept
	}
}
