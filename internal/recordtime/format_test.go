package recordtime

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// wantFormat checks that a time of a format is read as want, a time of RFC 3339, or
// not at all if want is "".
func wantFormat(t *testing.T, format, scalar string, zone *time.Location, want string) {
	t.Helper()
	f, err := ParseFormat(format)
	testutil.NoError(t, err)
	p := Parser{Format: f, Zone: zone}
	got, ok := p.Parse([]byte(scalar))
	text := ""
	if ok {
		text = got.UTC().Format(time.RFC3339Nano)
	}
	if text != want {
		t.Errorf("%s as %s in %v: got %q, want %q", scalar, format, zone, text, want)
	}
}

func TestFormats(t *testing.T) {
	newYork := zone(t, "America/New_York")
	for _, row := range []struct{ format, scalar, want string }{
		{"auto", `"05/06/2025"`, ""},
		{"day-first", `"05/06/2025"`, "2025-06-05T04:00:00Z"},
		{"day-first", `"05-06-2025 16:14"`, "2025-06-05T20:14:00Z"},
		{"day-first", `"05/06/2025 07:15:35 AM"`, "2025-06-05T11:15:35Z"},
		{"day-first", `"05/28/2025"`, ""},
		{"day-first", `"2025-05-28T16:14:22Z"`, "2025-05-28T16:14:22Z"},
		{"day-first", `1748448862`, "2025-05-28T16:14:22Z"},
		{"month-first", `"05/06/2025"`, "2025-05-06T04:00:00Z"},
		{"month-first", `"05.06.2025"`, "2025-05-06T04:00:00Z"},
		{"month-first", `"28.05.2025"`, ""},
		{"unix", `1748448862`, "2025-05-28T16:14:22Z"},
		{"unix", `"1748448862.25"`, "2025-05-28T16:14:22.25Z"},
		{"unix", `1748448862123`, ""},
		{"unix", `2025`, ""},
		{"unix", `20250528`, ""},
		{"unix", `"2025-05-28"`, ""},
		{"unix-ms", `1748448862123`, "2025-05-28T16:14:22.123Z"},
		{"unix-ms", `1748448862`, ""},
		{"unix-us", `1748448862123456.5`, "2025-05-28T16:14:22.1234565Z"},
		{"unix-ns", `"1748448862123456789"`, "2025-05-28T16:14:22.123456789Z"},
		{"unix-ns", `638840312621230000`, "1990-03-30T23:38:32.62123Z"},
		{"%d/%m/%Y", `"05/06/2025"`, "2025-06-05T04:00:00Z"},
		{"%d/%m/%Y", `" 5/6/2025 "`, "2025-06-05T04:00:00Z"},
		{"%d/%m/%Y", `"05\/06\/2025"`, "2025-06-05T04:00:00Z"},
		{"%d/%m/%Y", `"31/02/2025"`, ""},
		{"%d/%m/%Y", `"29/02/2024"`, "2024-02-29T05:00:00Z"},
		{"%d/%m/%Y", `"2025-05-28"`, ""},
		{"%d/%m/%Y", `1748448862`, ""},
		{"%m/%d/%y %I:%M %p", `"05/28/25 04:14 PM"`, "2025-05-28T20:14:00Z"},
		{"%d %b %y", `"28 May 25"`, "2025-05-28T04:00:00Z"},
		{"%d %B %Y", `"30 February 2025"`, ""},
		{"%Y-%m-%dT%H:%M:%S.%f%z", `"2025-05-28T16:14:22.5+0200"`, "2025-05-28T14:14:22.5Z"},
		{"%Y-%m-%d %H:%M:%S %Z", `"2025-05-28 16:14:22 EST"`, "2025-05-28T21:14:22Z"}, // in summer, too
		{"%Y-%m-%d %H:%M:%S %Z", `"2025-05-28 16:14:22 EDT"`, "2025-05-28T20:14:22Z"},
		{"%Y-%m-%d %H:%M:%S %Z", `"2025-05-28 16:14:22 CEST"`, "2025-05-28T14:14:22Z"},
		{"%Y-%m-%d %H:%M:%S %Z", `"2025-05-28 16:14:22 +03"`, "2025-05-28T13:14:22Z"},
		{"%Y-%m-%d %H:%M:%S %Z", `"2025-05-28 16:14:22 IST"`, ""},
		{"%Y-%m-%d %H:%M:%S %Z", `"2025-05-28 16:14:22 XYZ"`, ""},
		{"%Y-%m-%d %H:%M:%S IST", `"2025-05-28 16:14:22 IST"`, "2025-05-28T20:14:22Z"},
		{"%s", `1748448862`, "2025-05-28T16:14:22Z"},
		{"@%s", `"@1748448862"`, "2025-05-28T16:14:22Z"},
		{"%Y%m%d%H", `2025052816`, "2025-05-28T20:00:00Z"},
		{"%Y-%j", `"2025-148"`, "2025-05-28T04:00:00Z"},
		{"%Y-%j", `"2025-366"`, ""},
		{"%Y-%j", `"2024-366"`, "2024-12-31T05:00:00Z"},
		{"%Y-%j.%f", `"2025-001.366"`, "2025-01-01T05:00:00.366Z"},
		{"%Y-%j.%f", `"2025-366.1"`, ""},
		{"366 %Y-%j", `"366 2025-001"`, "2025-01-01T05:00:00Z"},
		{"%j/%Y %d/%m", `"001/2025 31/02"`, ""},
		{"%j/%Y %d/%m", `"366/2025 01/02"`, "2025-02-01T05:00:00Z"},
		{"%Y-%jT%H:%M:%S%z", `"2016-366T23:59:60+0000"`, "2017-01-01T00:00:00Z"},
		{"%Y-%jT%H:%M:%S%z", `"2025-366T23:59:60+0000"`, ""},
		{"%Y-%m-%dT%H:%M:%S%z", `"2016-12-31T23:59:60+0000"`, "2017-01-01T00:00:00Z"},
		{"%Y-%m-%dT%H:%M:%S%z", `"2025-02-31T23:59:60+0000"`, ""},
		{"%j %s", `"366 1735689600"`, "2025-01-01T00:00:00Z"},
		{"%G-W%V-%u", `"2025-W22-3"`, "2025-05-28T04:00:00Z"},
		{"%Y", `"2025"`, "2025-01-01T05:00:00Z"},
		{"%Y", `"9999"`, ""},
		{"%Y-%m-%d 100%%", `"2025-05-28 100%"`, "2025-05-28T04:00:00Z"},
	} {
		wantFormat(t, row.format, row.scalar, newYork, row.want)
	}
	wantFormat(t, "%Y-%m-%d %H:%M %Z", `"2025-05-28 16:14 IST"`, zone(t, "Asia/Kolkata"), "2025-05-28T10:44:00Z")
}

