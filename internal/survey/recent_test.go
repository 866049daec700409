package survey

import (
	"testing"
	"time"

	"github.com/histlog/histlog/segment"
)

// TestUsualGap reads the usual gap from arrivals, or from the records' times where
// arrivals do not tell.
func TestUsualGap(t *testing.T) {
	type record struct{ time, arrived int } // minutes
	every := func(n, gap int, of func(i int) record) (all []record) {
		for i := range n {
			all = append(all, of(i*gap))
		}
		return all
	}
	both := func(m int) record { return record{m, m} }
	for _, c := range []struct {
		name    string
		records []record
		want    int
	}{
		{"none", nil, 0},
		{"one", []record{{1, 1}}, 0},
		{"too few", every(3, 3, both), 0},
		{"just enough", every(4, 3, both), 3},
		{"one every 3 minutes", every(9, 3, both), 3},
		{"a pause is not usual", append(every(9, 3, both), record{500, 500}), 3},
		{"migrated: all came at once", every(9, 3, func(m int) record { return record{m, 100} }), 3},
		{"appended to since", append(every(9, 3, func(m int) record { return record{m, 100} }), record{27, 110}, record{30, 113}), 3},
		{"cut over, and two since", append(every(50, 2, func(m int) record { return record{m, 100} }), record{105, 105}, record{145, 145}), 40},
		{"cut over, and one since", append(every(50, 2, func(m int) record { return record{m, 100} }), record{1000, 1000}), 2},
		{"ten at a time, every hour", every(40, 1, func(m int) record { return record{m, m / 10 * 60} }), 60},
		{"times that do not move", every(9, 3, func(m int) record { return record{0, m} }), 3},
		{"times that are far apart", every(9, 3, func(m int) record { return record{m * 1440, m} }), 3},
		{"the clock was set back", append(every(9, 3, both), every(9, 3, both)...), 3},
		{"the clock ran backwards", every(9, -3, both), 0},
		{"one time, one arrival", every(9, 0, both), 0},
	} {
		var newest []segment.Entry
		for i := len(c.records) - 1; i >= 0; i-- {
			minute := func(m int) time.Time { return time.Unix(1748617533, 0).Add(time.Duration(m) * time.Minute) }
			newest = append(newest, segment.Entry{Time: minute(c.records[i].time), Arrived: minute(c.records[i].arrived)})
		}
		if got := usualGap(newest); got != time.Duration(c.want)*time.Minute {
			t.Errorf("%s: %v, want %dm", c.name, got, c.want)
		}
	}
}

// A burst of records whose times are the clock's tells no gap.
func TestUsualGapOfBurst(t *testing.T) {
	var newest []segment.Entry
	for i := range 9 {
		at := time.Unix(1748617533, int64(999-i)*1e6)
		newest = append(newest, segment.Entry{Time: at, Arrived: at.Truncate(time.Second)})
	}
	if got := usualGap(newest); got != 0 {
		t.Errorf("%v", got)
	}
}

// Arrivals are known to the second: of records that come faster, some are the first
// of their second, which tells no gap.
func TestUsualGapNearASecond(t *testing.T) {
	for apart, want := range map[time.Duration]time.Duration{
		5 * time.Millisecond: 0, 400 * time.Millisecond: 0, 600 * time.Millisecond: 0, 900 * time.Millisecond: 0,
		time.Second: time.Second, 2 * time.Second: 2 * time.Second,
	} {
		var newest []segment.Entry
		for i := range 1000 {
			at := time.Unix(1748617533, 0).Add(time.Duration(1000-i) * apart)
			newest = append(newest, segment.Entry{Time: at, Arrived: at.Truncate(time.Second)})
		}
		if got := usualGap(newest); got != want {
			t.Errorf("%v apart: %v, want %v", apart, got, want)
		}
	}
}

// TestRecent describes the newest records, across segments, and no more.
func TestRecent(t *testing.T) {
	dir := t.TempDir() + "/log"
	w, err := segment.Create(t.Context(), dir, segment.Options{Settings: segment.Settings{"segment-size": "60", "sync": "none"}})
	if err != nil {
		t.Fatal(err)
	}
	look := func(n uint64) Latest {
		t.Helper()
		l, err := segment.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		r, err := recent(l, n)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if got := look(5); got != (Latest{}) {
		t.Errorf("of an empty log: %+v", got)
	}
	for _, text := range []string{`{"timestamp":"2025-05-30T07:01:00Z","a":"long"}`, `{"timestamp":"2025-05-30T07:11:00Z"}`, `{"timestamp":"2025-05-30T07:12:00Z"}`, `{"timestamp":"2025-05-30T07:13:00Z","n":1}`} {
		if _, err := w.Append(t.Context(), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[uint64]struct {
		gap  time.Duration
		size segment.Offset
	}{1: {0, 43}, 4: {time.Minute, 48}, 100: {time.Minute, 48}} {
		got := look(n)
		if got.LastSeq != 4 || got.LastTime.UTC().Format(time.TimeOnly) != "07:13:00" || got.LastArrived.IsZero() || got.Gap != want.gap || got.MaxSize != want.size {
			t.Errorf("the newest %d: %+v, want %+v", n, got, want)
		}
	}
}
