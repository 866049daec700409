package html

import (
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/plot"
	"github.com/histlog/histlog/internal/term"
)

// The numbers of columns that a plot is divided into: a page is zoomed, a picture is not.
const (
	pageColumns    = 4096
	pictureColumns = pageColumns / coarse
	coarse         = 4 // columns of a page are one of its column while it is not zoomed
)

// A Source says which log a plot is of, and how it is shown.
type Source struct {
	Dir     string
	Zone    *time.Location // zone in which times are shown
	Version string         // of the program
}

// times names the zone of the times of p.
func (s Source) times(p *plot.Plot) string {
	if len(p.Columns) == 0 {
		return term.Zone(time.Now().In(s.Zone))
	}
	from, to := p.Span()
	return term.Zones(time.Unix(0, from).In(s.Zone), time.Unix(0, to).In(s.Zone))
}

// charts returns the charts of p, divided into columns. Without records there are none.
func (s Source) charts(p *plot.Plot, columns int) *chartSet {
	if len(p.Columns) == 0 {
		return nil
	}
	from, to := p.Span()
	v := view{p, s.Zone, from, to, columns}
	set := newChartSet(v.charts(), from, to, s.Zone)
	set.Notes = p.Notes()
	return set
}

// WritePlot writes a page with the charts of p.
func WritePlot(out io.Writer, p *plot.Plot, s Source) error {
	made := time.Now().In(s.Zone).Format(time.DateTime)
	f := frame{Name: term.Safe(nameOf(s.Dir)), Made: made, Zone: s.times(p), Version: s.Version, Charts: s.charts(p, pageColumns)}
	return execute(out, "plot.html", &f, &f)
}

// A view is a plot from one time to another, in Unix ns, divided into columns.
type view struct {
	plot     *plot.Plot
	zone     *time.Location
	from, to int64
	columns  int
}

// charts returns a chart for each series.
func (v view) charts() (all []chart) {
	grid := v.plot.Grid(v.columns, v.from, v.to)
	ticks, stalls := timeTicks(v.from, v.to, v.zone), shades(v.plot.Stalls, v.step, v.columns)
	for i, s := range v.plot.Series {
		c := chart{
			Title: term.Safe(s.Name()), Usual: s.Summary(), Note: s.Note(),
			Height: chartTop + chartTall + chartFoot, Top: chartTop, Tall: chartTall, Steps: v.columns, Stalls: stalls, Ticks: ticks,
		}
		scale := v.plot.Scale(i, 3)
		for _, t := range scale.Ticks {
			c.Grid = append(c.Grid, gridAt(heightOf(scale, t.Value), t.Label))
		}
		c.Lines = v.lines(grid, i, scale)
		c.Hits = v.hits(grid, i)
		all = append(all, c)
	}
	return all
}

// step returns where a time is, in columns.
func (v view) step(t time.Time) float64 {
	return plot.Fraction(t.UnixNano(), v.from, v.to) * float64(v.columns)
}

// heightOf returns the height of a value as the marks of a chart count it.
func heightOf(scale plot.Scale, value float64) float64 {
	return 100 - (100-highest)/2 - highest*scale.At(value)
}

// lines returns the lines of a series. A picture has only those of grid, whose columns are
// the finest.
func (v view) lines(grid []plot.Column, series int, scale plot.Scale) []lines {
	all := []lines{{Steps: 1}}
	all[0].Band, all[0].Mean = v.paths(grid, series, scale)
	if v.columns == pageColumns {
		all[0].Class = "fine"
		all = append(all, lines{Steps: coarse, Class: "coarse"})
		all[1].Band, all[1].Mean = v.paths(v.plot.Grid(v.columns/coarse, v.from, v.to), series, scale)
	}
	return all
}

