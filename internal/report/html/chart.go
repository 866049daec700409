package html

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/plot"
	"github.com/histlog/histlog/internal/report"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
)

const day = 24 * time.Hour

// A chart is drawn in steps of time: x counts steps, y goes from 0 at the top to 100.
// Its marks are stretched to the width of the page; its texts are positioned in
// percent and keep their size.
type chart struct {
	Title, Usual      string
	Height, Top, Tall int // height of the drawing, top and height of its marks, in pixels
	Steps             int
	Stalls            []shade
	Bars              []bar
	Lines             []lines
	Grid              []gridLine
	Ticks             []tick
	Hits              []hit
	Note              string
}

type shade struct{ X, Width string }

// lines are paths whose x counts columns of several steps. A page shows the coarse ones,
// and the fine ones when it is zoomed in.
type lines struct {
	Steps      int // of a column
	Band, Mean string
	Class      string
}

type bar struct {
	X         int
	Y, Height string
	Class     string
}

type gridLine struct {
	Y     int // pixels
	Label string
	Limit bool // it is a limit of the values, drawn over them
}

type tick struct {
	X      string // percent
	Y      int    // pixels
	Label  string
	Anchor string // where in the label X is
	Class  string
}

// A hit is the text that is shown while the pointer is nearest to a step.
type hit struct {
	X    int
	Text string
}

// MarshalJSON returns the hit as page.js reads it.
func (h hit) MarshalJSON() ([]byte, error) { return json.Marshal([]any{h.X, h.Text}) }

// chartSet are charts of the same span of time below each other.
type chartSet struct {
	Charts   []chart
	Notes    []string
	From, To int64 // the span, in Unix ms
	Clock    string
	Left     int // width of the labels of the vertical axes in pixels
}

// LabelEnd returns where the labels of the vertical axes end.
func (s *chartSet) LabelEnd() int { return s.Left - 6 }

// newChartSet returns a set of charts from one time to another, in Unix ns.
func newChartSet(charts []chart, from, to int64, zone *time.Location) *chartSet {
	const minLeft, pixelsOfRune, margin = 52, 6.5, 10
	const ms = int64(time.Millisecond)
	s := &chartSet{Charts: charts, From: from / ms, To: to / ms, Clock: clockOf(from, to, zone), Left: minLeft}
	for _, c := range charts {
		for _, g := range c.Grid {
			s.Left = max(s.Left, margin+int(pixelsOfRune*float64(len(g.Label))))
		}
	}
	return s
}

// clockOf returns how far the clock of a zone is ahead of UTC as JSON: pairs of a time and
// of the difference from that time on, both in ms.
func clockOf(from, to int64, zone *time.Location) string {
	const maxChanges = 1000 // a span of centuries does not need them all
	var changes [][2]int64
	for t := time.Unix(0, from).In(zone); len(changes) < maxChanges; {
		_, offset := t.Zone()
		changes = append(changes, [2]int64{t.UnixMilli(), int64(offset) * 1000})
		_, next := t.ZoneBounds()
		if next.IsZero() || next.UnixNano() > to {
			break
		}
		t = next
	}
	text, err := json.Marshal(changes)
	if err != nil { // numbers are always JSON
		panic(err)
	}
	return string(text)
}

const (
	chartTop  = 16
	chartTall = 150
	chartFoot = 22
	maxSteps  = 240
	highest   = 96 // percent of the height that the max takes
)

// axes hold what all charts share.
type axes struct {
	report *report.Report
	line   survey.Timeline
	start  int64 // Unix seconds
	steps  int
}

// chartsOf returns the charts of a log and those of p, which may be nil; nil if the log has
// no records.
func chartsOf(r *report.Report, p *plot.Plot) *chartSet {
	core, _ := r.Survey.Timeline.WithoutOutliers()
	if len(core.Buckets) == 0 {
		return nil
	}
	_, offset := r.Survey.Last.In(r.Zone).Zone()
	line := core.ResampleTo(maxSteps, time.Duration(offset)*time.Second)
	a := axes{report: r, line: line, start: line.Buckets[0].Start}
	a.steps = a.step(line.Buckets[len(line.Buckets)-1]) + 1
	charts := []chart{a.sizes(), a.cadence()}
	if r.Survey.Cadence > 0 {
		charts = append(charts, a.gaps())
	}
	from, to := a.begin(0).UnixNano(), a.begin(a.steps).UnixNano()
	if p == nil {
		return newChartSet(charts, from, to, r.Zone)
	}
	v := view{plot: p, zone: r.Zone, from: from, to: to, columns: pageColumns}
	s := newChartSet(append(v.charts(), charts...), from, to, r.Zone)
	s.Notes = p.Notes()
	return s
}

