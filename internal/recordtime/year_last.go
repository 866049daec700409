package recordtime

import "time"

// An Order is that of day and month in a date of numbers whose year is last.
type Order byte

const (
	Undecided  Order = iota
	DayFirst         // 28/05/2025
	MonthFirst       // 05/28/2025
)

// parseYearLast parses the text of a time that begins with day and month in numbers:
// 28.05.2025 16:14:22, 05/28/2025 04:14:22 PM.
func parseYearLast(text []byte, zone *time.Location, order Order) (time.Time, bool) {
	d, ok := readYearLast(text)
	if !ok {
		return time.Time{}, false
	}
	if order == Undecided {
		order = d.order()
	}
	if d.sep == '/' && d.upperHalf {
		d.abbreviation = nil // logs depend on RFC 822 here, wherever they are
	}
	switch {
	case order == DayFirst, order == Undecided && d.first == d.second:
		d.day, d.month = d.first, d.second
	case order == MonthFirst:
		d.month, d.day = d.first, d.second
	default:
		return time.Time{}, false
	}
	return d.time(zone)
}

// A yearLastDate is a reading whose day and month may be in either order.
type yearLastDate struct {
	reading
	first, second int
	sep           byte
}

func readYearLast(text []byte) (d yearLastDate, ok bool) {
	s := scanner{text: text}
	if isLetter(s.peek()) && !s.weekday() {
		return d, false
	}
	var n int
	if d.first, n = s.number(3); n < 1 || n > 2 {
		return d, false
	}
	if d.sep = s.peek(); d.sep != '/' && d.sep != '.' && d.sep != '-' {
		return d, false
	}
	s.at++
	if d.second, n = s.number(3); n < 1 || n > 2 || !s.accept(d.sep) {
		return d, false
	}
	if d.year, n = s.number(5); n != 4 {
		return d, false
	}
	if s.ended() {
		return d, true
	}
	g := s.gap()
	return d, g != noGap && g != dashGap && s.clock(&d.reading, g) && s.zone(&d.reading) && s.ended()
}

// order returns the order that d itself has. Dates with dots are day first wherever
// they are written. Those with slashes and AM or PM in capitals are month first: logs
// depend on it, and most programs that write so are American. Otherwise only a number
// above 12 decides.
func (d *yearLastDate) order() Order {
	switch {
	case d.sep == '.':
		return DayFirst
	case d.sep == '/' && d.upperHalf:
		return MonthFirst
	case d.first > 12:
		return DayFirst
	case d.second > 12:
		return MonthFirst
	}
	return Undecided
}