func TestParseFormatErrors(t *testing.T) {
	for format, want := range map[string]string{
		"":         "want auto, unix, unix-ms, unix-us, unix-ns, day-first, month-first or a pattern such as %d/%m/%Y %H:%M:%S",
		"iso":      "want auto, ",
		"Unix":     "want auto, ",
		"%":        "stray",
		"%Y-%":     "stray",
		"%Y %Q":    "%Q",
		"%-d.%Y":   "%-",
		"%H:%M":    "no year",
		"%d/%m":    "no year",
		"%%":       "no year",
		"%b %d %T": "no year",
	} {
		if _, err := ParseFormat(format); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", format, err, want)
		}
	}
}

func TestSuggest(t *testing.T) {
	for scalar, want := range map[string][]string{
		`"05/06/2025 16:14"`:                                 {"%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"},
		`"5/6/2025, 4:14:22 pm"`:                             {"%d/%m/%Y, %I:%M:%S %p", "%m/%d/%Y, %I:%M:%S %p"},
		`"5/6/2025, 4:14:22\u202fpm"`:                        {"%d/%m/%Y, %I:%M:%S %p", "%m/%d/%Y, %I:%M:%S %p"},
		`"28/05/2025 4:14:22 PM"`:                            {"%d/%m/%Y %I:%M:%S %p"},
		`"28.05.25 16:14"`:                                   {"%d.%m.%y %H:%M"},
		`"2025-05-28 16:14:22 IST"`:                          {"%Y-%m-%d %H:%M:%S IST"},
		`"2025-05-28 16:14:22 America/New_York"`:             {"%Y-%m-%d %H:%M:%S America/New_York"},
		`"16:14:22 28.05.2025"`:                              {"%H:%M:%S %d.%m.%Y"},
		`"2025-05-28T16:14:22Z"`:                             nil, // is read
		`1748448862`:                                         nil,
		`"05/06/2025 16:14` + strings.Repeat(" ", 300) + `"`: nil, // too long for a time
		`2025`:                               nil,
		`"soon"`:                             nil,
		`"` + strings.Repeat("x", 999) + `"`: nil,
		`null`:                               nil,
		`"`:                                  nil,
		``:                                   nil,
	} {
		if got := Suggest([]byte(scalar)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", scalar, got, want)
		}
	}
}

func TestDateOrders(t *testing.T) {
	for scalar, want := range map[string]Orders{
		`"28/05/2025"`:             {Only: DayFirst},
		`"05/28/2025"`:             {Only: MonthFirst},
		`"05-28-2025 16:14"`:       {Only: MonthFirst},
		`"05/06/2025"`:             {Open: true},
		`"05/05/2025"`:             {},
		`"31/02/2025"`:             {},
		`"28.05.2025"`:             {Usual: DayFirst, Only: DayFirst},
		`"05.06.2025"`:             {Usual: DayFirst, Open: true},
		`"05.28.2025"`:             {Usual: DayFirst, Only: MonthFirst},
		`"05/06/2025 04:14:22 PM"`: {Usual: MonthFirst, Open: true},
		`"28/05/2025 04:14:22 PM"`: {Usual: MonthFirst, Only: DayFirst},
		`"05/06/2025, 4:14:22 pm"`: {Open: true},
	} {
		if got, numeric := DateOrders([]byte(scalar)); got != want || !numeric {
			t.Errorf("%s: %+v, %v, want %+v", scalar, got, numeric, want)
		}
	}
	for _, scalar := range []string{``, `null`, `1748448862`, `"2025-05-28"`, `"28 May 2025"`} {
		if _, numeric := DateOrders([]byte(scalar)); numeric {
			t.Errorf("%s is a date in numbers", scalar)
		}
	}
}
