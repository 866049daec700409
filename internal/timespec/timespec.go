// Package timespec parses times and durations as people write them on a command line
// and in settings.
package timespec

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/xhit/go-str2duration/v2"
)

// Parse parses a time: -3h, 3h ago, today, yesterday, 07:15, 2025-05-30,
// 2025-05-30 07:15:35, RFC 3339, @1748617533. A time without a zone is in zone; a
// time of day is today's.
func Parse(text string, now time.Time, zone *time.Location) (time.Time, error) {
	s := strings.TrimSpace(text)
	now = now.In(zone)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone)
	switch s {
	case "now":
		return now, nil
	case "today":
		return midnight, nil
	case "yesterday":
		return midnight.AddDate(0, 0, -1), nil
	}
	if day, clock, ok := strings.Cut(strings.Replace(s, " at ", " ", 1), " "); ok && (day == "today" || day == "yesterday") {
		if t, err := timeOfDay(clock, midnight); err == nil {
			return t.AddDate(0, 0, map[string]int{"yesterday": -1}[day]), nil
		}
	}
	if d, ok := parseAgo(s); ok {
		return now.Add(-d), nil
	}
	if unix, ok := strings.CutPrefix(s, "@"); ok {
		if v, err := strconv.ParseFloat(unix, 64); err == nil && v >= 0 && v < 1e11 {
			return time.UnixMicro(int64(v * 1e6)), nil
		}
	}
	if t, err := timeOfDay(s, midnight); err == nil {
		return t, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time: %w", text, errors.New("write 3h, 2 days ago, today, yesterday 07:15, 2025-05-30 07:15, RFC 3339 or @unix"))
}

// timeOfDay parses 07:15 or 07:15:35, on the day that began at midnight.
func timeOfDay(s string, midnight time.Time) (at time.Time, err error) {
	for _, layout := range []string{"15:04", "15:04:05"} {
		t, e := time.Parse(layout, s)
		if e == nil {
			y, m, d := midnight.Date()
			return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), midnight.Location()), nil
		}
		err = e
	}
	return at, err
}

// spanUnits replaces the words for units by the letters that ParseDuration accepts.
var spanUnits = strings.NewReplacer(
	"seconds", "s", "second", "s", "secs", "s", "sec", "s", "minutes", "m", "minute", "m", "mins", "m", "min", "m",
	"hours", "h", "hour", "h", "hrs", "h", "hr", "h", "days", "d", "day", "d", "weeks", "w", "week", "w",
)

// fraction matches an amount with a fraction, which ParseDuration rejects, and its unit.
var fraction = regexp.MustCompile(`^([0-9]*\.[0-9]+)([smhdw])$`)

// parseAgo parses how long ago a time was: -3h, 3h, 1h30m, 3h ago, 1 hour ago, an
// hour ago, last 30 minutes, 1.5h.
func parseAgo(s string) (d time.Duration, ok bool) {
	text := strings.ToLower(s)
	text = strings.TrimSuffix(text, " ago")
	for _, prefix := range []string{"-", "last ", "past ", "the last "} {
		text = strings.TrimPrefix(text, prefix)
	}
	for _, one := range []string{"an ", "a "} {
		if rest, ok := strings.CutPrefix(text, one); ok {
			text = "1 " + rest
		}
	}
	text = strings.ReplaceAll(spanUnits.Replace(strings.ReplaceAll(text, " and ", " ")), " ", "")
	if text == "" || strings.Trim(text, "0123456789.") == "" { // no unit
		return 0, false
	}
	if m := fraction.FindStringSubmatch(text); m != nil {
		amount, err := strconv.ParseFloat(m[1], 64)
		unit, err2 := ParseDuration("1" + m[2])
		return time.Duration(amount * float64(unit)), err == nil && err2 == nil && amount < 1e6
	}
	d, err := ParseDuration(text)
	return d, err == nil
}

// ParseDuration parses a duration: 90s, 24h, 1h30m, 30d, 2w.
func ParseDuration(s string) (time.Duration, error) {
	d, err := str2duration.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration: write 90s, 24h or 30d", s)
	}
	return d, nil
}