// paths returns the band from the min to the max of each column, and the line of the means.
func (v view) paths(grid []plot.Column, series int, scale plot.Scale) (band, mean string) {
	var bands, means strings.Builder
	for _, run := range v.plot.Runs(grid, series) {
		at := func(x int, y float64) string {
			middle := plot.Fraction(grid[x].From/2+grid[x].To/2, v.from, v.to)
			return number(middle*float64(len(grid))) + "," + number(heightOf(scale, y))
		}
		begin, isRange := "M", false
		for _, x := range run {
			s := grid[x].Stats[series]
			means.WriteString(begin + at(x, s.Mean()))
			begin, isRange = "L", isRange || s.Min < s.Max
		}
		means.WriteString("h0") // makes a run of one column a point
		if !isRange {
			continue
		}
		begin = "M"
		for _, x := range run {
			bands.WriteString(begin + at(x, grid[x].Stats[series].Max))
			begin = "L"
		}
		for i := len(run) - 1; i >= 0; i-- {
			bands.WriteString("L" + at(run[i], grid[run[i]].Stats[series].Min))
		}
		bands.WriteString("z")
	}
	return bands.String(), means.String()
}

// hits says what each column has.
func (v view) hits(grid []plot.Column, series int) (hits []hit) {
	name := v.plot.Series[series]
	for x, c := range grid {
		if c.Stats == nil {
			continue
		}
		text := "no number"
		if s := c.Stats[series]; s.Count == 1 {
			text = name.Text(s.Last)
		} else if s.Count > 1 {
			text = fmt.Sprintf("%s to %s, mean %s of %s", name.Text(s.Min), name.Text(s.Max), name.Text(s.Mean()), term.Plural(s.Count, "value"))
		}
		hits = append(hits, hit{x, time.Unix(0, c.From).In(v.zone).Format(time.DateTime) + ": " + text})
	}
	return hits
}

// A picture is the data of the template of a picture.
type picture struct {
	Name          string
	Style         template.CSS
	Width, Height int
	Margin        int // pixels around the charts
	Left          int
	Pictures      []placed
	Lines         []line
}

// A placed chart is y pixels from the top.
type placed struct {
	chart
	Y int
}

// A line of text is y pixels from the top.
type line struct {
	Y    int
	Text string
}

// The measures of a picture, in pixels.
const (
	pictureWidth  = 960
	pictureMargin = 16
	pictureHead   = 36 // of a chart, with its name and summary
	lineHeight    = 18
)

// Inner returns the width of a chart with its labels.
func (p picture) Inner() int { return p.Width - 2*p.Margin }

// Across returns the width of a chart without its labels.
func (p picture) Across() int { return p.Inner() - p.Left }

// LabelEnd returns where the labels of the vertical axes end.
func (p picture) LabelEnd() int { return p.Left - 6 }

// WriteSVG writes the charts of p as one picture.
func WriteSVG(out io.Writer, p *plot.Plot, s Source) error {
	style, err := pageFiles.ReadFile("chart.css")
	if err != nil {
		return err
	}
	t, err := template.ParseFS(pageFiles, "parts.html", "plot.svg")
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(out, "plot.svg", pictureOf(p, s, template.CSS(style)))
}

func pictureOf(p *plot.Plot, s Source, style template.CSS) picture {
	f := picture{Name: term.Safe(nameOf(s.Dir)), Style: style, Width: pictureWidth, Margin: pictureMargin}
	y := pictureMargin
	write := func(text string) {
		y += lineHeight
		f.Lines = append(f.Lines, line{y - 5, text})
	}
	set := s.charts(p, pictureColumns)
	if set == nil {
		set = &chartSet{Notes: []string{"There are no records to draw."}}
	}
	f.Left = set.Left
	for _, c := range set.Charts {
		f.Pictures = append(f.Pictures, placed{c, y})
		y += pictureHead + c.Height
		if c.Note != "" {
			write(c.Note)
		}
		y += pictureMargin
	}
	for _, note := range set.Notes {
		write(note)
	}
	write(f.Name + " · times: " + s.times(p))
	f.Height = y + pictureMargin
	return f
}
