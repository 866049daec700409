package segment

import (
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
