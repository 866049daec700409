package recordtime

import "bytes"

// zoneOffsets have the offsets of zones by their abbreviations, in minutes: those of
// RFC 822, and those that have stood for one offset wherever they were used since 1990.
// BST, IST and MSK are not among them: they have stood for several. KST is, although
// North Korea was half an hour behind for three years.
var zoneOffsets = map[string]int{
	"UT": 0, "GMT": 0, "UTC": 0,
	"EST": -5 * 60, "EDT": -4 * 60, "CST": -6 * 60, "CDT": -5 * 60, "MST": -7 * 60, "MDT": -6 * 60, "PST": -8 * 60, "PDT": -7 * 60,
	"AKST": -9 * 60, "AKDT": -8 * 60, "NST": -3*60 - 30, "NDT": -2*60 - 30,
	"WET": 0, "WEST": 60, "CET": 60, "CEST": 2 * 60, "EET": 2 * 60, "EEST": 3 * 60,
	"CAT": 2 * 60, "EAT": 3 * 60, "SAST": 2 * 60, "WIB": 7 * 60, "WITA": 8 * 60, "WIT": 9 * 60,
	"JST": 9 * 60, "KST": 9 * 60, "AWST": 8 * 60, "ACST": 9*60 + 30, "ACDT": 10*60 + 30, "AEST": 10 * 60, "AEDT": 11 * 60,
	"NZST": 12 * 60, "NZDT": 13 * 60,
}

// zone reads a zone, and what some programs write after it: the name of a zone whose
// offset is known already, or a comment. It reads nothing but spaces if no zone is next.
func (s *scanner) zone(r *reading) bool {
	s.spaces()
	switch c := s.peek(); {
	case s.ended():
		return true
	case r.zoned:
		return false
	case c == '+' || c == '-':
		if !s.offset(r, 2) {
			return false
		}
		// Programs append Z to what Python's isoformat has given the offset +00:00.
		if r.offset != 0 || !s.accept('Z') {
			s.zoneName()
		}
	case isLetter(c):
		if !s.namedZone(r) {
			return false
		}
	default:
		return false
	}
	r.zoned = true
	return s.remark()
}

// offset reads an offset: +02, +0200, +02:00 or +02:00:00. least is the minimum number of
// digits of its hours.
func (s *scanner) offset(r *reading, least int) bool {
	negative := s.peek() == '-'
	s.at++
	hours, n := s.number(2)
	if n < least {
		return false
	}
	var minutes, seconds int
	switch {
	case n == 2 && isDigit(s.peek()):
		minutes, n = s.number(2)
	case s.accept(':'):
		minutes, n = s.number(2)
		if n == 2 && s.peek() == ':' && isDigit(s.after(1)) {
			s.at++
			seconds, n = s.number(2)
		}
	default:
		n = 2
	}
	if n != 2 || isDigit(s.peek()) || hours > 23 || minutes > 59 || seconds > 59 {
		return false
	}
	if r.offset = (hours*60+minutes)*60 + seconds; negative {
		r.offset = -r.offset
	}
	return true
}

// namedZone reads Z, the abbreviation of a zone, or GMT or UTC with an offset.
func (s *scanner) namedZone(r *reading) bool {
	name := s.word()
	if len(name) == 1 && name[0]|0x20 == 'z' {
		return true
	}
	minutes, known := zoneOffsets[string(name)]
	if !known {
		return false
	}
	if c := s.peek(); (c == '+' || c == '-') && (string(name) == "GMT" || string(name) == "UTC") {
		return s.offset(r, 1)
	}
	r.offset, r.abbreviation = minutes*60, name
	return true
}

// zoneName reads the name of a zone after its offset, as Go writes it: +0200 CEST,
// +0300 +03. The offset counts.
func (s *scanner) zoneName() {
	t := *s
	if !t.spaces() {
		return
	}
	from := t.at
	if c := t.peek(); c == '+' || c == '-' {
		t.at++
		t.number(4)
	} else {
		for isUpper(t.peek()) {
			t.at++
		}
	}
	if n := t.at - from; n >= 3 && (t.ended() || t.peek() == ' ') {
		*s = t
	}
}

// remark reads what follows a zone: (CEST), [Europe/Berlin], or the reading of Go's
// monotonic clock, m=+0.000012.
func (s *scanner) remark() bool {
	t := *s
	t.spaces()
	switch {
	case t.peek() == '(':
		if !t.enclosed('(', ')') {
			return false
		}
	case t.peek() == '[' && t.at == s.at:
		if !t.enclosed('[', ']') {
			return false
		}
	case bytes.HasPrefix(t.text[t.at:], []byte("m=")):
		t.at += len("m=")
		if !t.accept('+') && !t.accept('-') {
			return false
		}
		for isDigit(t.peek()) || t.peek() == '.' {
			t.at++
		}
	default:
		return true
	}
	*s = t
	return true
}
