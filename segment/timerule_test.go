package segment

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/internal/testutil"
)

// Whatever recordtime.Parse returns must come back from an index as it was.
func TestParseTimeFitsTheIndex(t *testing.T) {
	h := header{base: 1}
	for _, scalar := range []string{
		`1e9`, `4102444799.9`, `4102444799999999999`, `9e9`, `9.3e9`, `1e10`, `99999999999`, `1e11`, `9e12`, `9.3e12`, `99999999999999`,
		`"1677-12-31T00:00:00Z"`, `"1679-01-01T00:00:00Z"`, `"2261-12-31T23:59:59Z"`, `"2262-06-01T00:00:00Z"`, `NaN`, `1e-300`, `4.9e-324`,
	} {
		at, ok := recordtime.Parse([]byte(scalar), time.UTC)
		if !ok {
			continue
		}
		e, whole := h.parseEntry(h.appendEntry(nil, 1, Entry{End: 1, Time: at, Arrived: time.Unix(1, 0)}), 1)
		if !whole || !e.Time.Equal(at) {
			t.Errorf("%s is %v, and in the index %v", scalar, at, e.Time)
		}
	}
}

// A time that is told at a log's field is that of its record; any other is the clock's.
func TestTimeOfRecord(t *testing.T) {
	clockTime := newClock().Now()
	for _, row := range []struct {
		field, zone, value string
		want               time.Time
	}{
		{"/timestamp", "UTC", `{"timestamp":"2025-01-02T03:04:05Z"}`, time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)},
		{"/timestamp", "America/New_York", `{"timestamp":"2025-01-02T03:04:05"}`, time.Date(2025, 1, 2, 8, 4, 5, 0, time.UTC)},
		{"/timestamp", "UTC", `{"time":"2025-01-02T03:04:05Z"}`, clockTime},
		{"/timestamp", "UTC", `{"timestamp":{"a":1}}`, clockTime},
		{"/timestamp", "UTC", `{"timestamp":1e400}`, clockTime},
		{"/timestamp", "UTC", `[]`, clockTime},
		{"/a/1/b", "UTC", `{"a":[0,{"b":1735787045}]}`, time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)},
		{"", "UTC", `"2025-01-02T03:04:05Z"`, time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)},
		{"/timestamp", "UTC", `{"timestamp":1,"timestamp":1735787045}`, time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)},
	} {
		t.Run(row.value, func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, Settings{"time-field": row.field, "time-zone": row.zone})
			ack, err := w.Append(t.Context(), []byte(row.value))
			testutil.NoError(t, err)
			e, err := openReader(t, openLog(t, dir), 0).Entry(1)
			testutil.NoError(t, err)
			if !ack.Time.Equal(row.want) || !e.Time.Equal(row.want) {
				t.Errorf("acknowledged %v, indexed %v, want %v", ack.Time, e.Time, row.want)
			}
			if clock := e.Flags&ClockTime != 0; clock != row.want.Equal(clockTime) {
				t.Errorf("flagged as the clock's: %v", clock)
			}
		})
	}
}

// TestTimeFormatRule checks that each record keeps the format under which it was appended,
// also if the index is lost, and that an older histlog refuses a log with a format.
func TestTimeFormatRule(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	appendDate := func(w *Writer) {
		_, err := w.Append(t.Context(), []byte(`{"timestamp":"05/06/2025"}`))
		testutil.NoError(t, err)
	}
	appendDate(w)
	testutil.NoError(t, w.Close())
	if requires := openLog(t, dir).Marker.Requires; len(requires) > 0 {
		t.Errorf("a log without a format requires %v", requires)
	}
	for _, format := range []string{"day-first", "%m/%d/%Y", "auto"} {
		_, err := Configure(t.Context(), dir, Settings{"time-format": format}, nil)
		testutil.NoError(t, err)
		w := openWriter(t, dir)
		appendDate(w)
		testutil.NoError(t, w.Close())
	}
	june, may := time.Date(2025, 6, 5, 0, 0, 0, 0, time.UTC), time.Date(2025, 5, 6, 0, 0, 0, 0, time.UTC)
	wantTimes(t, dir, nil, &june, &may, nil)
	if requires := openLog(t, dir).Marker.Requires; !slices.Equal(requires, []string{needsTimeFormat}) {
		t.Errorf("a log with a format requires %v", requires)
	}
	testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(1))))
	wantTimes(t, dir, nil, &june, &may, nil)
	testutil.NoError(t, openWriter(t, dir).Close())
	wantTimes(t, dir, nil, &june, &may, nil)
}

// TestNewLogWithFormat checks that a log which is made with a format requires it, and so
// does its archive.
func TestNewLogWithFormat(t *testing.T) {
	dir, to := newDir(t), filepath.Join(t.TempDir(), "archive")
	w := create(t, dir, Settings{"time-format": "unix-ms", "segment-size": "400"})
	appendTexts(t, w, 1, 12)
	testutil.NoError(t, w.Close())
	l := openLog(t, dir)
	_, err := Archive(t.Context(), dir, to, l.Segments[1].Base, Options{})
	testutil.NoError(t, err)
	for _, m := range []Marker{l.Marker, openLog(t, to).Marker} {
		if !slices.Equal(m.Requires, []string{needsTimeFormat}) || m.TimeRules[0].Format != "unix-ms" {
			t.Errorf("%s requires %v, rules %v", m.Role, m.Requires, m.TimeRules)
		}
	}
}

// TestTimesOfOlderLogs checks that a log whose times an older histlog did not read is
// intact, and that its records have their times after the index was rebuilt.
func TestTimesOfOlderLogs(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	_, err := w.Write([]byte(`{"timestamp":"28.05.2025"}`), nil) // as if it were no time
	testutil.NoError(t, err)
	testutil.NoError(t, w.Commit())
	testutil.NoError(t, w.Close())
	wantTimes(t, dir, nil)
	if damage := verifyAll(t, openLog(t, dir)); len(damage) > 0 {
		t.Errorf("%v", damage)
	}
	testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(1))))
	may := time.Date(2025, 5, 28, 0, 0, 0, 0, time.UTC)
	wantTimes(t, dir, &may)
}

// wantTimes checks the times of all records of the first segment; nil is the clock's.
func wantTimes(t *testing.T, dir string, want ...*time.Time) {
	t.Helper()
	r := openReader(t, openLog(t, dir), 0)
	for i, at := range want {
		e, err := r.Entry(Sequence(i + 1))
		testutil.NoError(t, err)
		if clock := e.Flags&ClockTime != 0; clock != (at == nil) || at != nil && !e.Time.Equal(*at) {
			t.Errorf("record %d: %v, the clock's: %v; want %v", i+1, e.Time, clock, at)
		}
	}
}