func (a axes) step(b survey.Bucket) int {
	return int((b.Start - a.start) / int64(a.line.Step/time.Second))
}

// begin returns the start of a step.
func (a axes) begin(step int) time.Time {
	return time.Unix(a.start+int64(step)*int64(a.line.Step/time.Second), 0).In(a.report.Zone)
}

func (a axes) stepText() string {
	if a.line.Step%day == 0 {
		if n := a.line.Step / day; n > 1 {
			return fmt.Sprintf("%d days", n)
		}
		return "day"
	}
	if a.line.Step == time.Hour {
		return "hour"
	}
	if a.line.Step == time.Minute {
		return "minute"
	}
	return strings.TrimSuffix(strings.TrimSuffix(a.line.Step.String(), "0s"), "0m")
}

// chart returns a chart with its stalls, times and hits, to which marks are added.
// hitText returns the text of a hit.
func (a axes) chart(title, usual string, hitText func(b survey.Bucket) string) chart {
	c := chart{Title: title, Usual: usual, Height: chartTop + chartTall + chartFoot, Top: chartTop, Tall: chartTall, Steps: a.steps}
	c.Stalls = shades(a.report.Survey.Stalls, func(t time.Time) float64 { return float64(t.Unix()-a.start) / a.line.Step.Seconds() }, a.steps)
	c.Ticks = timeTicks(a.begin(0).UnixNano(), a.begin(a.steps).UnixNano(), a.report.Zone)
	for _, b := range a.line.Buckets {
		i := a.step(b)
		c.Hits = append(c.Hits, hit{i, a.begin(i).Format("2006-01-02 15:04") + ": " + hitText(b)})
	}
	return c
}

// shades returns the longest stalls. at returns where a time is, in steps.
func shades(stalls []survey.Stall, at func(time.Time) float64, steps int) (all []shade) {
	const maxShown = 100
	for _, s := range report.Longest(stalls, maxShown) {
		from, to := max(0, at(s.From)), min(float64(steps), at(s.To))
		if from < to {
			all = append(all, shade{number(from), number(max(to-from, .1))})
		}
	}
	return all
}

// timeTicks labels round times. A narrow page leaves out every second one. page.js has the
// same for a part of the times.
func timeTicks(from, to int64, zone *time.Location) (ticks []tick) {
	const maxTicks, edge = 6, .15 // a label nearer to an end than edge is not centred, because it has no room there
	for i, t := range plot.TimeTicks(from, to, zone, maxTicks) {
		part := plot.Fraction(t.At, from, to)
		next := tick{X: number(100 * part), Y: chartTop + chartTall, Label: t.Label, Anchor: "middle"}
		if part < edge {
			next.Anchor = "start"
		} else if part > 1-edge {
			next.Anchor = "end"
		}
		if i%2 == 1 {
			next.Class = "odd"
		}
		ticks = append(ticks, next)
	}
	return ticks
}

// number formats a coordinate.
func number(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }

// gridAt returns a line across the chart at y.
func gridAt(y float64, label string) gridLine {
	return gridLine{Y: chartTop + int(math.Round(y*chartTall/100)), Label: label}
}

// nice returns the labels of a scale: about three multiples of 1, 2 or 5 times a
// power of ten.
func nice(low, high float64) []float64 {
	const about = 3
	if !(high > low) {
		return []float64{low}
	}
	unit := math.Pow(10, math.Floor(math.Log10((high-low)/about)))
	for _, by := range []float64{2, 2.5, 2} {
		if (high-low)/unit > 2*about-1 {
			unit *= by
		}
	}
	var all []float64
	for n := math.Ceil(low / unit); n <= math.Floor(high/unit); n++ {
		all = append(all, n*unit)
	}
	return all
}

