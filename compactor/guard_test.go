package compactor

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/histlog/histlog/segment"
)

// Retirement by age when a clock was wrong: the producer's, which set the times in the
// records, or this machine's, which set the arrivals.
func TestWrongClocks(t *testing.T) {
	epoch := time.Unix(100, 0)
	for _, c := range []struct {
		what            string
		newest, arrived time.Time
		guard           Guard
		retired         bool
	}{
		{"both are old", now.AddDate(0, 0, -91), now.AddDate(0, 0, -91), Guard{}, true},
		{"the board booted into 1970: the record is of today", now, epoch, Guard{}, false},
		{"the board booted into 1970, and the record says so, too", epoch, epoch, Guard{}, false},
		{"the board booted into 2015", now, time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC), Guard{}, false},
		{"a record of 1960 that came long ago", time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC), now.AddDate(0, 0, -2), Guard{Settled: day}, true},
		{"the producer is ahead by years", now.AddDate(9, 0, 0), now.AddDate(0, 0, -91), Guard{}, true},
		{"the producer is ahead by years, and it came lately", now.AddDate(9, 0, 0), now.AddDate(0, 0, -89), Guard{}, false},
		{"an old record that has just come", now.AddDate(0, 0, -91), now.Add(-time.Hour), Guard{Settled: day}, false},
		{"the same, and somebody looks", now.AddDate(0, 0, -91), now.Add(-time.Hour), Guard{}, true},
		{"an old record that came a day ago", now.AddDate(0, 0, -91), now.Add(-day), Guard{Settled: day}, true},
		{"arrived in the future", now.AddDate(0, 0, -91), now.AddDate(9, 0, 0), Guard{Settled: day}, true},
		{"the times are being corrected", now.AddDate(0, 0, -91), now.AddDate(0, 0, -91), Guard{Settled: day, Restamp: true}, false},
		{"the clock has jumped", now.AddDate(0, 0, -91), now.AddDate(0, 0, -91), Guard{Settled: day, Jump: 9 * day}, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			segments := log("pp")
			segments[0].Newest, segments[0].Arrived = c.newest, c.arrived
			plan := PlanRetention(segment.Upkeep{MaxAge: 90 * day}, segments, now, c.guard)
			if (len(plan) == 1) != c.retired {
				t.Errorf("retired: %s", plan.show())
			}
		})
	}
}

// arrivalLog makes a log whose records arrived at the given intervals.
func arrivalLog(t *testing.T, gaps ...time.Duration) *segment.Log {
	t.Helper()
	dir, at := filepath.Join(t.TempDir(), "log"), now
	w, err := segment.Create(t.Context(), dir, segment.Options{Settings: segment.Settings{"segment-size": "60", "segment-age": "3650d"}, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	for i, gap := range gaps {
		at = at.Add(gap)
		if _, err := w.Append(context.Background(), fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := segment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// times repeats gaps.
func times(n int, gaps ...time.Duration) (all []time.Duration) {
	for range n {
		all = append(all, gaps...)
	}
	return all
}

func TestClockJump(t *testing.T) {
	hourly := times(72, time.Hour)
	join := func(parts ...[]time.Duration) (all []time.Duration) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, c := range []struct {
		what    string
		gaps    []time.Duration
		silence time.Duration
		jump    time.Duration
	}{
		{"no records", nil, 400 * day, 0},
		{"a steady log", hourly, time.Hour, 0},
		{"nothing came for a day", hourly, day, 0},
		{"nothing came for years, it seems", hourly, 3285 * day, 3285 * day},
		{"a jump, and one record since", join(hourly, times(1, 3285*day)), 0, 3285 * day},
		{"a jump, and half a day since", join(hourly, times(1, 3285*day), times(12, time.Hour)), time.Hour, 3285 * day},
		{"a jump, and more than a day since", join(hourly, times(1, 3285*day), times(25, time.Hour)), time.Hour, 0},
		{"a record a week", times(9, 7*day), day, 0},
		{"a record a week, and it is late", times(9, 7*day), 15 * day, 0},
		{"a batch a month", times(5, 30*day, time.Second, time.Second), time.Hour, 0},
		{"the clock went back", join(hourly, times(1, -400*day), times(30, time.Hour)), time.Hour, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			at := now.Add(c.silence)
			for _, gap := range c.gaps {
				at = at.Add(gap)
			}
			got, err := ClockJump(arrivalLog(t, c.gaps...), at)
			if err != nil || got.Round(time.Minute) != c.jump {
				t.Errorf("%v, %v, want %v", got, err, c.jump)
			}
		})
	}
}

// Arrivals are found in segments that were merged since the log was listed.
func TestClockJumpStale(t *testing.T) {
	dir := newLog(t, 14)
	l, err := segment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	a := arrivals{log: l}
	defer a.close()
	stale := l.Segments[1].Base
	c, err := segment.Merge(t.Context(), dir, 1, l.Segments[3].Base, segment.Zstd, segment.Options{})
	if err != nil || c == (segment.Change{}) {
		t.Fatalf("%+v, %v", c, err)
	}
	if at, err := a.of(stale); err != nil || !at.Equal(now.Add(time.Duration(stale)*time.Minute)) {
		t.Errorf("%v, %v", at, err)
	}
}
