package migrate

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// TestDateOrder decides whether the day or the month is first: in a file, in a dry run, and in
// a pipe, which must decide in the sample.
func TestDateOrder(t *testing.T) {
	const undecided = "undecided"
	many := func(date string) []string { return slices.Repeat([]string{date}, sampleRecords+1) }
	for _, c := range []struct {
		name   string
		dates  []string
		file   string // the setting time-format of the new log
		pipe   string
		first  string // time of the first record
		unread uint64
	}{
		{"other forms", []string{"2025-05-28", "2025-06-05"}, "auto", "auto", "2025-05-28 00:00:00", 0},
		{"a day over 12 in the sample", []string{"05/06/2025", "28/05/2025"}, "day-first", "day-first", "2025-06-05 00:00:00", 0},
		{"a month in the second place", []string{"05/06/2025 16:14", "05/28/2025 16:15"}, "month-first", "month-first", "2025-05-06 16:14:00", 0},
		{"a day over 12 behind the sample", append(many("05/06/2025"), "28/05/2025"), "day-first", undecided, "2025-06-05 00:00:00", 0},
		{"far behind it", append(slices.Repeat([]string{"05/06/2025"}, 100), "05/28/2025", "05/06/2025"), "month-first", undecided, "2025-05-06 00:00:00", 0},
		{"none at all", []string{"05/06/2025", "06/07/2025"}, undecided, undecided, "", 0},
		{"none in many", many("05/06/2025"), undecided, undecided, "", 0},
		{"the same number twice", []string{"05/05/2025", "06/06/2025"}, "auto", "auto", "2025-05-05 00:00:00", 0},
		{"the same number twice, then none", append(many("05/05/2025"), "05/06/2025"), undecided, undecided, "", 0},
		{"the same number twice, then both", append(many("05/05/2025"), "05/06/2025", "05/28/2025"), "month-first", undecided, "2025-05-05 00:00:00", 0},
		{"two that contradict, in the sample", []string{"28/05/2025", "05/28/2025", "05/06/2025"}, "auto", "auto", "2025-05-28 00:00:00", 1},
		{"two that contradict, behind it", append(many("05/06/2025"), "28/05/2025", "05/28/2025"), "day-first", undecided, "2025-06-05 00:00:00", 1},
		{"dots", []string{"05.06.2025", "28.05.2025"}, "auto", "auto", "2025-06-05 00:00:00", 0},
		{"dots that decide nothing", many("05.06.2025"), "auto", "auto", "2025-06-05 00:00:00", 0},
		{"dots with the month first", []string{"05.06.2025", "05.28.2025"}, "month-first", "month-first", "2025-05-06 00:00:00", 0},
		{"AM and PM", append(many("05/06/2025 04:14:22 PM"), "05/28/2025 04:14:22 PM", "28/05/2025 04:14:22 PM"), "auto", "auto", "2025-05-06 16:14:22", 1},
		{"AM and PM with the day first", append(many("05/06/2025 04:14:22 PM"), "28/05/2025 04:14:22 PM"), "day-first", undecided, "2025-06-05 16:14:22", 0},
		{"one odd date among others", append(many("2025-05-28"), "05/06/2025"), "auto", "auto", "2025-05-28 00:00:00", 1},
		{"none that exists", []string{"31/02/2025", "28/05/25"}, "auto", "auto", "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			for i, date := range c.dates {
				fmt.Fprintf(&b, `{"timestamp":%q,"n":%d}`+"\n", date, i)
			}
			p := newPlace(t)
			r, err := p.run(b.String(), Options{})
			checkOrder(t, "file", r.Times, err, c.file, c.unread)
			if c.file != undecided && c.first != "" {
				want, err := time.Parse(time.DateTime, c.first)
				testutil.NoError(t, err)
				if got := firstTime(t, p.log()); !got.Equal(want) {
					t.Errorf("the first record is of %v, want %v", got, want)
				}
			}
			p.dir += "2"
			plan, planned := DryRun(t.Context(), p.options(Options{}))
			if (planned == nil) != (err == nil) || err == nil && !reflect.DeepEqual(plan.Times, r.Times) {
				t.Errorf("a dry run says %+v, %v; a migration %+v, %v", plan.Times, planned, r.Times, err)
			}
			r, err = Run(t.Context(), p.options(Options{Source: "-", Stdin: strings.NewReader(b.String()), Records: pointerOf(t, streamName)}))
			checkOrder(t, "pipe", r.Times, err, c.pipe, c.unread)
			if err != nil {
				p.nothing()
			}
		})
	}
}

func checkOrder(t *testing.T, source string, got Times, err error, want string, unread uint64) {
	t.Helper()
	var undecided *OrderError
	if want == "undecided" {
		if !errors.As(err, &undecided) || !errors.Is(err, ErrOrder) || undecided.Field != "/timestamp" || len(undecided.Patterns) < 1 {
			t.Errorf("%s: %+v, want an OrderError", source, err)
		}
		return
	}
	if err != nil || got.TimeFormat != want || got.Unread != unread {
		t.Errorf("%s: %v and %+v, want %s and %d unread", source, err, got, want, unread)
	}
}

