package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// labelColumns is where a fact's text begins.
const labelColumns = 10

// screen prints lines that fit a terminal.
type screen struct {
	out     *bufio.Writer
	columns int
	palette term.Palette
}

func newScreen(w io.Writer) *screen {
	const least = 40
	return &screen{bufio.NewWriter(w), max(least, term.Width(w)), term.PaletteOf(w)}
}

func (v *view) print(w io.Writer) error {
	s := newScreen(w)
	v.printVerdict(s)
	v.printFacts(s)
	v.printTimes(s)
	v.printStalls(s)
	v.printSegments(s)
	return s.out.Flush()
}

// fact prints a label and what there is to say, separated by dots, in as many
// lines as it takes.
func (s *screen) fact(label string, said ...term.Span) {
	room := s.columns - labelColumns
	at := 0
	fmt.Fprintf(s.out, "%s", s.palette.Paint(term.Dim.Spanf("%-*s", labelColumns, label)))
	for i, part := range said {
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

// line prints a line of its own.
func (s *screen) line(said term.Span) {
	said.Text = term.Truncate(term.Safe(said.Text), s.columns)
	fmt.Fprintln(s.out, s.palette.Paint(said))
}

// more prints a line that belongs to the fact before.
func (s *screen) more(said term.Span) {
	said.Text = term.Truncate(term.Safe(said.Text), s.columns-labelColumns)
	fmt.Fprintf(s.out, "%*s%s\n", labelColumns, "", s.palette.Paint(said))
}

// printVerdict says in a line how the log is, and what zone times are of.
func (v *view) printVerdict(s *screen) {
	word, line := v.verdict()
	zone := "times: " + v.zoneText()
	line = term.Truncate("  "+line, s.columns-term.Columns(word.Text))
	room := s.columns - term.Columns(word.Text) - term.Columns(line) - term.Columns(zone)
	if room < 2 { // it goes below
		line += "\n"
		room = s.columns - term.Columns(zone)
	}
	fmt.Fprintf(s.out, "%s%s%*s%s\n", s.palette.Paint(word), line, room, "", s.palette.Paint(term.Dim.Spanf("%s", zone)))
	printSome(s, term.Bad, v.damage, "histlog verify lists them")
	printSome(s, term.Warn, v.notices(), "--json lists them")
	s.out.WriteByte('\n')
}

// zoneText names the zone of the times that are shown; where clocks were changed
// between the first and the last record, both.
func (v *view) zoneText() string {
	if v.survey.Records == 0 {
		return zoneAt(v.now.In(v.zone))
	}
	first, last := zoneAt(v.survey.First.In(v.zone)), zoneAt(v.survey.Last.In(v.zone))
	if first == last {
		return last
	}
	return first + " → " + last
}

func zoneAt(t time.Time) string {
	name, offset := t.Format("MST"), t.Format("-07:00")
	if strings.HasPrefix(name, offset[:1]) { // it has no name
		return offset
	}
	return fmt.Sprintf("%s (%s)", name, offset)
}

// notices are what is no damage, but wants somebody to look: a setting that
// can't be read, and the files in quarantine.
func (v *view) notices() (all []string) {
	if v.unread != nil {
		all = append(all, v.unread.Error())
	}
	for _, name := range v.quarantine {
		all = append(all, segment.QuarantineName+"/"+name)
	}
	return all
}

// printSome prints the first of many things, and who tells the others.
func printSome[T any](s *screen, how term.Style, all []T, others string) {
	const most = 5
	for _, one := range all[:min(most, len(all))] {
		s.more(how.Spanf("%s", term.Safe(fmt.Sprint(one))))
	}
	if n := len(all) - most; n > 0 {
		s.more(term.Spanf("… %d more: %s", n, others))
	}
}

// verdict is the word that says how the log is, and why.
func (v *view) verdict() (term.Span, string) {
	word := term.Good.Spanf("OK")
	if _, is := v.late(); is {
		word = term.Warn.Spanf("LATE")
	}
	if len(v.damage) > 0 {
		word = term.Bad.Spanf("DAMAGED")
	}
	damaged := max(len(v.damage), v.notes.Verified.Damaged)
	return word, fmt.Sprintf("%s · %d damaged · quarantine %s", v.lastRecord(), damaged, v.quarantineText())
}

func (v *view) lastRecord() string {
	s := v.survey
	if s.Records == 0 {
		return "no records yet"
	}
	text := "last record " + term.Duration(max(0, v.now.Sub(s.LastArrived))) + " ago"
	if s.Cadence > 0 {
		text += ", one every " + term.Duration(s.Cadence)
	}
	return text
}

func (v *view) quarantineText() string {
	if len(v.quarantine) == 0 {
		return "empty"
	}
	return term.Plural(uint64(len(v.quarantine)), "file")
}

// printFacts prints the lines that begin with a word.
func (v *view) printFacts(s *screen) {
	for _, f := range v.facts() {
		s.fact(f.label, f.said...)
	}
	s.out.WriteByte('\n')
}

// printTimes draws when records came, and how large they were.
func (v *view) printTimes(s *screen) {
	if v.survey.Records == 0 {
		return
	}
	core, _ := v.survey.Timeline.WithoutOutliers()
	first, last := core.Buckets[0].Start, core.Buckets[len(core.Buckets)-1].Start
	for _, unit := range []struct {
		label, layout string
		step          time.Duration
	}{{"per hour", "01-02 15h", time.Hour}, {"per day", "01-02", day}} {
		if last-first >= int64(unit.step/time.Second) && core.Step <= unit.step && v.survey.Cadence < unit.step/2 {
			v.printCounts(s, core, unit.label, unit.layout, unit.step)
		}
	}
	text := fmt.Sprintf("median %s · max %s  ", term.Bytes(int64(v.survey.MedianSize)), term.Bytes(int64(v.survey.MaxSize)))
	s.fact("size", term.Spanf("%s%s", text, sizesOf(core, s.columns-labelColumns-term.Columns(text))))
}

func (v *view) printCounts(s *screen, t survey.Timeline, label, layout string, step time.Duration) {
	const most = 96
	_, offset := v.survey.Last.In(v.zone).Zone()
	ahead := time.Duration(offset) * time.Second
	last := time.Unix(t.Buckets[len(t.Buckets)-1].Start, 0)
	until, word := v.now, "now"
	if v.now.Sub(last) > 24*step || v.now.Before(last) {
		until, word = last, "last"
	}
	room := min(most, s.columns-labelColumns-2*len("12345 ")-len(word))
	c := countsUntil(t, step, ahead, until, room)
	top := fmt.Sprintf("%.0f ", c.most)
	s.fact(label, term.Spanf("%s%s  %s %.0f", top, c.draw(), word, c.values[len(c.values)-1]))
	s.more(term.Dim.Spanf("%*s%s", len(top), "", c.axis(v.zone, layout)))
}

// printStalls lists the longest gaps, the one that lasts first.
func (v *view) printStalls(s *screen) {
	const most = 6
	silence, stalled := v.late()
	n, over := v.survey.StallCount, survey.StallAfter(v.survey.Cadence)
	switch {
	case v.survey.Cadence == 0 && !stalled:
		return
	case v.survey.Cadence == 0:
		over, _ = survey.LateAfter(v.survey.Arrivals)
	}
	count := term.Spanf("%s (over %s)", term.Count(n), term.Duration(over))
	if stalled {
		count = term.Spanf("%s (over %s), 1 of them goes on", term.Count(n+1), term.Duration(over))
	}
	if s.fact("stalls", count); stalled {
		s.more(term.Bad.Spanf("%s → now  %s so far  after seq %d", v.time(v.survey.LastArrived), term.Duration(silence), v.survey.LastSeq))
	}
	for _, g := range longest(v.survey.Stalls, most) {
		s.more(term.Spanf("%s → %s  %s  after seq %d", v.time(g.From), v.timeAfter(g.To, g.From), term.Duration(g.Length()), g.After))
	}
	if n > most {
		s.more(term.Dim.Spanf("… %s shorter ones: --json or --html lists them", term.Count(n-most)))
	}
}

// longest returns the longest stalls, the very longest first.
func longest(all []survey.Stall, most int) []survey.Stall {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b survey.Stall) int { return cmp.Compare(b.Length(), a.Length()) })
	return sorted[:min(most, len(sorted))]
}

