package recordtime

import "time"

// parseYearFirst parses the text of a time that begins with the year, as ISO 8601 has
// it, also with other separators: 2025-05-28T16:14:22Z, 2025/05/28 16:14, 20250528_161422,
// 2025-W22-3.
func parseYearFirst(text []byte, zone *time.Location, _ Order) (time.Time, bool) {
	s := scanner{text: text}
	r := reading{month: 1, day: 1}
	if s.usual(&r) {
		if !s.afterSecond(&r, ':') || !s.half(&r) || !s.zone(&r) || !s.ended() {
			return time.Time{}, false
		}
		return r.time(zone)
	}
	if isLetter(s.peek()) && !s.weekday() {
		return time.Time{}, false
	}
	var full bool // the date has a day
	switch s.digitsAhead() {
	case 4:
		r.year, _ = s.number(4)
		var ok bool
		if full, ok = s.restOfDate(&r); !ok {
			return time.Time{}, false
		}
	case 8:
		s.basicDate(&r)
		if full = true; s.ended() { // a number
			return time.Time{}, false
		}
	case 12, 14:
		return s.basicTime(r, zone)
	default:
		return time.Time{}, false
	}
	if !s.ended() && (!full || !s.restOfTime(&r)) {
		return time.Time{}, false
	}
	return r.time(zone)
}

// usual reads 2025-05-28T16:14:22, or the same with a space, if the text begins with it.
// Most logs have such times, so it is faster than the rest.
func (s *scanner) usual(r *reading) bool {
	b := s.text
	if len(b) < len("2025-05-28T16:14:22") || b[4] != '-' || b[7] != '-' || b[10] != 'T' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return false
	}
	century, year, month, day := pair(b, 0), pair(b, 2), pair(b, 5), pair(b, 8)
	hour, minute, second := pair(b, 11), pair(b, 14), pair(b, 17)
	if century|year|month|day|hour|minute|second < 0 {
		return false
	}
	r.year, r.month, r.day, r.hour, r.minute, r.second = century*100+year, month, day, hour, minute, second
	s.at = len("2025-05-28T16:14:22")
	return true
}

// pair returns the value of two digits, or -1.
func pair(b []byte, at int) int {
	if !isDigit(b[at]) || !isDigit(b[at+1]) {
		return -1
	}
	return int(b[at]-'0')*10 + int(b[at+1]-'0')
}

func (s *scanner) basicDate(r *reading) {
	r.year, _ = s.number(4)
	r.month, _ = s.number(2)
	r.day, _ = s.number(2)
}

// basicTime parses the generalized time of ASN.1, 20250528161422Z, and the like.
// Without anything after the digits it is a number, which parseNumber parses.
func (s *scanner) basicTime(r reading, zone *time.Location) (time.Time, bool) {
	s.basicDate(&r)
	r.hour, _ = s.number(2)
	r.minute, _ = s.number(2)
	var n int
	r.second, n = s.number(2)
	// After minutes, a fraction would be one of a minute, which no program writes.
	if s.ended() || n == 2 && !s.secondFraction(&r) || !s.zone(&r) || !s.ended() {
		return time.Time{}, false
	}
	return r.time(zone)
}

// restOfDate reads the rest of a date after its year. full reports that it names a
// day.
func (s *scanner) restOfDate(r *reading) (full, ok bool) {
	sep := s.peek()
	switch sep {
	case '-', '/', '.', ':', ' ':
		s.at++
	case 'W':
		return s.week(r, false)
	default:
		return false, false
	}
	switch {
	case sep == '-' && s.peek() == 'W':
		return s.week(r, true)
	case sep == '-' && s.digitsAhead() == 3:
		day, _ := s.number(3)
		return true, r.setYearDay(day)
	case isLetter(s.peek()) && (sep == '-' || sep == ' ' || sep == '/'):
		r.month = monthOf(s.word())
	case sep == ' ':
		return false, false
	default:
		var n int
		if r.month, n = s.number(3); n == 0 || n > 2 {
			return false, false
		}
		if s.ended() {
			return false, sep == '-' && n == 2
		}
	}
	if !s.accept(sep) {
		return false, false
	}
	var n int
	r.day, n = s.number(3)
	return true, n == 1 || n == 2
}

// week reads a week and perhaps the day of the week.
func (s *scanner) week(r *reading, dashed bool) (full, ok bool) {
	s.at++
	week, n := s.number(2)
	day := 1
	if full = !s.ended(); full {
		if dashed && !s.accept('-') {
			return false, false
		}
		var digits int
		if day, digits = s.number(1); digits == 0 {
			return false, false
		}
	}
	return full, n == 2 && r.setWeek(week, day)
}

// restOfTime reads what follows a complete date: a time of the day and a zone, or a zone
// alone.
func (s *scanner) restOfTime(r *reading) bool {
	date, from := *r, s.at
	if c := s.peek(); c == 'Z' || c == 'z' || c == '+' {
		return s.zone(r) && s.ended()
	}
	g := s.gap()
	if g == noGap || g == colonGap {
		return false
	}
	if s.clock(r, g) {
		return s.zone(r) && s.ended()
	}
	if g != dashGap { // 2025-05-28-04:00 is a date with an offset
		return false
	}
	*r, s.at = date, from
	r.zoned = true
	return s.offset(r, 2) && s.ended() && s.text[s.at-3] == ':'
}