func firstTime(t *testing.T, l *segment.Log) time.Time {
	for rec, err := range records(l, 0) {
		testutil.NoError(t, err)
		return rec.Time
	}
	return time.Time{}
}

// The settings decide before the dates do, and a field is found by dates of either order.
func TestDateOrderSettings(t *testing.T) {
	p := newPlace(t)
	source := `{"date":"05/06/2025"} {"date":"05/28/2025"}`
	for format, unread := range map[string]uint64{"auto": 1, "day-first": 1, "%m/%d/%Y": 0} {
		r := p.migrated(source, Options{Settings: segment.Settings{"time-format": format, "time-field": "/date"}})
		if r.TimeFormat != format || r.Unread != unread {
			t.Errorf("%s: %+v", format, r.Times)
		}
	}
	if r := p.migrated(source, Options{}); r.TimeFormat != "month-first" || r.TimeField != "/date" {
		t.Errorf("found: %+v", r.Times)
	}
	if l := p.log(); l.Marker.Settings["time-format"] != "month-first" || l.Marker.TimeRule(1).Format != "month-first" {
		t.Errorf("HISTLOG has %v", l.Marker.Settings)
	}
	if _, err := p.run(`{"date":"05/06/2025"}`, Options{}); !errors.Is(err, ErrOrder) {
		t.Errorf("undecided: %v", err)
	}
}

// A damaged source is salvaged in the order that its records decide.
func TestDateOrderSalvage(t *testing.T) {
	p := newPlace(t)
	lines := strings.Repeat(`{"timestamp":"05/06/2025"}`+"\n", sampleRecords+1)
	if _, err := p.run("["+strings.ReplaceAll(lines, "\n", ",")+`{"ti`, Options{Salvage: true}); !errors.Is(err, ErrOrder) {
		t.Errorf("an array that decides nothing: %v", err)
	}
	if _, err := p.run(lines+`{"ti`+"\n"+lines, Options{Salvage: true}); !errors.Is(err, ErrOrder) {
		t.Errorf("lines that decide nothing: %v", err)
	}
	const last = `{"timestamp":"28/05/2025"}`
	for _, source := range []string{"[" + strings.ReplaceAll(lines, "\n", ",") + last + `,{"ti`, lines + `{"ti` + "\n" + last + "\n"} {
		r, err := p.run(source, Options{Salvage: true})
		if err != nil || r.TimeFormat != "day-first" || r.ClockTimes != 0 || r.Records != sampleRecords+2 || !r.Salvaged {
			t.Errorf("%.30s: %v, %+v", source, err, r)
		}
	}
}

// Several sources have one order, wherever it is decided.
func TestDateOrderSeveral(t *testing.T) {
	open, decides, dots := `{"date":"05/06/2025"}`, `{"date":"05/28/2025"}`, `{"date":"05.06.2025"}`
	history := `{"first":[{"x":1}],"history":[` + open + `]}` // read twice, as its records come late
	for _, c := range []struct {
		name    string
		sources []string
		want    string // "" for undecided
	}{
		{"in the first", []string{decides, open}, "month-first"},
		{"in the second", []string{open, open + decides}, "month-first"},
		{"in the last, by a few", []string{strings.Repeat(open, 100), open, decides + `{"date":"28/05/2025"}`}, "month-first"},
		{"nowhere", []string{open, open}, ""},
		{"nowhere, where the first has no record", []string{"[]", open}, ""},
		{"the usual order", []string{dots, strings.Repeat(dots, 100)}, "auto"},
		{"not the usual order", []string{dots, dots, `{"date":"05.28.2025"}`}, "month-first"},
		{"with a source that is read twice", []string{history, open, decides}, "month-first"},
		{"with one that is read twice at the end", []string{open, decides, history}, "month-first"},
		{"with one that is read twice, and nowhere", []string{open, history}, ""},
		{"the same number twice", []string{`{"date":"05/05/2025"}`, `{"date":"06/06/2025"}`}, "auto"},
		{"the same number twice, then undecided", []string{`{"date":"05/05/2025"}`, open}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			names := p.writeSources(c.sources...)
			r, err := Run(t.Context(), Options{Sources: names, Dir: p.dir, FS: testutil.NoSync{}, Verify: VerifyRoundtrip})
			if c.want == "" {
				if !errors.Is(err, ErrOrder) {
					t.Errorf("%+v, %v, want ErrOrder", r.Times, err)
				}
				p.nothing()
				return
			}
			testutil.NoError(t, err)
			if r.TimeField != "/date" || r.TimeFormat != c.want || r.Unread > 1 {
				t.Errorf("%+v, want %s", r.Times, c.want)
			}
		})
	}
}