// sizes draws the min, mean and max size of the records in each step.
func (a axes) sizes() chart {
	s := a.report.Survey
	c := a.chart("Record size", fmt.Sprintf("median %s, at most %s", term.Bytes(int64(s.MedianSize)), term.Bytes(int64(s.MaxSize))), func(b survey.Bucket) string {
		return fmt.Sprintf("%s to %s, mean %s", term.Bytes(int64(b.MinSize)), term.Bytes(int64(b.MaxSize)), term.Bytes(int64(b.Bytes)/int64(b.Records)))
	})
	low, high := math.Inf(1), 0.0
	for _, b := range a.line.Buckets {
		low, high = min(low, float64(b.MinSize)), max(high, float64(b.MaxSize))
	}
	if low < high/2 || high-low < high/50 {
		low = 0
	} else {
		low -= (high - low) / 4
	}
	y := func(size float64) float64 { return 100 - highest*(size-low)/max(high-low, 1) }
	for _, x := range nice(low, high) {
		c.Grid = append(c.Grid, gridAt(y(x), term.Bytes(int64(x))))
	}
	var band, mean strings.Builder
	for from := 0; from < len(a.line.Buckets); {
		to := from + 1
		for to < len(a.line.Buckets) && a.step(a.line.Buckets[to]) == a.step(a.line.Buckets[to-1])+1 {
			to++
		}
		run := a.line.Buckets[from:to]
		a.path(&mean, run, "M", func(b survey.Bucket) float64 { return y(float64(b.Bytes) / float64(b.Records)) })
		a.path(&band, run, "M", func(b survey.Bucket) float64 { return y(float64(b.MaxSize)) })
		a.pathBack(&band, run, func(b survey.Bucket) float64 { return y(float64(b.MinSize)) })
		from = to
	}
	c.Lines = []lines{{Steps: 1, Band: band.String(), Mean: mean.String()}}
	return c
}

// path appends a horizontal line for each bucket of run, from left to right.
func (a axes) path(to *strings.Builder, run []survey.Bucket, begin string, y func(survey.Bucket) float64) {
	for _, b := range run {
		fmt.Fprintf(to, "%s%d,%sh1", begin, a.step(b), number(y(b)))
		begin = "L"
	}
}

// pathBack appends the same from right to left, and closes the path.
func (a axes) pathBack(to *strings.Builder, run []survey.Bucket, y func(survey.Bucket) float64) {
	for i := len(run) - 1; i >= 0; i-- {
		fmt.Fprintf(to, "L%d,%sh-1", a.step(run[i])+1, number(y(run[i])))
	}
	to.WriteString("z")
}

// cadence draws the number of records in each step.
func (a axes) cadence() chart {
	usual := ""
	if c := a.report.Survey.Cadence; c > 0 {
		usual = "one every " + term.Duration(c)
	}
	c := a.chart("Records per "+a.stepText(), usual, func(b survey.Bucket) string {
		return term.Plural(b.Records, "record")
	})
	maxCount := 0.0
	for _, b := range a.line.Buckets {
		maxCount = max(maxCount, float64(b.Records))
	}
	for _, x := range nice(0, maxCount) {
		if x == math.Trunc(x) {
			c.Grid = append(c.Grid, gridAt(100-highest*x/maxCount, term.Count(uint64(x))))
		}
	}
	for _, b := range a.line.Buckets {
		c.Bars = append(c.Bars, barOf(a.step(b), highest*float64(b.Records)/maxCount, "bar"))
	}
	return c
}

func barOf(step int, height float64, class string) bar {
	return bar{step, number(100 - height), number(height), class}
}

// gaps draws the longest gap that ended in each step, on a logarithmic scale.
func (a axes) gaps() chart {
	limit := survey.StallAfter(a.report.Survey.Cadence)
	c := a.chart("Longest gap", fmt.Sprintf("%s of over %s", term.Plural(a.report.Survey.StallCount, "stall"), term.Duration(limit)), func(b survey.Bucket) string {
		return "longest gap " + term.Duration(b.Gap)
	})
	greatest := time.Duration(0)
	for _, b := range a.line.Buckets {
		greatest = max(greatest, b.Gap)
	}
	low, high := math.Log(a.report.Survey.Cadence.Seconds()/4), math.Log(max(greatest.Seconds(), 2*limit.Seconds()))
	height := func(d time.Duration) float64 {
		return highest * max(0, (math.Log(max(d.Seconds(), 1e-9))-low)/(high-low))
	}
	c.Grid = []gridLine{gridAt(100-height(limit), term.Duration(limit))}
	c.Grid[0].Limit = true
	if greatest/4 > limit {
		c.Grid = append(c.Grid, gridAt(100-height(greatest), term.Duration(greatest)))
	}
	c.Grid = append(c.Grid, gridAt(100, ""))
	for _, b := range a.line.Buckets {
		class := "bar"
		if b.Gap > limit {
			class = "bar bad"
		}
		if b.Gap > 0 {
			c.Bars = append(c.Bars, barOf(a.step(b), height(b.Gap), class))
		}
	}
	return c
}
