package recordtime

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/testutil"
)

// documentedScalars returns the examples of docs/TIMES.md.
func documentedScalars(t testing.TB) (all [][]byte) {
	page := string(testutil.ReadFile(t, "../../docs/TIMES.md"))
	for _, row := range documentedRow.FindAllStringSubmatch(page, -1) {
		all = append(all, []byte(row[1]))
	}
	return all
}

// FuzzParse checks that no scalar makes Parse panic, that a Parser reads the same after any
// other time, and that times which older versions read, and those of RFC 3339, mean what
// they meant.
func FuzzParse(f *testing.F) {
	for _, scalar := range documentedScalars(f) {
		f.Add(scalar)
	}
	newYork := zone(f, "America/New_York")
	f.Fuzz(func(t *testing.T, scalar []byte) {
		if json.Valid(scalar) && utf8.Valid(scalar) && bytes.Equal(scalar, bytes.TrimSpace(scalar)) && scalar[0] != '{' && scalar[0] != '[' {
			checkParse(t, scalar, newYork)
		}
	})
}

// checkParse checks what FuzzParse says for one scalar.
func checkParse(t *testing.T, scalar []byte, zone *time.Location) {
	t.Helper()
	got, ok := Parse(scalar, zone)
	for last := range forms {
		p := Parser{Zone: zone, last: last}
		if at, found := p.Parse(scalar); found != ok || !at.Equal(got) {
			t.Errorf("%s: %v %v, and after a time of form %d %v %v", scalar, got, ok, last, at, found)
		}
	}
	wantOlder(t, scalar, zone, got, ok)
	if scalar[0] != '"' {
		return
	}
	wantOneForm(t, bytes.TrimSpace(scalar[1:len(scalar)-1]))
	var want time.Time // its UnmarshalText is strict, but for offsets
	if want.UnmarshalText(scalar[1:len(scalar)-1]) == nil && representable(want) && !oddOffset.Match(scalar) && (!ok || !got.Equal(want)) {
		t.Errorf("%s: %v %v, want %v", scalar, got, ok, want)
	}
}

// oddOffset matches offsets that package time reads although there are none.
var oddOffset = regexp.MustCompile(`[+-](24:?\d\d|\d\d:?60)"$`)

// wantOlder checks that what an older version read is read alike. A fraction of a number
// was rounded to the microsecond, nanoseconds of 1990 were read, and spaces were read
// where there is none.
func wantOlder(t *testing.T, scalar []byte, zone *time.Location, got time.Time, ok bool) {
	t.Helper()
	older, was := olderParse(scalar, zone)
	if !was || oddOffset.Match(scalar) || scalar[0] != '"' && older.Year() == 1990 {
		return
	}
	slack := time.Duration(0)
	if scalar[0] != '"' {
		slack = time.Microsecond
	}
	if d := got.Sub(older).Abs(); !ok || d > slack {
		t.Errorf("%s: %v %v, and an older version read %v", scalar, got, ok, older)
	}
}

// TestParseMutations checks the examples of docs/TIMES.md with a few bytes changed.
func TestParseMutations(t *testing.T) {
	scalars, newYork := documentedScalars(t), zone(t, "America/New_York")
	random := rand.New(rand.NewPCG(1, 2))
	suggestions := 0
	const bytesOfTimes = "0123456789 -/.:,TZ+_PpAaMmW\\u"
	for i := range testutil.Rounds(20_000, 500_000) {
		scalar := bytes.Clone(scalars[random.IntN(len(scalars))])
		for range 1 + random.IntN(3) {
			at := random.IntN(len(scalar))
			switch c := bytesOfTimes[random.IntN(len(bytesOfTimes))]; random.IntN(3) {
			case 0:
				scalar[at] = c
			case 1:
				scalar = append(scalar[:at], append([]byte{c}, scalar[at:]...)...)
			default:
				scalar = append(scalar[:at], scalar[at+1:]...)
			}
			if len(scalar) == 0 {
				break
			}
		}
		if json.Valid(scalar) && bytes.Equal(scalar, bytes.TrimSpace(scalar)) {
			checkParse(t, scalar, newYork)
			if i%200 == 0 { // a suggestion takes milliseconds
				suggestions += checkSuggestions(t, scalar)
			}
		}
	}
	if suggestions == 0 {
		t.Error("no suggestions")
	}
}

