package plot

import (
	"math"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/histlog/histlog/internal/term"
)

// A Scale is the vertical axis of a chart.
type Scale struct {
	Low, High float64
	Ticks     []Tick // from the lowest to the highest
}

// A Tick is a labelled value.
type Tick struct {
	Value float64
	Label string
}

// Scale returns an axis for a series, with about so many ticks. Both ends are ticks.
func (p *Plot) Scale(series, ticks int) Scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range p.Columns {
		if s := c.Stats[series]; s.Count > 0 {
			low, high = min(low, s.Min), max(high, s.Max)
		}
	}
	return newScale(low, high, ticks, p.Series[series].bytes())
}

func newScale(low, high float64, ticks int, bytes bool) Scale {
	const smallest, flat = 1e-300, 1e-12
	switch {
	case low > high || low == 0 && high == 0: // there are no values, or they are 0
		low, high = -1, 1
	case max(-low, high) < smallest:
		return tinyScale(low, high)
	case high-low < flat*max(-low, high):
		around := math.Abs(low) / 10
		low, high = max(low-around, -math.MaxFloat64), min(high+around, math.MaxFloat64)
	case low > 0 && low < high/2:
		low = 0
	case high < 0 && high > low/2:
		high = 0
	}
	unit := niceUnit(high/float64(ticks) - low/float64(ticks)) // high - low could overflow
	if bytes {
		unit = max(unit, 1)
	}
	first, last := math.Floor(low/unit), math.Ceil(high/unit)
	s := Scale{Low: max(first*unit, -math.MaxFloat64), High: min(last*unit, math.MaxFloat64)}
	for n := first; n <= last; n++ {
		if math.IsInf(n*unit, 0) {
			continue
		}
		s.Ticks = append(s.Ticks, Tick{n * unit, tickLabel(n*unit, unit, max(-s.Low, s.High), bytes)})
	}
	return s
}

// tinyScale returns an axis from or to 0. Nothing finer can be divided: the numbers have few digits.
func tinyScale(low, high float64) (s Scale) {
	s.Low, s.High = min(low, 0), max(high, 0)
	for _, v := range []float64{s.Low, 0, s.High} {
		if n := len(s.Ticks); n == 0 || v > s.Ticks[n-1].Value {
			s.Ticks = append(s.Ticks, Tick{v, short(v)})
		}
	}
	return s
}

// niceUnit returns 1, 2 or 5 times a power of ten, that which x is nearest to.
func niceUnit(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, unit := range []struct{ by, below float64 }{{1, 1.5}, {2, 3}, {5, 7}} {
		if x < unit.below*power {
			return unit.by * power
		}
	}
	return 10 * power
}

// At returns where v is between Low, 0, and High, 1.
func (s Scale) At(v float64) float64 {
	if math.IsInf(s.High-s.Low, 0) {
		v, s.Low, s.High = v/2, s.Low/2, s.High/2
	}
	return min(max((v-s.Low)/(s.High-s.Low), 0), 1)
}

// tickLabel formats a multiple of unit on a scale whose values are at most largest.
func tickLabel(v, unit, largest float64, bytes bool) string {
	switch {
	case bytes:
		return term.Bytes(int64(v))
	case v == 0:
		return "0"
	case largest >= 1e15 || unit < 1e-6:
		digits := math.Ceil(math.Log10(largest/unit)) + 1
		return exponent(v, int(min(max(digits, 1), 17)))
	}
	decimals := func(unit float64) int { return max(0, -int(math.Floor(math.Log10(unit)+1e-9))) }
	for _, prefix := range []struct {
		by, from float64
		letter   string
	}{{1e12, 1e12, "T"}, {1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e3, 1e4, "k"}} {
		if largest < prefix.from {
			continue
		}
		if n := decimals(unit / prefix.by); n <= 2 {
			return strconv.FormatFloat(v/prefix.by, 'f', n, 64) + prefix.letter
		}
		break
	}
	if unit >= 1 {
		return humanize.Comma(int64(v))
	}
	return strconv.FormatFloat(v, 'f', decimals(unit), 64)
}

// bytes reports whether the values are sizes.
func (s *Series) bytes() bool {
	text := s.Field.String()
	return text == "$bytes" || text == s.Field.Name+"=$bytes"
}

// Text formats a value of the series, integers exactly and others with six digits.
func (s *Series) Text(v float64) string {
	if s.bytes() {
		return term.Bytes(int64(v))
	}
	return short(v)
}

func short(v float64) string {
	const digits, large, small = 6, 1e15, 1e-4
	if v == math.Trunc(v) && math.Abs(v) < large {
		return humanize.Comma(int64(v))
	}
	if abs := math.Abs(v); abs >= large || abs < small {
		return exponent(v, digits)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil { // it was a number before
		return exponent(v, digits)
	}
	return humanize.Commaf(rounded)
}

// exponent formats v as 1.5e300, with so many digits or, if that is all, fewer.
func exponent(v float64, digits int) string {
	text, all := strconv.FormatFloat(v, 'g', digits, 64), strconv.FormatFloat(v, 'g', -1, 64)
	if len(all) < len(text) {
		text = all
	}
	return strings.Replace(text, "e+", "e", 1)
}
