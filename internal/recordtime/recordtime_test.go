package recordtime

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	testutil.NoError(t, err)
	return z
}

// wantTime holds Parse against a time of RFC 3339 with fractions, or "" for none.
func wantTime(t *testing.T, scalar string, zone *time.Location, want string) {
	t.Helper()
	got, ok := Parse([]byte(scalar), zone)
	text := ""
	if ok {
		text = got.UTC().Format(time.RFC3339Nano)
	}
	if text != want {
		t.Errorf("%s in %v: got %q, want %q", scalar, zone, text, want)
	}
}

func TestParseTimeLayouts(t *testing.T) {
	for _, row := range []struct{ text, utc, newYork string }{ // "": as in UTC
		{"2025-05-28T16:14:22Z", "2025-05-28T16:14:22Z", ""},
		{"2025-05-28T16:14:22.104113-04:00", "2025-05-28T20:14:22.104113Z", ""},
		{"2025-05-28T16:14:22.123456789+05:30", "2025-05-28T10:44:22.123456789Z", ""},
		{"2025-05-28T16:14:22-0400", "2025-05-28T20:14:22Z", ""},
		{"2025-05-28T16:14:22.5-0400", "2025-05-28T20:14:22.5Z", ""},
		{"2025-05-28 16:14:22-04:00", "2025-05-28T20:14:22Z", ""},
		{"2025-05-28 16:14:22Z", "2025-05-28T16:14:22Z", ""},
		{"2025-05-28T16:14:22", "2025-05-28T16:14:22Z", "2025-05-28T20:14:22Z"},
		{"2025-05-28T16:14:22.104113", "2025-05-28T16:14:22.104113Z", "2025-05-28T20:14:22.104113Z"},
		{"2025-01-28T16:14:22", "2025-01-28T16:14:22Z", "2025-01-28T21:14:22Z"},
		{"2025-05-28 16:14:22", "2025-05-28T16:14:22Z", "2025-05-28T20:14:22Z"},
		{"2025-05-28 16:14:22.5", "2025-05-28T16:14:22.5Z", "2025-05-28T20:14:22.5Z"},
		{"2025-05-28", "2025-05-28T00:00:00Z", "2025-05-28T04:00:00Z"},
		{"05/30/2025 07:15:35 AM EDT", "2025-05-30T11:15:35Z", ""},
		{"05/30/2025 07:15:35 PM EDT", "2025-05-30T23:15:35Z", ""},
		{"05/30/2025 12:15:35 AM EDT", "2025-05-30T04:15:35Z", ""},
		{"05/30/2025 12:15:35 PM EDT", "2025-05-30T16:15:35Z", ""},
		{"05/30/2025 07:15:35 AM", "2025-05-30T07:15:35Z", "2025-05-30T11:15:35Z"},
		{"1960-01-01T00:00:00Z", "1960-01-01T00:00:00Z", ""},
	} {
		wantTime(t, `"`+row.text+`"`, time.UTC, row.utc)
		if row.newYork == "" {
			row.newYork = row.utc
		}
		wantTime(t, `"`+row.text+`"`, zone(t, "America/New_York"), row.newYork)
	}
	wantTime(t, `"2025\u002d05-28T16:14:22Z"`, time.UTC, "2025-05-28T16:14:22Z")
}

// An abbreviation means what RFC 822 says, wherever the log's own zone is and
// whatever season it has.
func TestParseTimeZoneNames(t *testing.T) {
	for name, hours := range map[string]int{
		"UT": 0, "GMT": 0, "UTC": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	} {
		for _, month := range []int{1, 7} {
			want := time.Date(2025, time.Month(month), 15, 7-hours, 15, 35, 0, time.UTC).Format(time.RFC3339)
			for _, z := range []string{"UTC", "America/New_York", "America/Los_Angeles", "Europe/London", "Asia/Shanghai"} {
				wantTime(t, fmt.Sprintf(`"%02d/15/2025 07:15:35 AM %s"`, month, name), zone(t, z), want)
			}
		}
	}
}

