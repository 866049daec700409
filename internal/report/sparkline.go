package report

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/survey"
)

// levels are the blocks of a sparkline. A dot means that there is no value.
var levels = []rune("▁▂▃▄▅▆▇")

const nothing = '·'

// sparkline draws the known values between low and high.
func sparkline(values []float64, known func(i int) bool, low, high float64) string {
	var b strings.Builder
	for i, v := range values {
		switch {
		case !known(i):
			b.WriteRune(nothing)
		case high <= low:
			b.WriteRune(levels[len(levels)/2])
		default:
			part := (v - low) / (high - low) * float64(len(levels))
			b.WriteRune(levels[min(max(int(part), 0), len(levels)-1)])
		}
	}
	return b.String()
}

// counts holds the numbers of records in the last steps of a timeline.
type counts struct {
	step   time.Duration
	start  int64 // of the first step, Unix seconds
	values []float64
	max    float64 // of values
}

// countsUntil counts the records in at most maxSteps steps. The last step contains until,
// the first is not before the first record.
func countsUntil(t survey.Timeline, step, offset time.Duration, until time.Time, maxSteps int) counts {
	t = t.Resample(step, offset)
	seconds, n := int64(step/time.Second), len(t.Buckets)
	end := t.Buckets[n-1].Start
	end += max(0, (until.Unix()-end)/seconds) * seconds
	c := counts{step: step, start: max(t.Buckets[0].Start, end-int64(maxSteps-1)*seconds)}
	c.values = make([]float64, (end-c.start)/seconds+1)
	for _, b := range t.Buckets {
		if i := (b.Start - c.start) / seconds; b.Start >= c.start {
			c.values[i] += float64(b.Records)
			c.max = max(c.max, c.values[i])
		}
	}
	return c
}

func (c counts) draw() string {
	return sparkline(c.values, func(i int) bool { return c.values[i] > 0 }, 0, c.max)
}

// axis returns the labels below a sparkline, as many as fit.
func (c counts) axis(zone *time.Location, layout string) string {
	const gap = 3
	var b strings.Builder
	for i := range c.values {
		label := time.Unix(c.start, 0).Add(time.Duration(i) * c.step).In(zone).Format(layout)
		at, length := utf8.RuneCountInString(b.String()), len(label)
		if (i == 0 || i >= at+gap) && i+length <= max(len(c.values), length) && i%(length+gap) == 0 {
			b.WriteString(strings.Repeat(" ", i-at) + label)
		}
	}
	return b.String()
}

// sizesOf draws the mean size of the records in each of at most maxSteps steps, scaled
// between the min and the max of them.
func sizesOf(t survey.Timeline, maxSteps int) string {
	t = t.ResampleTo(maxSteps, 0)
	values := make([]float64, len(t.Buckets))
	low, high := 0.0, 0.0
	for i, b := range t.Buckets {
		values[i] = float64(b.Bytes) / float64(b.Records)
		if i == 0 || values[i] < low {
			low = values[i]
		}
		high = max(high, values[i])
	}
	return sparkline(values, func(int) bool { return true }, low, high)
}
