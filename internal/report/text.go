package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
)

// labelColumns is the width of the label of a fact.
const labelColumns = 13

// A screen prints lines that fit the terminal.
type screen struct {
	out     *bufio.Writer
	columns int
	palette term.Palette
}

func newScreen(w io.Writer) *screen {
	const minColumns = 40
	return &screen{bufio.NewWriter(w), max(minColumns, term.Width(w)), term.PaletteOf(w)}
}

// Print prints the report as text.
func (r *Report) Print(w io.Writer) error {
	s := newScreen(w)
	r.printHeadline(s)
	r.printFacts(s)
	r.printTimes(s)
	r.printStalls(s)
	r.printSegments(s)
	return s.out.Flush()
}

// printFact prints a label and parts, separated by dots, in as many lines as it takes.
func (s *screen) printFact(label string, parts ...term.Span) {
	room := s.columns - labelColumns
	at := 0
	fmt.Fprintf(s.out, "%s", s.palette.Paint(term.Dim.Spanf("%-*s", labelColumns, label)))
	for i, part := range parts {
		part.Text = term.Truncate(term.Safe(part.Text), room)
		n := term.Columns(part.Text)
		switch {
		case i == 0:
		case at+3+n <= room:
			s.out.WriteString(" · ")
			at += 3
		default:
			s.out.WriteString("\n" + strings.Repeat(" ", labelColumns))
			at = 0
		}
		s.out.WriteString(s.palette.Paint(part))
		at += n
	}
	s.out.WriteByte('\n')
}

// printLine prints one line.
func (s *screen) printLine(line term.Span) {
	line.Text = term.Truncate(term.Safe(line.Text), s.columns)
	fmt.Fprintln(s.out, s.palette.Paint(line))
}

// printIndented prints a line that belongs to the preceding fact.
func (s *screen) printIndented(line term.Span) {
	line.Text = term.Truncate(term.Safe(line.Text), s.columns-labelColumns)
	fmt.Fprintf(s.out, "%*s%s\n", labelColumns, "", s.palette.Paint(line))
}

// printHeadline prints the headline, the zone of the times, damage and notices.
func (r *Report) printHeadline(s *screen) {
	word, line := r.Headline()
	zone := "times: " + r.ZoneText()
	line = term.Truncate("  "+line, s.columns-term.Columns(word.Text))
	room := s.columns - term.Columns(word.Text) - term.Columns(line) - term.Columns(zone)
	if room < 2 { // the zone gets a line of its own
		line += "\n"
		room = s.columns - term.Columns(zone)
	}
	fmt.Fprintf(s.out, "%s%s%*s%s\n", s.palette.Paint(word), line, room, "", s.palette.Paint(term.Dim.Spanf("%s", zone)))
	printSome(s, term.Bad, r.Damage, "histlog verify lists them")
	printSome(s, term.Warn, r.Notices(), "--json lists them")
	s.out.WriteByte('\n')
}

// ZoneText names the zone of the times that are shown. If the offset changed between
// the first and the last record, it names both.
func (r *Report) ZoneText() string {
	if r.Survey.Records == 0 {
		return term.Zone(r.Now.In(r.Zone))
	}
	return term.Zones(r.Survey.First.In(r.Zone), r.Survey.Last.In(r.Zone))
}

// Notices returns problems that are not damage but need attention: settings that cannot be
// read, and files in quarantine.
func (r *Report) Notices() (all []string) {
	if r.PolicyErr != nil {
		all = append(all, r.PolicyErr.Error())
	}
	for _, name := range r.Quarantine {
		all = append(all, filename.Quarantine+"/"+name)
	}
	return all
}

// printSome prints the first ones of all, and says where the others are listed.
func printSome[T any](s *screen, how term.Style, all []T, others string) {
	const maxShown = 5
	for _, one := range all[:min(maxShown, len(all))] {
		s.printIndented(how.Spanf("%s", term.Safe(fmt.Sprint(one))))
	}
	if n := len(all) - maxShown; n > 0 {
		s.printIndented(term.Spanf("… %d more: %s", n, others))
	}
}

// Headline returns the state of the log in a word, and the reason.
func (r *Report) Headline() (term.Span, string) {
	word := term.Good.Spanf("OK")
	if _, is := r.late(); is {
		word = term.Warn.Spanf("LATE")
	}
	if len(r.Damage) > 0 {
		word = term.Bad.Spanf("DAMAGED")
	}
	damaged := max(len(r.Damage), r.Status.Verified.Damaged)
	return word, fmt.Sprintf("%s · %d damaged · quarantine %s", r.lastRecord(), damaged, r.quarantineText())
}

func (r *Report) lastRecord() string {
	s := r.Survey
	if s.Records == 0 {
		return "no records yet"
	}
	text := "last record " + term.Duration(max(0, r.Now.Sub(s.LastArrived))) + " ago"
	if s.Cadence > 0 {
		text += ", one every " + term.Duration(s.Cadence)
	}
	return text
}

func (r *Report) quarantineText() string {
	if len(r.Quarantine) == 0 {
		return "empty"
	}
	return term.Plural(uint64(len(r.Quarantine)), "file")
}

