package recordtime

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// documentedRow matches a row of docs/TIMES.md with a value and its time.
var documentedRow = regexp.MustCompile("(?m)^\\| `(.+?)` \\| (none|[0-9TZ:.-]+) \\|")

// TestLayoutsDocumented checks each example of docs/TIMES.md, and that the page names every
// abbreviation of a zone.
func TestLayoutsDocumented(t *testing.T) {
	page := string(testutil.ReadFile(t, "../../docs/TIMES.md"))
	rows := documentedRow.FindAllStringSubmatch(page, -1)
	if len(rows) < 90 {
		t.Fatalf("%d rows", len(rows))
	}
	newYork := zone(t, "America/New_York")
	for _, row := range rows {
		if !json.Valid([]byte(row[1])) {
			t.Errorf("%s is no JSON", row[1])
		}
		wantTime(t, row[1], newYork, strings.TrimPrefix(row[2], "none"))
	}
	for name := range zoneOffsets {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(page) {
			t.Errorf("docs/TIMES.md does not name the zone %s", name)
		}
	}
}

// TestFormatsDocumented checks each example of a time-format in docs/TIMES.md, and that the
// page names every format.
func TestFormatsDocumented(t *testing.T) {
	page := string(testutil.ReadFile(t, "../../docs/TIMES.md"))
	newYork := zone(t, "America/New_York")
	rows := regexp.MustCompile("`([^`]+)`: `([^`]+)` is ([0-9TZ:.-]+) \\|").FindAllStringSubmatch(page, -1)
	if len(rows) < 4 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		wantFormat(t, row[1], row[2], newYork, row[3])
	}
	for _, f := range formatNames {
		if !strings.Contains(page, "`"+f.name+"`") {
			t.Errorf("docs/TIMES.md does not name %s", f.name)
		}
	}
}

// TestFormsAreDisjoint checks that no text is a time of two kinds: a Parser tries the kind
// of the last record first, and must not read another time because of it.
func TestFormsAreDisjoint(t *testing.T) {
	page := string(testutil.ReadFile(t, "../../docs/TIMES.md"))
	for _, row := range documentedRow.FindAllStringSubmatch(page, -1) {
		if text, ok := strings.CutPrefix(row[1], `"`); ok {
			wantOneForm(t, []byte(strings.TrimSuffix(text, `"`)))
		}
	}
}

func wantOneForm(t *testing.T, text []byte) {
	t.Helper()
	for _, order := range []Order{Undecided, DayFirst, MonthFirst} {
		count := 0
		for _, form := range forms {
			if _, ok := form(text, time.UTC, order); ok {
				count++
			}
		}
		if count > 1 {
			t.Errorf("%q is a time of %d kinds", text, count)
		}
	}
}
