package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/histlog/histlog/segment"
)

// parseTime reads a time as people give it: -3h, 3h ago, today, yesterday,
// 07:15, 2025-05-30, 2025-05-30 07:15:35, RFC 3339, @1748617533. What names no
// zone is meant in zone; a time of day is today's.
func parseTime(text string, now time.Time, zone *time.Location) (time.Time, error) {
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
	if span, ago := strings.CutSuffix(s, " ago"); ago || strings.HasPrefix(s, "-") {
		d, err := segment.ParseDuration(strings.TrimPrefix(span, "-"))
		if err == nil {
			return now.Add(-d), nil
		}
	}
	if unix, ok := strings.CutPrefix(s, "@"); ok {
		if v, err := strconv.ParseFloat(unix, 64); err == nil && v >= 0 && v < 1e11 {
			return time.UnixMicro(int64(v * 1e6)), nil
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone), nil
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: %w", text, errors.New("write -3h, today, 07:15, 2025-05-30 07:15, RFC 3339 or @unix"))
}
