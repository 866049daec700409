package health

import (
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
	byDefault := Bounds{MinFree: 1 << 30}
	for _, c := range []struct {
		name   string
		change func(*Condition)
		bounds Bounds
		want   Status
		text   string
	}{
		{"well", func(*Condition) {}, byDefault, OK, "last record 1m00s ago"},
		{"just before late", func(h *Condition) { h.latest.LastArrived = ago(9*time.Minute - 1) }, byDefault, OK, "last record 8m59s ago"},
		{"late", func(h *Condition) { h.latest.LastArrived = ago(9 * time.Minute) }, byDefault, Warning, "nothing arrived for 9m00s"},
		{"just before too late", func(h *Condition) { h.latest.LastArrived = ago(30*time.Minute - 1) }, byDefault, Warning, "nothing arrived for 30m00s"},
		{"too late", func(h *Condition) { h.latest.LastArrived = ago(30 * time.Minute) }, byDefault, Critical, "nothing arrived for 30m00s"},
		{"its own time does not count", func(h *Condition) { h.latest.LastTime = ago(1000 * time.Hour) }, byDefault, OK, "last record 1m00s ago"},
		{"late by flag", func(*Condition) {}, Bounds{Late: time.Minute, TooLate: time.Hour}, Warning, "nothing arrived for 1m00s"},
		{"by a flag without CRIT nothing is too late", func(h *Condition) { h.latest.LastArrived = ago(1000 * time.Hour) }, Bounds{Late: time.Minute}, Warning, "nothing arrived for 41d16h"},
		{"a gap without end", func(h *Condition) { h.latest.Gap = 1<<63 - 1 }, byDefault, OK, "last record 1m00s ago"},
		{"one record, no gap", func(h *Condition) { h.latest.LastSeq, h.latest.Gap = 1, 0 }, byDefault, OK, "last record 1m00s ago"},
		{"one record, an hour ago", func(h *Condition) { h.latest.Gap, h.latest.LastArrived = 0, ago(time.Hour) }, byDefault, Warning, "nothing arrived for 1h00m"},
		{"one record, ten hours ago", func(h *Condition) { h.latest.Gap, h.latest.LastArrived = 0, ago(10*time.Hour) }, byDefault, Critical, "nothing arrived for 10h00m"},
		{"empty, just made", func(h *Condition) { h.latest = survey.Latest{} }, byDefault, Warning, "no records yet, the log was made 2m00s ago"},
		{"empty, too late", func(h *Condition) { h.latest = survey.Latest{} }, Bounds{Late: time.Minute, TooLate: 2 * time.Minute}, Critical, "no records yet"},
		{"the clock was set back a little", func(h *Condition) { h.latest.LastArrived = ago(-30 * time.Second) }, byDefault, OK, "last record 0s ago"},
		{"the clock was set back", func(h *Condition) { h.latest.LastArrived = ago(-2 * time.Hour) }, byDefault, Warning, "the last record arrived 2h00m after the current time: the clock"},
		{"damage", func(h *Condition) { h.Damage = []*segment.CorruptError{{Path: "p", Reason: "r"}} }, byDefault, Critical, "p: offset 0: r"},
		{"the newest segment is damaged", func(h *Condition) {
			h.latest, h.Damage = survey.Latest{}, []*segment.CorruptError{{Path: "p", Reason: "r"}}
		}, byDefault, Critical, "CRITICAL - p: offset 0: r, 5 records, "},
		{"much damage", func(h *Condition) { h.Damage = make5() }, byDefault, Critical, "2 more damaged"},
		{"verify found damage", func(h *Condition) { h.notes.Verified = segment.VerifyStatus{At: ago(time.Hour), Damaged: 3} }, byDefault, Critical, "verify found 3 damaged places 1h00m ago"},
		{"a writer found damage", func(h *Condition) { h.Suspect = ago(time.Hour) }, byDefault, Critical, "a writer found damage 1h00m ago"},
		{"and it was repaired since", func(h *Condition) {
			h.Suspect, h.notes.Verified = ago(time.Hour), segment.VerifyStatus{At: ago(time.Minute), Records: 5}
		}, byDefault, OK, "data was not read, last verified on 2025-05-30T07:59:00Z (5 records)"},
		{"quarantine", func(h *Condition) { h.quarantine = []string{"a", "b"} }, byDefault, Warning, "2 files in quarantine/"},
		{"maintenance failed", func(h *Condition) { h.notes.Upkeep = segment.UpkeepStatus{Failed: ago(time.Hour), Error: "no | room"} }, byDefault, Warning, "maintenance failed 1h00m ago: no / room"},
		{"a restamp was interrupted", func(h *Condition) { h.log.Marker.Restamp = [16]byte{1} }, byDefault, Warning, "run histlog config log --restamp"},
		{"upkeep went well", func(h *Condition) { h.notes.Upkeep = segment.UpkeepStatus{OK: ago(time.Hour)} }, byDefault, OK, ""},
		{"little room", func(h *Condition) { h.free = 1<<30 - 1 }, byDefault, Warning, "1.07GB are free, less than 1.07GB"},
		{"no room", func(h *Condition) { h.free = 99 }, byDefault, Critical, "99B are free, less than a record takes"},
		{"too large", func(*Condition) {}, Bounds{MaxDisk: 999}, Warning, "the log takes 1.00KB on disk, more than 999B"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &Condition{
				log: &segment.Log{Dir: "log", Marker: segment.Marker{Created: ago(2 * time.Minute)}}, Check: Check{Records: 5, Disk: 1000}, free: 1 << 40,
				latest: survey.Latest{LastSeq: 5, LastTime: ago(time.Minute), LastArrived: ago(time.Minute), Gap: 3 * time.Minute, MaxSize: 100},
			}
			c.change(h)
			a := h.Judge(c.bounds, now)
			if got := a.Status(); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
			if line := a.Nagios(); !strings.HasPrefix(line, c.want.String()+" - ") || !strings.Contains(line, c.text) || strings.Count(line, "|") != 1 || strings.Contains(line, "\n") {
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
		of   []Status
		want Status
	}{
		{nil, OK}, {[]Status{Warning}, Warning}, {[]Status{Warning, Critical}, Critical}, {[]Status{Critical, Warning}, Critical},
		{[]Status{Unknown, Warning}, Unknown}, {[]Status{Warning, Unknown}, Unknown}, {[]Status{Critical, Unknown}, Critical}, {[]Status{Unknown, Critical}, Critical},
	} {
		var a Assessment
		for _, s := range c.of {
			a.Add(s, "")
		}
		if got := a.Status(); got != c.want {
			t.Errorf("%v: %v, want %v", c.of, got, c.want)
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
