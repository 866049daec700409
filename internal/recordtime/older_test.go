package recordtime

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
)

// olderParse is what the first versions of histlog read, with package time. Logs of those
// versions rely on it: what it reads must not change its meaning.
func olderParse(scalar []byte, zone *time.Location) (time.Time, bool) {
	if len(scalar) == 0 || len(scalar) > 256 {
		return time.Time{}, false
	}
	if scalar[0] != '"' {
		return olderNumber(string(scalar), zone)
	}
	text := jsonscan.Unquote(scalar)
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z0700", "01/02/2006 03:04:05 PM", "2006-01-02",
	} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, representable(t)
		}
	}
	at := strings.LastIndexByte(text, ' ') + 1
	hours, known := map[string]int{
		"UT": 0, "GMT": 0, "UTC": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	}[text[at:]]
	t, err := time.ParseInLocation("01/02/2006 03:04:05 PM ", text[:at], time.FixedZone("", hours*3600))
	return t, known && err == nil && representable(t)
}

func olderNumber(text string, zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{"20060102", "20060102150405"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil && len(text) == len(layout) && Plausible(t) {
			return t, true
		}
	}
	for unit := time.Second; unit > 0; unit /= 1000 {
		perSecond := int64(time.Second / unit)
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			if t := time.Unix(n/perSecond, n%perSecond*int64(unit)); Plausible(t) {
				return t, true
			}
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if v /= float64(perSecond); err == nil && v >= earliestUnix && v < latestUnix {
			whole, fraction := math.Modf(v)
			return time.Unix(int64(whole), int64(math.Round(fraction*1e6))*1000), true
		}
	}
	return time.Time{}, false
}
