package term

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/size"
)

// Bytes formats a size in units of 1000, as disks are labelled: 80B, 395KB, 1.48GB.
func Bytes(n int64) string {
	return size.Text(uint64(max(n, 0)))
}

// Duration formats a duration with at most two units: 2m58s, 40h43m, 12d4h.
func Duration(d time.Duration) string {
	if d < 0 {
		return "-" + Duration(-max(d, -math.MaxInt64))
	}
	switch s := int64(math.Round(d.Seconds())); {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(10 * time.Millisecond).String()
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 72*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	case s < 730*86400:
		return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
	default:
		return fmt.Sprintf("%.1f years", float64(s)/86400/365.25)
	}
}

const timeLayout = "01-02 15:04:05"

// TimeWidth is the number of columns of DateTime, and the maximum of Time.
const TimeWidth = len("2006-") + len(timeLayout)

// Time formats t without its year if that is the year of other, in t's location.
func Time(t, other time.Time) string {
	if t.Year() != other.In(t.Location()).Year() {
		return DateTime(t)
	}
	return t.Format(timeLayout)
}

// DateTime formats t with its year.
func DateTime(t time.Time) string { return t.Format("2006-" + timeLayout) }

// Zone names the zone of t: EDT (-04:00), or +05:30 if it has no name.
func Zone(t time.Time) string {
	name, offset := t.Format("MST"), t.Format("-07:00")
	if strings.HasPrefix(name, offset[:1]) {
		return offset
	}
	return fmt.Sprintf("%s (%s)", name, offset)
}

// Zones names the zone of two times, or both zones if the offset changed between them.
func Zones(first, last time.Time) string {
	if Zone(first) == Zone(last) {
		return Zone(last)
	}
	return Zone(first) + " → " + Zone(last)
}

// Count formats a number: 14,400.
func Count(n uint64) string { return humanize.Comma(int64(n)) }

// Plural formats a number of things: 1 stall, 2 stalls.
func Plural(n uint64, thing string) string {
	return Count(n) + " " + english.PluralWord(int(n), thing, "")
}

// IsAre returns the verb for n things.
func IsAre(n uint64) string { return english.PluralWord(int(n), "is", "are") }

// Range formats a range of sequences: 17, or 17–20.
func Range[Seq ~uint64](first, last Seq) string {
	if first == last {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d–%d", first, last)
}
