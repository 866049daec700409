package segment

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A TimeRule says where records carry their time, from a sequence on.
type TimeRule struct {
	FromSeq Sequence `json:"from_seq"`
	Field   string   `json:"field"` // JSON pointer
	Zone    string   `json:"zone"`  // of times that name none
}

// timeLayouts are the texts that are times. A layout without a zone is read in
// the log's; fractions of a second may follow the seconds of any.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z0700",
	"01/02/2006 03:04:05 PM", "2006-01-02",
}

// zoneHours is the table of RFC 822: no other abbreviation has one meaning.
var zoneHours = map[string]int{
	"UT": 0, "GMT": 0, "UTC": 0, "Z": 0,
	"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}

// ParseTime reads a record's time from the JSON scalar at its time field: a
// text of RFC 3339 or ISO 8601, one like 05/30/2025 07:15:35 AM EDT, or a
// number of Unix seconds or milliseconds. Zone is that of texts that name none.
func ParseTime(scalar []byte, zone *time.Location) (time.Time, bool) {
	if len(scalar) == 0 {
		return time.Time{}, false
	}
	if scalar[0] != '"' {
		return parseUnix(string(scalar))
	}
	return parseTimeText(jsonscan.Unquote(scalar), zone)
}

func parseTimeText(text string, zone *time.Location) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, representable(t)
		}
	}
	return parseNamedZone(text)
}

// parseNamedZone reads a text like 05/30/2025 07:15:35 AM EDT.
func parseNamedZone(text string) (time.Time, bool) {
	at := strings.LastIndexByte(text, ' ') + 1
	hours, known := zoneHours[text[at:]]
	if !known {
		return time.Time{}, false
	}
	t, err := time.ParseInLocation("01/02/2006 03:04:05 PM ", text[:at], time.FixedZone(text[at:], hours*3600))
	return t, err == nil && representable(t)
}

// parseUnix reads seconds, or milliseconds from 1e11 on, which as seconds is the year 5138.
func parseUnix(text string) (time.Time, bool) {
	const leastMilliseconds = 1e11
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v > 0 && v < leastMilliseconds*1000) {
		return time.Time{}, false
	}
	if v >= leastMilliseconds {
		v /= 1000
	}
	whole, fraction := math.Modf(v)
	t := time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000)
	return t, representable(t)
}

// representable says whether a time fits the index, which counts nanoseconds in an int64.
func representable(t time.Time) bool {
	return t.Year() > 1678 && t.Year() < 2262
}
