package recordtime

// A gap is what is between a date and a time of the day.
type gap byte

const (
	noGap     gap = 0
	letterGap gap = 'T'
	spaceGap  gap = ' ' // also with a comma before it
	lineGap   gap = '_'
	dashGap   gap = '-'
	colonGap  gap = ':'
)

// gap reads what is between a date and a time of the day.
func (s *scanner) gap() gap {
	switch c := s.peek(); c {
	case 'T', 't':
		s.at++
		return letterGap
	case '_', '-', ':':
		s.at++
		return gap(c)
	case ',', ' ':
		s.at++
		if s.spaces() || c == ' ' {
			return spaceGap
		}
	}
	return noGap
}

// clock reads a time of the day that follows a gap: 16:14:22.123, 16:14, 161422,
// 16-14-22, 4:14 PM and the like. The zone is left.
func (s *scanner) clock(r *reading, g gap) bool {
	digits := s.digitsAhead()
	switch {
	case digits == 1 || digits == 2:
		r.hour, _ = s.number(2)
		if !s.separated(r, g) {
			return false
		}
	case digits == 6 || digits == 4 && g != dashGap: // 20250528-0400 may have an offset
		r.hour, _ = s.number(2)
		r.minute, _ = s.number(2)
		if digits == 6 {
			r.second, _ = s.number(2)
			if !s.secondFraction(r) {
				return false
			}
		}
	default:
		return false
	}
	return s.half(r)
}

// separated reads the rest of a time of the day after its hour.
func (s *scanner) separated(r *reading, g gap) bool {
	sep := s.peek()
	switch {
	// A dash may also be the sign of an offset: after a T or a space it counts only if
	// two follow.
	case sep == ':', sep == '.', sep == '-' && (g == lineGap || g == dashGap || s.isDashed()):
	default: // an hour alone; AM or PM may follow
		return (g == letterGap || g == spaceGap) && (s.at >= 2 && isDigit(s.text[s.at-2]) || s.halfAhead())
	}
	s.at++
	var n int
	if r.minute, n = s.number(3); n != 2 {
		return false
	}
	if s.peek() != sep || s.ended() || sep == '-' && !isDigit(s.after(1)) {
		return g != dashGap // 2025-05-28-16-14 may be anything
	}
	s.at++
	if r.second, n = s.number(3); n != 2 {
		return false
	}
	return s.afterSecond(r, sep)
}

// afterSecond reads a fraction of a second, if there is one: .123, ,123, or :123 where
// colons separate the other numbers too.
func (s *scanner) afterSecond(r *reading, sep byte) bool {
	if sep == ':' && s.peek() == ':' {
		s.at++
		var count int
		r.nano, count = s.fraction()
		return count == 3
	}
	return s.secondFraction(r)
}

// isDashed reports whether -MM-SS is next.
func (s *scanner) isDashed() bool {
	t := *s
	t.at++
	_, minutes := t.number(2)
	dashed := t.accept('-')
	_, seconds := t.number(2)
	return minutes == 2 && dashed && seconds == 2
}

// after returns the byte that is n bytes ahead, or 0.
func (s *scanner) after(n int) byte {
	if s.at+n < len(s.text) {
		return s.text[s.at+n]
	}
	return 0
}

// secondFraction reads a fraction of a second, if there is one.
func (s *scanner) secondFraction(r *reading) bool {
	if c := s.peek(); c != '.' && c != ',' {
		return true
	}
	// A comma may also end the time: 16:14:22, 28 May 2025.
	if !isDigit(s.after(1)) {
		return s.peek() == ','
	}
	s.at++
	r.nano, _ = s.fraction()
	return true
}

// half reads AM or PM, if one of them is next.
func (s *scanner) half(r *reading) bool {
	if !s.halfAhead() {
		return true
	}
	s.spaces()
	c := s.text[s.at]
	s.at++
	dotted := s.accept('.')
	r.upperHalf = isUpper(c) && isUpper(s.peek())
	s.at++
	if dotted && !s.accept('.') {
		return false
	}
	return r.setHalf(c|0x20 == 'p')
}

// halfAhead reports whether AM or PM is next, as AM, am or a.m.
func (s *scanner) halfAhead() bool {
	t := *s
	t.spaces()
	if c := t.peek() | 0x20; c != 'a' && c != 'p' {
		return false
	}
	t.at++
	t.accept('.')
	if t.peek()|0x20 != 'm' {
		return false
	}
	t.at++
	t.accept('.')
	return !isLetter(t.peek()) && !isDigit(t.peek())
}
