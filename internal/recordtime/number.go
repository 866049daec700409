package recordtime

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// A number is a time only from 1990 to 2100, in Unix seconds. Otherwise a year, a
// counter or the serial number of a spreadsheet's date would be a time of 1970, and
// retention by age would delete its record.
const (
	earliestUnix = 631152000
	latestUnix   = 4102444800
)

// Plausible reports whether t may be the time of a clock that was set: from 1990 to
// 2100.
func Plausible(t time.Time) bool { return t.Unix() >= earliestUnix && t.Unix() < latestUnix }

// A count is a way to tell the time as a number.
type count struct {
	unit     time.Duration
	epoch    int64 // in Unix seconds
	earliest int64 // the first plausible time, in Unix seconds
}

// epoch1601 is 1 January 1601, from which Windows and Chromium count.
const epoch1601 = -11644473600

// counts are those whose plausible ranges do not overlap. The ticks of .NET, 100 ns from
// the year 1, are not among them: those of 2001 to 2100 are the nanoseconds of Unix times
// in 1990, which are left out too.
var counts = []count{
	{time.Second, 0, earliestUnix},
	{time.Millisecond, 0, earliestUnix},
	{time.Microsecond, 0, earliestUnix},
	{time.Nanosecond, 0, 662688000},                  // 1991
	{time.Microsecond, epoch1601, earliestUnix},      // Chromium
	{100 * time.Nanosecond, epoch1601, earliestUnix}, // FILETIME
}

// parseNumber parses the digits of a date, or a number of units since an epoch in the
// unit that makes it plausible.
func parseNumber(text []byte, zone *time.Location, _ Order) (time.Time, bool) {
	n, ok := parseDecimal(text)
	if !ok {
		return time.Time{}, false
	}
	if t, ok := parseDigits(text, zone); ok {
		return t, true
	}
	for _, c := range counts {
		if t := n.time(c); t.Unix() >= c.earliest && t.Unix() < latestUnix {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseDigits parses a date and perhaps a time of the day in digits alone: 20250528,
// 202505281614, 20250528161422 or 20250528161422123.
func parseDigits(text []byte, zone *time.Location) (time.Time, bool) {
	s := scanner{text: text}
	n := s.digitsAhead()
	if n != len(text) || n != 8 && n != 12 && n != 14 && n != 17 {
		return time.Time{}, false
	}
	var r reading
	s.basicDate(&r)
	r.hour, _ = s.number(2)
	r.minute, _ = s.number(2)
	r.second, _ = s.number(2)
	r.nano, _ = s.fraction()
	t, ok := r.time(zone)
	return t, ok && Plausible(t)
}

// parseUnix parses a number of units since 1970.
func parseUnix(text []byte, unit time.Duration) (time.Time, bool) {
	n, ok := parseDecimal(text)
	if !ok {
		return time.Time{}, false
	}
	t := n.time(count{unit: unit})
	return t, Plausible(t)
}

// A decimal is a positive number: whole + billionths / 1e9.
type decimal struct{ whole, billionths int64 }

// time returns the time that is n units of c after the epoch of c. A number that is too
// large for any count is not a plausible time.
func (n decimal) time(c count) time.Time {
	perSecond := int64(time.Second / c.unit)
	nano := n.whole%perSecond*int64(c.unit) + n.billionths/perSecond
	return time.Unix(n.whole/perSecond+c.epoch, nano)
}

// parseDecimal parses a positive number of at most 19 digits before the point.
func parseDecimal(text []byte) (n decimal, ok bool) {
	s := scanner{text: text}
	digits := s.digitsAhead()
	if digits == 0 || digits > 19 || text[0] == '0' {
		return n, false
	}
	if !s.onlyNumber() {
		return n, false
	}
	if bytes.ContainsAny(text, "eE") {
		return parseExponent(text)
	}
	whole, err := strconv.ParseInt(string(text[:digits]), 10, 64)
	if s.at = digits; s.accept('.') {
		if s.ended() {
			return n, false
		}
		fraction, _ := s.fraction()
		n.billionths = int64(fraction)
	}
	n.whole = whole
	return n, err == nil && s.ended()
}

// onlyNumber reports whether the text has no other bytes than a number of JSON.
func (s *scanner) onlyNumber() bool {
	for _, c := range s.text {
		if !isDigit(c) && c != '.' && c != 'e' && c != 'E' && c != '+' && c != '-' {
			return false
		}
	}
	return true
}

// parseExponent parses a number with an exponent. A float64 holds such times to the
// microsecond.
func parseExponent(text []byte) (n decimal, ok bool) {
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(v < math.MaxInt64) {
		return n, false
	}
	whole, fraction := math.Modf(v)
	return decimal{int64(whole), int64(math.Round(fraction*1e6)) * 1000}, true
}

// parseMicrosoft parses /Date(1748448862123)/, as .NET's older serializers write times.
// An offset in it says how the time was shown.
func parseMicrosoft(text []byte, _ *time.Location, _ Order) (time.Time, bool) {
	inner, ok := bytes.CutPrefix(text, []byte("/Date("))
	if !ok {
		return time.Time{}, false
	}
	if inner, ok = bytes.CutSuffix(inner, []byte(")/")); !ok {
		return time.Time{}, false
	}
	var r reading
	s := scanner{text: inner}
	digits := s.digitsAhead()
	s.at = digits
	if c := s.peek(); !s.ended() && (c != '+' && c != '-' || !s.offset(&r, 2) || !s.ended()) {
		return time.Time{}, false
	}
	return parseUnix(inner[:digits], time.Millisecond)
}
