package plot

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/NimbleMarkets/ntcharts/canvas/runes"
	"github.com/histlog/histlog/internal/term"
)

// A rune of Braille has this many dots.
const (
	dotsAcross = 2
	dotsDown   = 4
)

// rows is the height of a chart without its axis and its texts.
const rows = 12

// A screen draws charts as text.
type screen struct {
	strings.Builder
	columns int
	labels  int // width of the values on the vertical axes
	palette term.Palette
	zone    *time.Location
}

// Draw draws the charts below each other, as wide as the terminal. If w is not a terminal,
// they are 80 columns wide. Times are shown in zone.
func (p *Plot) Draw(w io.Writer, zone *time.Location) error {
	const pipe = 80
	s := screen{columns: pipe, palette: term.PaletteOf(w), zone: zone}
	if term.IsTerminal(w) {
		s.columns = term.Width(w)
	}
	if len(p.Columns) > 0 {
		if err := s.charts(p); err != nil {
			return err
		}
	}
	for _, note := range p.Notes() {
		s.line(term.Dim.Spanf("%s", note))
	}
	_, err := io.WriteString(w, strings.TrimRight(s.String(), "\n")+"\n")
	return err
}

// charts draws one chart for each series, below each other. The error is that the terminal is too
// narrow.
func (s *screen) charts(p *Plot) error {
	const ticks, minRoom = 4, 10
	scales := make([]Scale, len(p.Series))
	for i := range p.Series {
		scales[i] = p.Scale(i, ticks)
		for _, t := range scales[i].Ticks {
			s.labels = max(s.labels, len(t.Label))
		}
	}
	if missing := minRoom - s.room(); missing > 0 {
		return fmt.Errorf("the terminal has %d columns, and the chart needs at least %d", s.columns, s.columns+missing)
	}
	for i, series := range p.Series {
		s.title(series)
		s.chart(p, i, scales[i])
		s.times(p)
		if note := series.Note(); note != "" {
			s.line(term.Dim.Spanf("%s", note))
		}
		s.WriteByte('\n')
	}
	return nil
}

// line writes one line, shortened to the terminal.
func (s *screen) line(text term.Span) {
	text.Text = term.Truncate(text.Text, s.columns)
	s.WriteString(s.palette.Paint(text) + "\n")
}

// title writes the name of a series and a summary of its values.
func (s *screen) title(series *Series) {
	name, summary := term.Safe(series.Name()), series.Summary()
	room := s.columns - term.Columns(summary) - 2
	s.WriteString(s.palette.Paint(term.Strong.Spanf("%s", term.Truncate(name, max(room, s.columns/2)))))
	used := 0
	if term.Columns(name) > room { // the summary gets lines of its own
		s.WriteString("\n")
	} else {
		s.WriteString("  ")
		used = term.Columns(name) + 2
	}
	for i, part := range strings.Split(summary, partSign) {
		if i > 0 && used+term.Columns(partSign+part) > s.columns {
			s.WriteByte('\n')
			used = 0
		} else if i > 0 {
			part = partSign + part
		}
		s.WriteString(s.palette.Paint(term.Normal.Spanf("%s", term.Truncate(part, s.columns))))
		used += term.Columns(part)
	}
	s.WriteByte('\n')
}

// chart draws the values of a series, and the vertical axis.
func (s *screen) chart(p *Plot, series int, scale Scale) {
	labels := make([]string, rows)
	for _, t := range scale.Ticks {
		labels[dotOf(scale, t.Value)/dotsDown] = t.Label
	}
	band, line := s.dots(p, series, scale)
	lines := line.BraillePatterns()
	for row, ranges := range band.BraillePatterns() {
		sign := "│"
		if labels[row] != "" {
			sign = "┤"
		}
		s.WriteString(s.palette.Paint(term.Dim.Spanf("%*s%s", s.labels, labels[row], sign)))
		s.marks(ranges, lines[row])
	}
}

