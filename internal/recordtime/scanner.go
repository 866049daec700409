package recordtime

import "bytes"

// A scanner reads a text from left to right.
type scanner struct {
	text []byte
	at   int
}

// peek returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// ended reports whether nothing is left.
func (s *scanner) ended() bool { return s.at >= len(s.text) }

// accept reads c if it is next.
func (s *scanner) accept(c byte) bool {
	if s.peek() != c || s.ended() {
		return false
	}
	s.at++
	return true
}

// spaces reads spaces, if there are any.
func (s *scanner) spaces() (found bool) {
	for s.accept(' ') {
		found = true
	}
	return found
}

// number reads digits, at most so many, and returns their value and their count.
func (s *scanner) number(most int) (value, count int) {
	for count < most && isDigit(s.peek()) {
		value = value*10 + int(s.text[s.at]-'0')
		s.at++
		count++
	}
	return value, count
}

// digitsAhead returns the number of digits that are next.
func (s *scanner) digitsAhead() (n int) {
	for s.at+n < len(s.text) && isDigit(s.text[s.at+n]) {
		n++
	}
	return n
}

// word reads letters.
func (s *scanner) word() []byte {
	from := s.at
	for isLetter(s.peek()) {
		s.at++
	}
	return s.text[from:s.at]
}

// fraction reads the digits after a decimal point and returns nanoseconds. Digits
// beyond the ninth are dropped.
func (s *scanner) fraction() (nano, count int) {
	nano, count = s.number(9)
	for scale := count; scale < 9; scale++ {
		nano *= 10
	}
	for isDigit(s.peek()) {
		s.at++
	}
	return nano, count
}

// enclosed reads a text between brackets, if there is one.
func (s *scanner) enclosed(left, right byte) bool {
	if s.peek() != left {
		return false
	}
	n := bytes.IndexByte(s.text[s.at:], right)
	s.at += n + 1
	return n >= 0
}

func isDigit(c byte) bool { return c-'0' < 10 }

func isLetter(c byte) bool { return c|0x20-'a' < 26 }

func isUpper(c byte) bool { return c-'A' < 26 }
