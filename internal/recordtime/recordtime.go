// Package recordtime parses the times that records carry.
package recordtime

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
)

// timeLayouts are the layouts of times in strings. A time without a zone is in the
// zone of the log; a fraction may follow the seconds in each layout.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z0700",
	"01/02/2006 03:04:05 PM", "2006-01-02",
}

// dateLayouts are the layouts of dates in numbers.
var dateLayouts = []string{"20060102", "20060102150405"}

// zoneHours has the zones of RFC 822; other abbreviations are ambiguous.
var zoneHours = map[string]int{
	"UT": 0, "GMT": 0, "UTC": 0, "Z": 0,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}

// Parse returns the time in the JSON scalar at a record's time field, and whether
// there is one. docs/FORMAT.md lists the forms of times. Times without a zone are in
// zone.
func Parse(scalar []byte, zone *time.Location) (time.Time, bool) {
	const longest = 256 // with every character escaped; package time copies a text that it refuses
	if len(scalar) == 0 || len(scalar) > longest {
		return time.Time{}, false
	}
	if scalar[0] != '"' {
		return parseNumber(string(scalar), zone)
	}
	return parseTimeText(jsonscan.Unquote(scalar), zone)
}

// IsZoneless reports whether a JSON scalar is a time that names no zone.
func IsZoneless(scalar []byte) bool {
	here, ok := Parse(scalar, time.UTC)
	there, _ := Parse(scalar, time.FixedZone("", 3600))
	return ok && !here.Equal(there)
}

func parseTimeText(text string, zone *time.Location) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, representable(t)
		}
	}
	return parseNamedZone(text)
}

// parseNamedZone parses a text like 05/30/2025 07:15:35 AM EDT.
func parseNamedZone(text string) (time.Time, bool) {
	at := strings.LastIndexByte(text, ' ') + 1
	hours, known := zoneHours[text[at:]]
	if !known {
		return time.Time{}, false
	}
	t, err := time.ParseInLocation("01/02/2006 03:04:05 PM ", text[:at], time.FixedZone(text[at:], hours*3600))
	return t, err == nil && representable(t)
}

// A number is a time only from 1990 to 2100, in Unix seconds. Otherwise a year, a
// counter or the serial number of a spreadsheet's date would be a time of 1970, and
// retention by age would delete its record.
const (
	earliestUnix = 631152000
	latestUnix   = 4102444800
)

// plausible reports whether t may be the time of a clock that was set.
func plausible(t time.Time) bool { return t.Unix() >= earliestUnix && t.Unix() < latestUnix }

// parseNumber parses the digits of a date, or Unix time in the unit that makes it
// plausible: the plausible ranges of s, ms, µs and ns do not overlap.
func parseNumber(text string, zone *time.Location) (time.Time, bool) {
	for _, layout := range dateLayouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil && len(text) == len(layout) && plausible(t) {
			return t, true
		}
	}
	for unit := time.Second; unit > 0; unit /= 1000 {
		if t, ok := parseUnix(text, unit); ok {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseUnix parses a number of units since 1970: an integer exactly, a fraction to the
// microsecond, which is what a float64 holds of such times.
func parseUnix(text string, unit time.Duration) (time.Time, bool) {
	perSecond := int64(time.Second / unit)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		t := time.Unix(n/perSecond, n%perSecond*int64(unit))
		return t, plausible(t)
	}
	v, err := strconv.ParseFloat(text, 64)
	if v /= float64(perSecond); err != nil || !(v >= earliestUnix && v < latestUnix) {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(v)
	return time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000), true
}

// representable reports whether the index, which counts nanoseconds in an int64, can
// hold t.
func representable(t time.Time) bool {
	return t.Year() > 1678 && t.Year() < 2262
}
