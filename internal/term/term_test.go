package term

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{-1: "0B", 0: "0B", 999: "999B", 1000: "1.00KB", 394_900: "395KB", 1_482_000_000: "1.48GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 300 * time.Microsecond: "300µs", 1500 * time.Microsecond: "2ms", 1234 * time.Millisecond: "1.23s", 59_600 * time.Millisecond: "1m00s", 178 * time.Second: "2m58s",
		40*time.Hour + 43*time.Minute: "40h43m", 292 * time.Hour: "12d4h", 1000 * 24 * time.Hour: "2.7 years",
		-90 * time.Second: "-1m30s", math.MinInt64: "-292.3 years", math.MaxInt64: "292.3 years",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

func TestCounts(t *testing.T) {
	for got, want := range map[string]string{
		Count(14_400): "14,400", Plural(1, "stall"): "1 stall", Plural(2000, "stall"): "2,000 stalls", IsAre(1): "is", IsAre(0): "are",
		Range[uint64](17, 17): "17", Range[uint64](17, 20): "17–20",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestTime shows the year of a time only if it is another one, in the zone of the time.
func TestTime(t *testing.T) {
	newYear := time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC)
	west := time.FixedZone("", -3600)
	for other, want := range map[time.Time]string{newYear.AddDate(0, 6, 0): "01-01 00:30:00", newYear.AddDate(0, 0, -1): "2026-01-01 00:30:00"} {
		if got := Time(newYear, other); got != want || len(got) > TimeWidth {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := Time(newYear.In(west), newYear); got != "12-31 23:30:00" {
		t.Errorf("west of Greenwich: %s", got)
	}
}

// TestSafe escapes what a terminal obeys, in text and in JSON, and nothing else.
func TestSafe(t *testing.T) {
	for s, want := range map[string]string{
		"plain, é, 日本, ×17": "plain, é, 日本, ×17", "\x1b[31m\n": `\u001b[31m\u000a`, "a\u202eb": `a\u202eb`, "\U000e0001": `\U000e0001`, "\xff": `\ufffd`, "\uffff": `\uffff`,
	} {
		if got := Safe(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	var b strings.Builder
	if err := PrintJSON(&b, "<\u202e\U000e0001>"); err != nil || b.String() != `"<\u202e\udb40\udc01>"`+"\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	b.Reset()
	if _, err := Fprintf(&b, "%s\n", "a\nb"); err != nil || b.String() != `a\u000ab`+"\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}
