package recordtime

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itchyny/timefmt-go"
)

// A Format says how the times of a log are written. nil means auto: in any of the forms
// that Parse reads.
type Format struct {
	unit    time.Duration // of numbers since 1970; 0 means any count
	order   Order         // of dates in numbers
	pattern *pattern      // nil means none
}

// formatNames are the names of formats that are not patterns.
var formatNames = []struct {
	name   string
	format *Format
}{
	{"auto", nil},
	{"unix", &Format{unit: time.Second}},
	{"unix-ms", &Format{unit: time.Millisecond}},
	{"unix-us", &Format{unit: time.Microsecond}},
	{"unix-ns", &Format{unit: time.Nanosecond}},
	{"day-first", &Format{order: DayFirst}},
	{"month-first", &Format{order: MonthFirst}},
}

// ParseFormat parses the text of a log's setting: a name, or a pattern with the letters
// of strptime.
func ParseFormat(text string) (*Format, error) {
	var names []string
	for _, f := range formatNames {
		if f.name == text {
			return f.format, nil
		}
		names = append(names, f.name)
	}
	if !strings.Contains(text, "%") {
		return nil, fmt.Errorf("want %s or a pattern such as %%d/%%m/%%Y %%H:%%M:%%S", strings.Join(names, ", "))
	}
	p, err := parsePattern(text)
	if err != nil {
		return nil, err
	}
	return &Format{pattern: p}, nil
}

// A pattern is a text with the letters of strptime.
type pattern struct {
	text       string
	absolute   bool // has %s or %z
	named      bool // has %Z, and is not absolute
	hasDay     bool // has a day of the month
	hasYearDay bool
}

// parsePattern checks a pattern: it must read what it writes, with the year, without
// which no record has a time.
func parsePattern(text string) (*pattern, error) {
	text = strings.TrimSpace(text)
	p := &pattern{text: text}
	letters := letters(text)
	has := func(any string) bool {
		return slices.ContainsFunc(letters, func(c byte) bool { return strings.IndexByte(any, c) >= 0 })
	}
	p.absolute = has("sz")
	p.named = has("Z+") && !p.absolute
	p.hasDay = has("deFDxvc+") && !has("s")
	p.hasYearDay = has("j")
	example := time.Date(2025, time.November, 28, 16, 14, 22, 0, time.UTC)
	back, err := timefmt.Parse(timefmt.Format(example, text), text)
	switch {
	case err != nil:
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
		return nil, err
	case back.Year() != example.Year():
		return nil, errors.New("the pattern has no year")
	}
	return p, nil
}

// letters returns the letters after the percent signs of a pattern.
func letters(text string) (all []byte) {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '%' {
			continue
		}
		for i++; i+1 < len(text) && text[i] == ':'; i++ { // %:z
		}
		all = append(all, text[i])
	}
	return all
}

func (p *pattern) parse(text string, zone *time.Location) (time.Time, bool) {
	// In UTC, because the library would give the zone's own offset to a name in the text,
	// whatever the name means.
	t, err := timefmt.ParseInLocation(text, p.text, time.UTC)
	if err != nil || !p.exists(t, text) {
		return time.Time{}, false
	}
	ok := true
	switch {
	case p.named:
		t, ok = inNamedZone(t, zone)
	case !p.absolute:
		t = clockIn(t, zone)
	}
	return t, ok && representable(t)
}

// exists reports whether the date in a text exists. The library takes 31 February for
// 3 March, and day 366 of a year with 365 days for the first one of the next year. So the
// text is read again with day 1: the difference is the day that the text has.
func (p *pattern) exists(t time.Time, text string) bool {
	letter := "%d"
	switch { // a leap second may add a day
	case p.hasDay && t.Day() > 4, !p.hasDay && (!p.hasYearDay || t.YearDay() > 2):
		return true
	case !p.hasDay:
		letter = "%j"
	}
	first, err := timefmt.ParseInLocation(text+" 1", p.text+" "+letter, time.UTC)
	days := daysIn(first.Year(), int(first.Month()))
	if !p.hasDay {
		days = daysIn(first.Year(), 2) + 337
	}
	return err == nil && t.Sub(first) < time.Duration(days)*24*time.Hour
}

// inNamedZone returns the time that the clock of t shows in the zone whose name %Z has
// read: an abbreviation of the log's own zone, or one that has one meaning.
func inNamedZone(t time.Time, zone *time.Location) (_ time.Time, ok bool) {
	name, _ := t.Zone()
	own := clockIn(t, zone)
	if ownName, _ := own.Zone(); ownName == name {
		return own, true
	}
	s, r := scanner{text: []byte(name)}, reading{}
	ok = s.zone(&r) && s.ended()
	return clockIn(t, time.FixedZone(name, r.offset)), ok
}

// clockIn returns the time at which a clock in zone shows what t shows.
func clockIn(t time.Time, zone *time.Location) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
}
