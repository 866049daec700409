package plot

import (
	"math"
	"slices"
	"time"

	"github.com/histlog/histlog/internal/field"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
)

// A Plot is what the charts of some records show.
type Plot struct {
	Series     []*Series
	Columns    []Column // in order of time, without outliers
	Usual      time.Duration
	Stalls     []survey.Stall // the longest
	StallCount uint64
	Records    uint64 // all that were read, lost and damaged records included
	Lost       uint64
	Damaged    uint64
	ClockTimes uint64 // records without a time of their own
	Backwards  uint64 // records whose time is before that of the preceding record
	Outliers   uint64 // records that are not in Columns because of their times
}

// A Series holds what is known of the values of one chart, those of outliers included.
type Series struct {
	Field field.Field
	Stat
	gaps map[kind]uint64 // number of values by the kind of what is not a number
}

// A group is series whose values one pass over a record finds: all without a star, or one
// with a star.
type group struct {
	extract *field.Extractor
	series  []int
}

// A Collector makes a Plot of records.
type Collector struct {
	plot    Plot
	groups  []group
	line    timeline
	gaps    survey.Gaps
	before  time.Time // time of the record that was added last; zero if there is none
	damaged bool      // damaged records come after it
}

// NewCollector returns a Collector of charts for fields, one for each.
func NewCollector(fields []field.Field) *Collector {
	c := &Collector{line: newTimeline()}
	var plain []field.Field
	var single group
	for i, f := range fields {
		c.plot.Series = append(c.plot.Series, &Series{Field: f, gaps: map[kind]uint64{}})
		if f.HasStar() {
			c.groups = append(c.groups, group{field.NewExtractor([]field.Field{f}), []int{i}})
			continue
		}
		plain, single.series = append(plain, f), append(single.series, i)
	}
	single.extract = field.NewExtractor(plain)
	c.groups = append(c.groups, single)
	return c
}

// Add adds a record.
func (c *Collector) Add(rec reader.Record) {
	p := &c.plot
	p.Records++
	if rec.Damage != nil { // its time is not known either
		p.Damaged++
		c.damaged = true
		return
	}
	c.gaps.Add(rec.Seq, rec.Time)
	if rec.Blank {
		p.Lost++
	}
	if rec.Flags&segment.ClockTime != 0 {
		p.ClockTimes++
	}
	if c.damaged && !c.before.IsZero() { // a gap in the middle of where they were
		c.line.add(c.column(c.before.Add(rec.Time.Sub(c.before)/2), 0))
	}
	column := c.column(rec.Time, 1)
	if !rec.Blank {
		c.take(rec, column)
	}
	c.line.add(column)
	c.before, c.damaged = rec.Time, false
}

// take adds the values of a record to their series and to the record's column.
func (c *Collector) take(rec reader.Record, column Column) {
	taken := field.Record{Text: rec.Text, Seq: uint64(rec.Seq), Time: rec.Time, Arrived: rec.Arrived}
	for _, g := range c.groups {
		found := false
		_ = g.extract.Rows(taken, func(values [][]byte) error { // this function has no error
			found = true
			for j, i := range g.series {
				c.plot.Series[i].take(values[j], &column.Stats[i])
			}
			return nil
		})
		if !found { // the star matches nothing
			c.plot.Series[g.series[0]].take(nil, nil)
		}
	}
}

// take adds a value to the series and, if it is a number, to a column.
func (s *Series) take(value []byte, column *Stat) {
	v, k := parse(value)
	if k != number {
		s.gaps[k]++
		return
	}
	s.add(v)
	column.add(v)
}

func (c *Collector) column(at time.Time, records uint64) Column {
	ns := at.UnixNano()
	return Column{From: ns, To: ns, Records: records, Stats: make([]Stat, len(c.plot.Series))}
}

// Plot returns the Plot of the records that were added. The Collector must not be used
// after it.
func (c *Collector) Plot() *Plot {
	p := &c.plot
	p.Usual, p.Backwards = c.gaps.Usual(), c.gaps.Backwards
	p.Stalls, p.StallCount = c.gaps.Stalls()
	p.Columns, p.Outliers = survey.WithoutOutliers(c.line.columns, 1<<c.line.bits, func(in Column) (int64, uint64) { return in.From, in.Records })
	return p
}

// RemoveEmpty removes the series without numbers, and returns them.
func (p *Plot) RemoveEmpty() (removed []*Series) {
	for i := 0; i < len(p.Series); {
		if p.Series[i].Count > 0 {
			i++
			continue
		}
		removed = append(removed, p.Series[i])
		p.Series = slices.Delete(p.Series, i, i+1)
		for at := range p.Columns {
			c := &p.Columns[at]
			c.Stats = slices.Delete(c.Stats, i, i+1)
		}
	}
	return removed
}

// Span returns the times of the first and the last record that are drawn, in Unix ns. Around
// a single time it is longer.
func (p *Plot) Span() (from, to int64) {
	from, to = p.Columns[0].From, p.Columns[len(p.Columns)-1].To
	for _, c := range p.Columns {
		to = max(to, c.To)
	}
	if Fraction(to, from, from+int64(10*time.Millisecond)) < 1 {
		return from - int64(time.Minute), to + int64(time.Minute)
	}
	return from, to
}

// Grid returns the columns from one time to another as n columns of equal width. A column
// without records has no Stats.
func (p *Plot) Grid(n int, from, to int64) []Column {
	grid := make([]Column, n)
	for _, c := range p.Columns {
		part := Fraction(c.From, from, to)
		if part < 0 || part > 1 {
			continue
		}
		at := &grid[min(int(part*float64(n)), n-1)]
		if at.Stats == nil {
			*at = Column{From: c.From, To: c.To, Stats: make([]Stat, len(p.Series))}
		}
		at.join(c)
	}
	return grid
}

// Fraction returns where a time is between from, 0, and to, 1.
func Fraction(at, from, to int64) float64 { // the difference of int64 could overflow
	return (float64(at) - float64(from)) / (float64(to) - float64(from))
}

// Runs returns the columns of a grid, by their indexes, that have numbers of a series. A
// line connects those of one run. A run ends before a column that has no numbers, and
// before a stall.
func (p *Plot) Runs(grid []Column, series int) (runs [][]int) {
	longest := math.Inf(1)
	if p.Usual > 0 {
		longest = float64(survey.StallAfter(p.Usual))
	}
	var run []int
	end := func() {
		if len(run) > 0 {
			runs = append(runs, run)
		}
		run = nil
	}
	for i, c := range grid {
		if c.Stats == nil {
			continue
		}
		if n := len(run); c.Stats[series].Count == 0 || n > 0 && float64(c.From)-float64(grid[run[n-1]].To) > longest {
			end()
		}
		if c.Stats[series].Count > 0 {
			run = append(run, i)
		}
	}
	end()
	return runs
}