// checkSuggestions checks that each suggested pattern reads a plausible time.
func checkSuggestions(t *testing.T, scalar []byte) int {
	t.Helper()
	all := Suggest(scalar)
	for _, pattern := range all {
		f, err := ParseFormat(pattern)
		testutil.NoError(t, err)
		p := Parser{Format: f}
		if at, ok := p.Parse(scalar); !ok || !Plausible(at) {
			t.Errorf("%s: suggested %s, which reads %v %v", scalar, pattern, at, ok)
		}
	}
	return len(all)
}

// TestParseRoundTrips checks that times which package time writes come back, in each
// layout, with what the layout says.
func TestParseRoundTrips(t *testing.T) {
	layouts := []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.000", "2006-01-02 15:04:05,000", "2006-01-02 15:04", "2006-01-02",
		"2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999 -07", "2006-01-02 15:04:05 -0700 MST", "2006/01/02 15:04:05", "2006:01:02 15:04:05",
		"20060102T150405Z0700", "20060102_150405", "2006-01-02_15-04-05", "2006-01-02-15-04-05", "20060102150405Z0700", "20060102150405", "20060102",
		time.RFC1123, time.RFC1123Z, time.ANSIC, time.UnixDate, time.RubyDate, "02 Jan 2006 15:04:05 -0700", "Mon Jan _2 15:04:05 2006 -0700",
		"Mon Jan 02 2006 15:04:05 GMT-0700 (MST)", "January 2, 2006, 3:04:05 PM", "Jan 2 2006  3:04PM", "Monday, January 2, 2006 at 3:04 PM", "Monday, 02-Jan-06 15:04:05 MST",
		"02/Jan/2006:15:04:05 -0700", "02-Jan-2006 15:04:05", "02.01.2006 15:04:05", "2.1.2006, 15:04:05.000", "01/02/2006 03:04:05 PM", "1/2/2006, 3:04:05 PM MST",
	}
	newYork := zone(t, "America/New_York")
	random := rand.New(rand.NewPCG(3, 4))
	for range testutil.Rounds(50, 5000) {
		at := time.Unix(earliestUnix+random.Int64N(latestUnix-earliestUnix), random.Int64N(1e9)).In(newYork)
		for _, layout := range layouts {
			text := at.Format(layout)
			want, err := time.ParseInLocation(layout, text, newYork)
			testutil.NoError(t, err)
			got, ok := Parse([]byte(`"`+text+`"`), newYork)
			if !ok || !got.Equal(want) {
				t.Fatalf("%s in the layout %s: %v %v, want %v", text, layout, got, ok, want)
			}
		}
	}
}

// TestPatternRoundTrips checks that a pattern and package time agree.
func TestPatternRoundTrips(t *testing.T) {
	newYork := zone(t, "America/New_York")
	random := rand.New(rand.NewPCG(5, 6))
	for pattern, layout := range map[string]string{
		"%Y-%m-%dT%H:%M:%S.%f%z": "2006-01-02T15:04:05.000000-0700", "%d/%m/%y %I:%M %p": "02/01/06 03:04 PM", "%d %b %Y %T %Z": "02 Jan 2006 15:04:05 MST", "%Y %j": "2006 002",
	} {
		for range testutil.Rounds(100, 10_000) {
			at := time.Unix(earliestUnix+random.Int64N(1e9), random.Int64N(1e9)).In(newYork)
			text := at.Format(layout)
			want, err := time.ParseInLocation(layout, text, newYork)
			testutil.NoError(t, err)
			wantFormat(t, pattern, `"`+text+`"`, newYork, want.UTC().Format(time.RFC3339Nano))
		}
	}
}

// FuzzFormat checks that no format makes ParseFormat panic, and no scalar a Parser with it.
func FuzzFormat(f *testing.F) {
	for _, pattern := range []string{"unix", "day-first", "%d/%m/%Y %H:%M:%S.%f %z", "%Y-%j %I %p", "%G-W%V-%u", "%s", "%b %e %T %Z %Y", "%c %D %F %::z", "%y%U%w%W%C%g%%%n%t"} {
		f.Add(pattern, []byte(`"28/05/2025 16:14:22.5 +0200"`))
		f.Add(pattern, []byte(`1748448862`))
	}
	newYork := zone(f, "America/New_York")
	f.Fuzz(func(t *testing.T, text string, scalar []byte) {
		format, err := ParseFormat(text)
		if err != nil || !json.Valid(scalar) {
			return
		}
		p := Parser{Format: format, Zone: newYork}
		if at, ok := p.Parse(scalar); ok && !representable(at) {
			t.Errorf("%s as %s: %v", scalar, text, at)
		}
	})
}