// printFacts prints the facts.
func (r *Report) printFacts(s *screen) {
	for _, f := range r.Facts() {
		s.printFact(f.Label, f.Parts...)
	}
	s.out.WriteByte('\n')
}

// printTimes draws the numbers and the sizes of records over time.
func (r *Report) printTimes(s *screen) {
	if r.Survey.Records == 0 {
		return
	}
	core, _ := r.Survey.Timeline.WithoutOutliers()
	first, last := core.Buckets[0].Start, core.Buckets[len(core.Buckets)-1].Start
	for _, unit := range []struct {
		label, layout string
		step          time.Duration
	}{{"per hour", "01-02 15h", time.Hour}, {"per day", "01-02", day}} {
		if last-first >= int64(unit.step/time.Second) && core.Step <= unit.step && r.Survey.Cadence < unit.step/2 {
			r.printCounts(s, core, unit.label, unit.layout, unit.step)
		}
	}
	text := fmt.Sprintf("median %s · max %s  ", term.Bytes(int64(r.Survey.MedianSize)), term.Bytes(int64(r.Survey.MaxSize)))
	s.printFact("size", term.Spanf("%s%s", text, sizesOf(core, s.columns-labelColumns-term.Columns(text))))
}

func (r *Report) printCounts(s *screen, t survey.Timeline, label, layout string, step time.Duration) {
	const maxShown = 96
	_, offset := r.Survey.Last.In(r.Zone).Zone()
	ahead := time.Duration(offset) * time.Second
	last := time.Unix(t.Buckets[len(t.Buckets)-1].Start, 0)
	until, word := r.Now, "now"
	if r.Now.Sub(last) > 24*step || r.Now.Before(last) {
		until, word = last, "last"
	}
	room := min(maxShown, s.columns-labelColumns-2*len("12345 ")-len(word))
	c := countsUntil(t, step, ahead, until, room)
	top := fmt.Sprintf("%.0f ", c.max)
	s.printFact(label, term.Spanf("%s%s  %s %.0f", top, c.draw(), word, c.values[len(c.values)-1]))
	s.printIndented(term.Dim.Spanf("%*s%s", len(top), "", c.axis(r.Zone, layout)))
}

// printStalls lists the longest stalls, after the one that is not over yet.
func (r *Report) printStalls(s *screen) {
	const maxShown = 6
	silence, stalled := r.late()
	n, over := r.Survey.StallCount, survey.StallAfter(r.Survey.Cadence)
	switch {
	case r.Survey.Cadence == 0 && !stalled:
		return
	case r.Survey.Cadence == 0:
		over, _ = health.LateAfter(r.Log, r.Survey.Arrivals)
	}
	count := term.Spanf("%s (over %s)", term.Count(n), term.Duration(over))
	if stalled {
		count = term.Spanf("%s (over %s), 1 of them not over yet", term.Count(n+1), term.Duration(over))
	}
	if s.printFact("stalls", count); stalled {
		s.printIndented(term.Bad.Spanf("%s → now  %s so far  after seq %d", r.time(r.Survey.LastArrived), term.Duration(silence), r.Survey.LastSeq))
	}
	for _, g := range Longest(r.Survey.Stalls, maxShown) {
		s.printIndented(term.Spanf("%s → %s  %s  after seq %d", r.time(g.From), r.timeAfter(g.To, g.From), term.Duration(g.Length()), g.After))
	}
	if n > maxShown {
		s.printIndented(term.Dim.Spanf("… %s shorter ones: --json or --html lists them", term.Count(n-maxShown)))
	}
}

// time formats t, with its year if that is not the current one.
func (r *Report) time(t time.Time) string { return r.timeAfter(t, r.Now) }

// timeAfter formats t, with its year if that is not the year of before.
func (r *Report) timeAfter(t, before time.Time) string { return term.Time(t.In(r.Zone), before) }

// printSegments lists the segments; of many only the first and the last.
func (r *Report) printSegments(s *screen) {
	const ends = 4 // segments shown at either end
	all := r.Survey.Segments
	const row = "%-*s %9s %8s %8s %6s  %s"
	s.out.WriteByte('\n')
	s.printLine(term.Strong.Spanf(row, r.nameColumns(), "SEGMENT", "RECORDS", "PLAIN", "DISK", "RATIO", "STATE"))
	for i, seg := range all {
		switch hidden := len(all) - 2*ends; {
		case hidden <= 1 || i < ends || i >= ends+hidden:
			s.printLine(term.Spanf(row, r.nameColumns(), RangeText(seg), term.Count(seg.Records), term.Bytes(int64(seg.Bytes)), term.Bytes(seg.Disk), RatioText(seg), StateText(seg)))
		case i == ends:
			s.printLine(term.Dim.Spanf("… %d more: --json or --html lists them", hidden))
		}
	}
}

func (r *Report) nameColumns() int {
	n := len("SEGMENT")
	for _, s := range r.Survey.Segments {
		n = max(n, term.Columns(RangeText(s)))
	}
	return n
}
