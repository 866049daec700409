package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/segment"
)

// TestJudge says of each state of a log what check makes of it.
func TestJudge(t *testing.T) {
	now := time.Date(2025, 5, 30, 8, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	byDefault := bounds{minFree: 1 << 30}
	for _, c := range []struct {
		name   string
		change func(*health)
		bounds bounds
		want   status
		text   string
	}{
		{"well", func(*health) {}, byDefault, fine, "last record 1m00s ago"},
		{"just before late", func(h *health) { h.recent.LastArrived = ago(9*time.Minute - 1) }, byDefault, fine, "last record 8m59s ago"},
		{"late", func(h *health) { h.recent.LastArrived = ago(9 * time.Minute) }, byDefault, warning, "nothing arrived for 9m00s"},
		{"just before too late", func(h *health) { h.recent.LastArrived = ago(30*time.Minute - 1) }, byDefault, warning, "nothing arrived for 30m00s"},
		{"too late", func(h *health) { h.recent.LastArrived = ago(30 * time.Minute) }, byDefault, critical, "nothing arrived for 30m00s"},
		{"its own time does not count", func(h *health) { h.recent.LastTime = ago(1000 * time.Hour) }, byDefault, fine, "last record 1m00s ago"},
		{"late by flag", func(*health) {}, bounds{late: time.Minute, tooLate: time.Hour}, warning, "nothing arrived for 1m00s"},
		{"by a flag without CRIT nothing is too late", func(h *health) { h.recent.LastArrived = ago(1000 * time.Hour) }, bounds{late: time.Minute}, warning, "nothing arrived for 41d16h"},
		{"a gap without end", func(h *health) { h.recent.Gap = 1<<63 - 1 }, byDefault, fine, "last record 1m00s ago"},
		{"one record, no gap", func(h *health) { h.recent.LastSeq, h.recent.Gap = 1, 0 }, byDefault, fine, "last record 1m00s ago"},
		{"one record, an hour ago", func(h *health) { h.recent.Gap, h.recent.LastArrived = 0, ago(time.Hour) }, byDefault, warning, "nothing arrived for 1h00m"},
		{"one record, ten hours ago", func(h *health) { h.recent.Gap, h.recent.LastArrived = 0, ago(10*time.Hour) }, byDefault, critical, "nothing arrived for 10h00m"},
		{"empty, just made", func(h *health) { h.recent = survey.Latest{} }, byDefault, warning, "no records yet, the log was made 2m00s ago"},
		{"empty, too late", func(h *health) { h.recent = survey.Latest{} }, bounds{late: time.Minute, tooLate: 2 * time.Minute}, critical, "no records yet"},
		{"the clock was set back a little", func(h *health) { h.recent.LastArrived = ago(-30 * time.Second) }, byDefault, fine, "last record 0s ago"},
		{"the clock was set back", func(h *health) { h.recent.LastArrived = ago(-2 * time.Hour) }, byDefault, warning, "the last arrival is 2h00m ahead of the clock"},
		{"damage", func(h *health) { h.damage = []*segment.CorruptError{{Path: "p", Reason: "r"}} }, byDefault, critical, "p: offset 0: r"},
		{"the newest segment is damaged", func(h *health) {
			h.recent, h.damage = survey.Latest{}, []*segment.CorruptError{{Path: "p", Reason: "r"}}
		}, byDefault, critical, "CRITICAL - p: offset 0: r, 5 records, "},
		{"much damage", func(h *health) { h.damage = make5() }, byDefault, critical, "2 more damaged"},
		{"verify found damage", func(h *health) { h.notes.Verified = segment.VerifyStatus{At: ago(time.Hour), Damaged: 3} }, byDefault, critical, "verify found 3 damaged 1h00m ago"},
		{"a writer found damage", func(h *health) { h.suspect = ago(time.Hour) }, byDefault, critical, "a writer found damage 1h00m ago"},
		{"and it was mended since", func(h *health) {
			h.suspect, h.notes.Verified = ago(time.Hour), segment.VerifyStatus{At: ago(time.Minute), Records: 5}
		}, byDefault, fine, "data was not verified, last was on 2025-05-30T07:59:00Z (5 records)"},
		{"quarantine", func(h *health) { h.quarantine = []string{"a", "b"} }, byDefault, warning, "2 files in quarantine/"},
		{"upkeep failed", func(h *health) { h.notes.Upkeep = segment.UpkeepStatus{Failed: ago(time.Hour), Error: "no | room"} }, byDefault, warning, "upkeep failed 1h00m ago: no / room"},
		{"upkeep went well", func(h *health) { h.notes.Upkeep = segment.UpkeepStatus{OK: ago(time.Hour)} }, byDefault, fine, ""},
		{"little room", func(h *health) { h.free = 1<<30 - 1 }, byDefault, warning, "1.07GB are free, less than 1.07GB"},
		{"no room", func(h *health) { h.free = 99 }, byDefault, critical, "99B are free, less than a record takes"},
		{"too large", func(*health) {}, bounds{maxDisk: 999}, warning, "the log takes 1.00KB on disk, more than 999B"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &health{
				log: &segment.Log{Dir: "log", Marker: segment.Marker{Created: ago(2 * time.Minute)}}, records: 5, disk: 1000, free: 1 << 40,
				recent: survey.Latest{LastSeq: 5, LastTime: ago(time.Minute), LastArrived: ago(time.Minute), Gap: 3 * time.Minute, MaxSize: 100},
			}
			c.change(h)
			a := h.judge(c.bounds, now)
			if got := a.status(); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
			if line := a.line(); !strings.HasPrefix(line, c.want.String()+" - ") || !strings.Contains(line, c.text) || strings.Count(line, "|") != 1 || strings.Contains(line, "\n") {
				t.Errorf("%q, want %q in it", line, c.text)
			}
		})
	}
}

func make5() (damage []*segment.CorruptError) {
	for range 5 {
		damage = append(damage, &segment.CorruptError{Path: "p", Reason: "r"})
	}
	return damage
}

// TestStatus ranks: that something is critical is worse than that something else is unknown.
func TestStatus(t *testing.T) {
	for _, c := range []struct {
		of   []status
		want status
	}{
		{nil, fine}, {[]status{warning}, warning}, {[]status{warning, critical}, critical}, {[]status{critical, warning}, critical},
		{[]status{unknown, warning}, unknown}, {[]status{warning, unknown}, unknown}, {[]status{critical, unknown}, critical}, {[]status{unknown, critical}, critical},
	} {
		var a assessment
		for _, s := range c.of {
			a.add(s, "")
		}
		if got := a.status(); got != c.want {
			t.Errorf("%v: %v, want %v", c.of, got, c.want)
		}
	}
}

// TestUsageCodes: the exit codes of check are its own.
func TestUsageCodes(t *testing.T) {
	for command, want := range map[string]int{"": exitUsage, "tail": exitUsage, checkName: int(unknown)} {
		var e *exitError
		if err := error(usage(command, "no")); !errors.As(err, &e) || e.code != want {
			t.Errorf("%q: %v, want %d", command, e.code, want)
		}
	}
}

// TestSeconds: figures are exact to the millisecond.
func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1364 * time.Millisecond: "1.364s", 0: "0s", 61*time.Second + 7*time.Millisecond: "61.007s", 1005*time.Millisecond + 999: "1.005s", 72 * time.Hour: "259200s",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
	for ms := range 10_000 {
		if got := seconds(time.Duration(ms) * time.Millisecond); len(got) > len("9.999s") {
			t.Errorf("%d ms: %s", ms, got)
		}
	}
}
