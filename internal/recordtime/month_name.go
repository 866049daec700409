package recordtime

import (
	"bytes"
	"strings"
	"time"
)

var monthNames = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

var weekdayNames = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// parseMonthName parses the text of a time whose month is an English name. The name, a
// year of four digits and a day of at most two may be in any order, so no text has two
// meanings: Wed, 28 May 2025 16:14:22 GMT; Wed May 28 16:14:22 CEST 2025; May 28, 2025, 4:14 PM.
func parseMonthName(text []byte, zone *time.Location, _ Order) (time.Time, bool) {
	m := monthNameScanner{scanner: scanner{text: text}}
	if !m.mayMatch() {
		return time.Time{}, false
	}
	for !m.ended() {
		if !m.part() {
			return time.Time{}, false
		}
	}
	if m.year == 0 || m.month == 0 || m.day == 0 {
		return time.Time{}, false
	}
	return m.reading.time(zone)
}

// A monthNameScanner reads the parts of a time with a month's name. A part that has not
// been read yet is 0.
type monthNameScanner struct {
	scanner
	reading
	weekday, timed bool
}

// mayMatch reports whether the text begins as such a time does: with a letter, or with a
// day and its month.
func (m *monthNameScanner) mayMatch() bool {
	n := m.digitsAhead()
	return n <= 2 && len(m.text) > n+1
}

// part reads the next part and what separates it from the one after it.
func (m *monthNameScanner) part() bool {
	ok := false
	switch c := m.peek(); {
	case isLetter(c):
		ok = m.name()
	case isDigit(c):
		ok = m.digits()
	case c == '+' || c == '-':
		ok = m.timed && m.zone(&m.reading)
	}
	for m.accept(' ') || m.accept(',') {
	}
	return ok
}

// name reads a weekday, a month, "at" or a zone.
func (m *monthNameScanner) name() bool {
	from := m.at
	name := m.word()
	switch {
	case m.month == 0 && monthOf(name) > 0:
		m.month = monthOf(name)
		m.joint()
		return true
	case !m.weekday && m.month == 0 && isWeekday(name):
		m.weekday = true
		m.accept('.')
		return true
	case string(name) == "at" && !m.timed:
		return true
	}
	m.at = from
	return m.timed && m.zone(&m.reading)
}

// joint reads the dash of 28-May-2025, the slash of 28/May/2025, or the point after an
// abbreviated name.
func (m *monthNameScanner) joint() {
	if c := m.peek(); c == '-' || c == '/' || c == '.' {
		m.at++
	}
}

// digits reads a day, a year or a time of the day.
func (m *monthNameScanner) digits() bool {
	n := m.digitsAhead()
	switch next := m.after(n); {
	case n <= 2 && (next == ':' || m.dated() && !m.timed):
		m.timed = !m.timed && m.clock(&m.reading, spaceGap)
		return m.timed
	case n <= 2 && m.day == 0:
		m.day, _ = m.number(2)
		m.ordinal()
		m.joint()
		return true
	case n == 2 && m.rfc850():
		m.year, _ = m.number(2)
		// As POSIX has it: 69 to 99 are of the 20th century.
		if m.year += 2000; m.year >= 2069 {
			m.year -= 100
		}
		return true
	case n == 4 && m.year == 0:
		m.year, _ = m.number(4)
		if m.peek() == ':' && isDigit(m.after(1)) { // the log of a web server
			m.at++
		}
		return true
	}
	return false
}

// dated reports whether the date is complete.
func (m *monthNameScanner) dated() bool { return m.year > 0 && m.month > 0 && m.day > 0 }

// ordinal reads the end of 1st, 2nd, 3rd or 28th.
func (m *monthNameScanner) ordinal() {
	t := m.scanner
	switch string(t.word()) {
	case "st", "nd", "rd", "th":
		m.scanner = t
	}
}

// rfc850 reports whether the text is like Wednesday, 28-May-25 16:14:22 GMT, whose year
// has two digits.
func (m *monthNameScanner) rfc850() bool {
	return m.weekday && m.day > 0 && m.month > 0 && m.year == 0 && m.text[m.at-1] == '-' && bytes.IndexByte(m.text, ',') > 0
}

// monthOf returns the month of an English name or its abbreviation, or 0.
func monthOf(name []byte) int { return indexOfName(monthNames, name) + 1 }

// isWeekday reports whether a word is the English name of a weekday, or its
// abbreviation.
func isWeekday(name []byte) bool { return indexOfName(weekdayNames, name) >= 0 }

// indexOfName returns the index of the name that word is, in full or abbreviated to
// three letters or four, or -1.
func indexOfName(names []string, word []byte) int {
	if len(word) < 3 {
		return -1
	}
	for i, name := range names {
		if short := len(word) <= 4 && len(word) < len(name); (short || len(word) == len(name)) && strings.EqualFold(name[:len(word)], string(word)) {
			return i
		}
	}
	return -1
}

// weekday reads the name of a weekday before a date of numbers.
func (s *scanner) weekday() bool {
	if !isWeekday(s.word()) {
		return false
	}
	s.accept('.')
	s.accept(',')
	return s.spaces()
}
