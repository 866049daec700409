package timespec

import (
	"testing"
	"time"
)

// TestParse parses the documented forms, at a given time and in a given zone.
func TestParse(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("skipped: no time zones; install the package tzdata")
	}
	now := time.Date(2025, 5, 30, 8, 57, 33, 0, newYork)
	for text, want := range map[string]string{
		"-3h":                       "2025-05-30T05:57:33-04:00",
		"-1h30m":                    "2025-05-30T07:27:33-04:00",
		"-2d":                       "2025-05-28T08:57:33-04:00",
		"3h ago":                    "2025-05-30T05:57:33-04:00",
		"3h":                        "2025-05-30T05:57:33-04:00",
		"1 hour ago":                "2025-05-30T07:57:33-04:00",
		"an hour ago":               "2025-05-30T07:57:33-04:00",
		"30 minutes ago":            "2025-05-30T08:27:33-04:00",
		"2 days ago":                "2025-05-28T08:57:33-04:00",
		"1.5h ago":                  "2025-05-30T07:27:33-04:00",
		"1 hour 30 minutes ago":     "2025-05-30T07:27:33-04:00",
		"last 3h":                   "2025-05-30T05:57:33-04:00",
		"last 2 weeks":              "2025-05-16T08:57:33-04:00",
		"yesterday 07:15":           "2025-05-29T07:15:00-04:00",
		"yesterday at 07:15:35":     "2025-05-29T07:15:35-04:00",
		"today 07:15":               "2025-05-30T07:15:00-04:00",
		"today":                     "2025-05-30T00:00:00-04:00",
		"yesterday":                 "2025-05-29T00:00:00-04:00",
		"07:15":                     "2025-05-30T07:15:00-04:00",
		"07:15:35":                  "2025-05-30T07:15:35-04:00",
		"2025-05-29":                "2025-05-29T00:00:00-04:00",
		"2025-01-29":                "2025-01-29T00:00:00-05:00",
		"2025-05-29 07:15":          "2025-05-29T07:15:00-04:00",
		"2025-05-29 07:15:35":       "2025-05-29T07:15:35-04:00",
		" 2025-05-29 07:15:35.5 ":   "2025-05-29T07:15:35.5-04:00",
		"2025-05-29T07:15":          "2025-05-29T07:15:00-04:00",
		"2025-05-29T07:15:35":       "2025-05-29T07:15:35-04:00",
		"2025-05-29T07:15:35Z":      "2025-05-29T03:15:35-04:00",
		"2025-05-29T07:15:35+02:00": "2025-05-29T01:15:35-04:00",
		"@1748617533":               "2025-05-30T11:05:33-04:00",
		"@1748617533.25":            "2025-05-30T11:05:33.25-04:00",
		"":                          "", "soon": "", "-": "", "-3": "", "3": "", "last": "", "last 3": "", "1 fortnight ago": "", "yesterday 25:00": "", "ago": "", " ago": "", "@": "", "@-1": "", "25:00": "", "2025-13-01": "", "2025-05-30 7": "", "05/30/2025": "",
	} {
		got, err := Parse(text, now, newYork)
		if want == "" {
			if err == nil {
				t.Errorf("%q: %v, want an error", text, got)
			}
			continue
		}
		if at := got.In(newYork).Format(time.RFC3339Nano); err != nil || at != want {
			t.Errorf("%q: %v, %v, want %v", text, at, err, want)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "24h": 24 * time.Hour, "1h30m": 90 * time.Minute, "30d": 720 * time.Hour, "2w": 336 * time.Hour,
		"500ms": 500 * time.Millisecond, "1d12h": 36 * time.Hour, "0s": 0,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "30", "-1h", "30 days", "1y", "h1", "99999999w", "9999999999999999999s"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v", text, got)
		}
	}
}