func TestParseTimeNeverGuesses(t *testing.T) {
	for _, name := range []string{"IST", "BST", "MSK", "AST", "WAT", "XYZ", "GMT+", "GMT+333", "+3", "edt", "America/New_York"} {
		for _, z := range []string{"UTC", "Europe/Berlin", "Asia/Kolkata"} {
			wantTime(t, `"05/30/2025 07:15:35 AM `+name+`"`, zone(t, z), "")
		}
	}
	for _, scalar := range []string{
		``, `"`, `""`, `" "`, `"now"`, `null`, `true`, `false`, `"null"`, `"2025"`, `"2025-13-01"`, `"2025-02-30"`,
		`"2025-05-28T25:00:00Z"`, `"30/05/2025 07:15:35 AM EDT"`, `"05/30/2025 13:15:35 PM EDT"`,
		`"05/30/2025 07:15:35 AM EDT EDT"`, `"05.28.2025"`, `"202505281614.5Z"`, `"20250528161422."`, `"1748448862."`, `"05/06/2025"`, `"05-06-2025 07:15"`, `"05/06/2025 07:15:35 am"`,
		`0`, `-0`, `-1`, `-1748448862`, `1e400`, `1e20`, `123456789012345678901234567890`, `NaN`, `Infinity`, `-Infinity`,
		`1`, `0.5`, `1e9999`, `100000000000`, `631151999`, `4102444800`, `4102444800000`, `2025`, `202511`, `45976`, `45976.5`, // a year, a month, a spreadsheet's day
		`20261321`, `20260230`, `18991231`, `21000101`, `20261121250000`, `12345678`, `99999999`,
		`"0001-01-01T00:00:00Z"`, `"9999-12-31T23:59:59Z"`, `"2300-01-01"`,
	} {
		wantTime(t, scalar, time.UTC, "")
	}
}

func TestParseTimeUnix(t *testing.T) {
	for scalar, want := range map[string]string{
		`1748448862`:          "2025-05-28T16:14:22Z",
		`1748448862.5`:        "2025-05-28T16:14:22.5Z",
		`1748448862.104113`:   "2025-05-28T16:14:22.104113Z",
		`1.748448862e9`:       "2025-05-28T16:14:22Z",
		`1748448862104`:       "2025-05-28T16:14:22.104Z",
		`1748448862104.113`:   "2025-05-28T16:14:22.104113Z",
		`1748448862104113`:    "2025-05-28T16:14:22.104113Z",
		`1748448862104113927`: "2025-05-28T16:14:22.104113927Z",
		`631152000`:           "1990-01-01T00:00:00Z",
		`631152000000`:        "1990-01-01T00:00:00Z",
		`4102444799`:          "2099-12-31T23:59:59Z",
		`4102444799999`:       "2099-12-31T23:59:59.999Z",
		`20261121`:            "2026-11-21T05:00:00Z", // a date, of the zone
		`20260721`:            "2026-07-21T04:00:00Z",
		`20261121093000`:      "2026-11-21T14:30:00Z",
	} {
		wantTime(t, scalar, zone(t, "America/New_York"), want)
	}
}

func TestParseUnixPrecision(t *testing.T) {
	for _, v := range []float64{631152000.000001, 1748448862.999999, 1748448862.9999999, 99999999999.4 / 100} {
		got, ok := Parse([]byte(strings.TrimSuffix(fmt.Sprintf("%.7f", v), "0")), time.UTC)
		if !ok || math.Abs(float64(got.UnixNano())/1e9-v) > 1e-6 {
			t.Errorf("%.7f is %v", v, got)
		}
	}
}

func TestIsZoneless(t *testing.T) {
	for scalar, want := range map[string]bool{
		`"2025-05-30T07:15:35.123456"`: true, `"2025-05-30 07:15:35"`: true, `"2025-05-30"`: true,
		`"2025-05-30T07:15:35Z"`: false, `"2025-05-30T07:15:35-04:00"`: false, `"05/30/2025 07:15:35 AM EDT"`: false, `1748617533`: false, `"soon"`: false, ``: false,
	} {
		if (&Parser{}).IsZoneless([]byte(scalar)) != want {
			t.Errorf("%s: want %v", scalar, want)
		}
	}
}
