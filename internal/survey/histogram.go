package survey

import (
	"math"
	"math/bits"
	"time"
)

// A histogram counts values from 0 on, however many and however large, in
// steps of at most a 64th of a value, and so finds their median in 60 KiB.
type histogram struct {
	total uint64
	steps [(64 - subBits + 1) << subBits]struct {
		count uint64
		sum   float64 // so that equal values have exactly their own median
	}
}

// subBits are the bits of a value, after its first, that choose its step.
const subBits = 6

// step returns where v is counted. Values below 2^subBits have one of their own.
func step(v uint64) int {
	shift := max(bits.Len64(v)-subBits-1, 0)
	return shift<<subBits + int(v>>shift)
}

func (h *histogram) add(v uint64) {
	s := &h.steps[step(v)]
	s.count++
	s.sum += float64(v)
	h.total++
}

// median returns the middle value, the greater of two, as the mean of its step.
func (h *histogram) median() uint64 {
	below := uint64(0)
	for i := range h.steps {
		s := &h.steps[i]
		if below += s.count; below > h.total/2 {
			return uint64(s.sum/float64(s.count) + 0.5)
		}
	}
	return 0
}

// usual returns the median of values that are times in ns.
func (h *histogram) usual() time.Duration { return time.Duration(min(h.median(), math.MaxInt64)) }

// above returns how many values are in later steps than v.
func (h *histogram) above(v uint64) (n uint64) {
	for i := step(v) + 1; i < len(h.steps); i++ {
		n += h.steps[i].count
	}
	return n
}