// time formats t, with its year if that is not the current one.
func (v *view) time(t time.Time) string { return v.timeAfter(t, v.now) }

// timeAfter formats t, with its year if that is not the year of before.
func (v *view) timeAfter(t, before time.Time) string { return term.Time(t.In(v.zone), before) }

// printSegments lists the segments, of many the first and the last.
func (v *view) printSegments(s *screen) {
	const ends = 4 // so many at either end are shown
	all := v.survey.Segments
	const row = "%-*s %9s %8s %8s %6s  %s"
	s.out.WriteByte('\n')
	s.line(term.Strong.Spanf(row, v.nameColumns(), "SEGMENT", "RECORDS", "PLAIN", "DISK", "RATIO", "STATE"))
	for i, seg := range all {
		switch hidden := len(all) - 2*ends; {
		case hidden <= 1 || i < ends || i >= ends+hidden:
			s.line(term.Spanf(row, v.nameColumns(), rangeText(seg), term.Count(seg.Records), term.Bytes(int64(seg.Bytes)), term.Bytes(seg.Disk), ratioText(seg), stateText(seg)))
		case i == ends:
			s.line(term.Dim.Spanf("… %d more: --json or --html lists them", hidden))
		}
	}
}

func (v *view) nameColumns() int {
	n := len("SEGMENT")
	for _, s := range v.survey.Segments {
		n = max(n, term.Columns(rangeText(s)))
	}
	return n
}

func rangeText(s survey.Segment) string {
	if !s.Sealed {
		return fmt.Sprintf("%d–", s.Base)
	}
	return term.Range(s.Base, s.Next-1)
}

func ratioText(s survey.Segment) string {
	switch r := s.Ratio(); {
	case r == 0 || s.Codec == segment.Plain:
		return ""
	case r < 10:
		return fmt.Sprintf("%.1fx", r)
	default:
		return fmt.Sprintf("%.0fx", r)
	}
}

// stateText is active, plain, or what a segment was compressed with.
func stateText(s survey.Segment) string {
	text := cmp.Or(strings.TrimPrefix(s.Codec.Extension(), "."), "plain")
	if !s.Sealed {
		text = "active"
	}
	if s.Copy {
		text += ", plain too"
	}
	return text
}

// diskBytes returns the length of a segment's file, 0 if it is gone.
func diskBytes(s segment.Segment) int64 {
	info, err := os.Lstat(s.Path)
	if err != nil {
		return 0
	}
	return info.Size()
}
