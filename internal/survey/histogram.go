package survey

import (
	"math"
	"math/bits"
	"time"
)

// A histogram counts values of any size and number in 60 KiB. The width of a step
// is at most a 64th of its values, which bounds the error of the median.
type histogram struct {
	total uint64
	steps [(64 - subBits + 1) << subBits]struct {
		count uint64
		sum   float64 // makes the median of equal values exact
	}
}

// subBits is the number of bits after the highest that select the step of a value.
const subBits = 6

// step returns the index of the step of v. Each value below 2^subBits has its own.
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

// median returns the mean of the step that contains the median, 0 without values.
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

// usual returns the median of values in ns.
func (h *histogram) usual() time.Duration { return time.Duration(min(h.median(), math.MaxInt64)) }

// above returns the number of values in later steps than that of v.
func (h *histogram) above(v uint64) (n uint64) {
	for i := step(v) + 1; i < len(h.steps); i++ {
		n += h.steps[i].count
	}
	return n
}