// marks writes one row of a chart. A rune of the line replaces that of the band.
func (s *screen) marks(band, line []rune) {
	var spans []term.Span
	for i, r := range band {
		style := term.Dim
		if line[i] != runes.BrailleBlockOffset {
			r, style = line[i], term.Mark
		}
		if r == runes.BrailleBlockOffset {
			r = ' '
		}
		if n := len(spans); n == 0 || spans[n-1].Style != style {
			spans = append(spans, term.Span{Style: style})
		}
		spans[len(spans)-1].Text += string(r)
	}
	for i, span := range spans {
		if i == len(spans)-1 {
			span.Text = strings.TrimRight(span.Text, " ")
		}
		s.WriteString(s.palette.Paint(span))
	}
	s.WriteByte('\n')
}

// dotOf returns the row of dots of a value, from the top.
func dotOf(scale Scale, v float64) int {
	return int(math.Round((1 - scale.At(v)) * (rows*dotsDown - 1)))
}

// room returns the number of columns beside the vertical axis.
func (s *screen) room() int { return s.columns - s.labels - 1 }

// dots returns the values as dots: the band from the min to the max of each column, and the
// line of the means.
func (s *screen) dots(p *Plot, series int, scale Scale) (band, line *runes.PatternDotsGrid) {
	across := s.room() * dotsAcross
	band, line = runes.NewPatternDotsGrid(across, rows*dotsDown), runes.NewPatternDotsGrid(across, rows*dotsDown)
	from, to := p.Span()
	grid := p.Grid(across, from, to)
	for _, run := range p.Runs(grid, series) {
		before, mean := run[0], dotOf(scale, grid[run[0]].Stats[series].Mean())
		for _, x := range run {
			stat := grid[x].Stats[series]
			highest, lowest := dotOf(scale, stat.Max), dotOf(scale, stat.Min)
			for y := highest; y <= lowest; y++ {
				if (x+y)%2 == 0 || y == highest || y == lowest { // half of the dots, so that the line is seen
					band.Set(x, y)
				}
			}
			to := dotOf(scale, stat.Mean())
			drawLine(line, before, mean, x, to)
			before, mean = x, to
		}
	}
	return band, line
}

// drawLine sets the dots of a straight line.
func drawLine(dots *runes.PatternDotsGrid, x0, y0, x1, y1 int) {
	steps := max(x1-x0, y1-y0, y0-y1)
	for i := range steps + 1 {
		part := float64(i) / float64(max(steps, 1))
		dots.Set(x0+int(math.Round(part*float64(x1-x0))), y0+int(math.Round(part*float64(y1-y0))))
	}
}

// times draws the horizontal axis and its labels.
func (s *screen) times(p *Plot) {
	const columnsOfTick = 12               // of a label and the space beside it
	most := max(2, s.room()/columnsOfTick) // a distance for one tick may have none between the ends
	axis, labels, all := s.axis(p, most)
	for ; !all && most > 2; most-- { // without one tick of many, the others would be at unequal distances
		axis, labels, all = s.axis(p, most-1)
	}
	margin := strings.Repeat(" ", s.labels)
	s.WriteString(s.palette.Paint(term.Dim.Spanf("%s└%s", margin, axis)) + "\n")
	s.WriteString(s.palette.Paint(term.Dim.Spanf("%s %s", margin, labels)) + "\n")
}

// axis returns the horizontal axis with at most as many ticks as given. all is false if one is missing because there
// is no room for its label.
func (s *screen) axis(p *Plot, most int) (axis, labels string, all bool) {
	from, to := p.Span()
	line, all := []rune(strings.Repeat("─", s.room())), true
	for _, t := range TimeTicks(from, to, s.zone, most) {
		x := min(int(Fraction(t.At, from, to)*float64(len(line))), len(line)-1)
		at := min(x, len(line)-len(t.Label))
		if at < 0 || labels != "" && at < len(labels)+2 {
			all = false
			continue
		}
		line[x] = '┬'
		labels += strings.Repeat(" ", at-len(labels)) + t.Label
	}
	return string(line), labels, all
}
