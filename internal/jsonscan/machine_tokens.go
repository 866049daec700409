package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// kind is what sort of value a byte begins.
type kind uint8

const (
	noValue kind = iota
	numeral
	quote
	opener
	letter
)

var kinds = [256]kind{
	'-': numeral, '0': numeral, '1': numeral, '2': numeral, '3': numeral, '4': numeral,
	'5': numeral, '6': numeral, '7': numeral, '8': numeral, '9': numeral,
	'"': quote, '{': opener, '[': opener,
	't': letter, 'f': letter, 'n': letter, 'N': letter, 'I': letter,
}

// literals are the words a value may be, by their first byte.
var literals = [256]string{'t': "true", 'f': "false", 'n': "null", 'N': "NaN", 'I': "Infinity"}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
	spaces   = ' ' * lowBits
)

// skipSpace returns the index of the first byte at or after i that is not JSON white space.
func skipSpace(src []byte, i int) int {
	for i < len(src) {
		c := src[i]
		if c != '\n' && c != ' ' && c != '\r' && c != '\t' {
			break
		}
		i++
		for i+8 <= len(src) {
			if x := binary.LittleEndian.Uint64(src[i:]) ^ spaces; x != 0 {
				i += bits.TrailingZeros64(x) / 8
				break
			}
			i += 8
		}
	}
	return i
}

// skipPlain returns the index of the first byte at or after i that a string
// can't simply go on with: a quote, a backslash, a control character, or the
// first byte of a multi-byte character.
func skipPlain(src []byte, i int) int {
	for i+8 <= len(src) {
		x := binary.LittleEndian.Uint64(src[i:])
		// Each term has the high bit set in the lowest byte that matches; above a match it may err.
		m := (x - ' '*lowBits) | ((x ^ '"'*lowBits) - lowBits) | ((x ^ '\\'*lowBits) - lowBits) | x
		if m &= highBits; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
		i += 8
	}
	for i < len(src) && src[i] >= ' ' && src[i] < 0x80 && src[i] != '"' && src[i] != '\\' {
		i++
	}
	return i
}

func digit(c byte) bool { return c-'0' <= 9 }

// skipDigits returns the index of the first byte at or after i that is no digit.
func skipDigits(src []byte, i int) int {
	for i+8 <= len(src) {
		x := binary.LittleEndian.Uint64(src[i:]) ^ '0'*lowBits
		if m := (x + (0x7F-9)*lowBits | x) & highBits; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
		i += 8
	}
	for i < len(src) && digit(src[i]) {
		i++
	}
	return i
}

// wordByte says whether c could continue a number or a literal.
func wordByte(c byte) bool {
	return digit(c) || (c|0x20)-'a' < 26 || c == '.' || c == '-' || c == '+' || c == '_'
}

// plainNumber returns the end of a number without exponent that begins at i
// and ends inside src, or 0 when the number is anything else.
func plainNumber(src []byte, i int) int {
	if src[i] == '-' {
		i++
	}
	first := i
	i = skipDigits(src, i)
	if i == first || (src[first] == '0' && i > first+1) || i == len(src) {
		return 0
	}
	if src[i] == '.' {
		i++
		first = i
		i = skipDigits(src, i)
		if i == first || i == len(src) {
			return 0
		}
	}
	if src[i]|0x20 == 'e' {
		return 0
	}
	return i
}

// numberState says what of a number was read.
type numberState uint8

const (
	numberStart  numberState = iota
	numberMinus              // '-'
	numberZero               // a leading 0
	numberInt                // digits
	numberDot                // '.'
	numberFrac               // digits after '.'
	numberE                  // 'e'
	numberSign               // a sign after 'e'
	numberExp                // digits after 'e'
	numberBroken             // the byte can't stand there
	numberDone               // the byte is not of the number
)

// complete says whether the number may end here.
func (n numberState) complete() bool {
	return n == numberZero || n == numberInt || n == numberFrac || n == numberExp
}

// next returns the state after c.
func (n numberState) next(c byte) numberState {
	switch {
	case digit(c):
		switch n {
		case numberStart, numberMinus:
			if c == '0' {
				return numberZero
			}
			return numberInt
		case numberZero:
			return numberBroken
		case numberDot:
			return numberFrac
		case numberE, numberSign:
			return numberExp
		}
		return n
	case c == '-' && n == numberStart:
		return numberMinus
	case c == '.' && (n == numberZero || n == numberInt):
		return numberDot
	case c|0x20 == 'e' && (n == numberZero || n == numberInt || n == numberFrac):
		return numberE
	case (c == '-' || c == '+') && n == numberE:
		return numberSign
	case n.complete():
		return numberDone
	}
	return numberBroken
}

// token goes on with the token at src[i] that the fast path left: a character
// of a string that is not plain, or what a window's end cut. It reads as far
// as it can and then returns to run's loop.
func (s *compactor) token(src, out []byte, from, i, k int) (_, read, _ int, done bool) {
	switch s.state {
	case inString:
		switch c := src[i]; {
		case c == '\\':
			i++
			s.state = inEscape
		case c < ' ':
			return emit(out, k, src, from, i), i, i, s.invalid(c)
		default:
			if _, n := utf8.DecodeRune(src[i:]); n > 1 {
				return k, i + n, from, false
			}
			s.state, s.utf8 = inUTF8, sequence{}
			return s.character(src, out, from, i, k)
		}
	case inEscape:
		switch src[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			s.state = inString
		case 'u':
			s.state, s.hex = inHex, 4
		default:
			return emit(out, k, src, from, i), i, i, s.invalid(src[i])
		}
		i++
	case inHex:
		for ; i < len(src) && s.hex > 0; i++ {
			if c := src[i]; !digit(c) && (c|0x20)-'a' >= 6 {
				return emit(out, k, src, from, i), i, i, s.invalid(c)
			}
			s.hex--
		}
		if s.hex == 0 {
			s.state = inString
		}
	case inUTF8:
		return s.character(src, out, from, i, k)
	case inNumber:
		return s.numeral(src, out, from, i, k)
	case inLiteral:
		return s.word(src, out, from, i, k)
	}
	return k, i, from, false
}

// numeral reads on in a number.
func (s *compactor) numeral(src, out []byte, from, i, k int) (_, read, _ int, done bool) {
	for ; i < len(src); i++ {
		c := src[i]
		n := s.number.next(c)
		switch n {
		case numberDone:
			if s.depth == 0 {
				s.endsInWord = true
				return emit(out, k, src, from, i), i, i, true
			}
			s.state = afterValue
			return k, i, from, false
		case numberBroken:
			k = emit(out, k, src, from, i)
			if c == 'I' && s.number == numberMinus {
				s.state, s.literal, s.matched = inLiteral, "-Infinity", 1
				return max(k-1, 0), i, i, false
			}
			return k, i, i, s.invalid(c)
		}
		s.number = n
	}
	return k, i, from, false
}

// word reads on in a literal, of which nothing is in out.
func (s *compactor) word(src, out []byte, from, i, k int) (_, read, _ int, done bool) {
	for ; i < len(src) && s.matched < len(s.literal); i++ {
		if src[i] != s.literal[s.matched] {
			return k + copy(out[k:], s.literal[:s.matched]), i, i, s.invalid(src[i])
		}
		s.matched++
	}
	if s.matched < len(s.literal) {
		return k, i, i, false
	}
	text := s.literal
	switch text {
	case "NaN", "Infinity", "-Infinity":
		s.nonFinite++
		switch s.options.NonFinite {
		case RejectNonFinite:
			s.back = len(text)
			return k, i, i, s.refuse(ErrNonFinite, text+" is not a JSON number")
		case NullNonFinite:
			text = "null"
		case StringifyNonFinite:
			text = `"` + text + `"`
		}
	}
	k += copy(out[k:], text)
	s.state = afterValue
	s.endsInWord = s.depth == 0
	return k, i, i, s.depth == 0
}

// sequence is where in a multi-byte character the text stands.
type sequence struct {
	read   int  // bytes of it read
	want   int  // bytes that must follow
	lo, hi byte // what the next one must lie between
	first  byte
}

// lead returns the sequence that c begins, or one that wants nothing if c begins none.
func lead(c byte) sequence {
	switch {
	case c >= 0xC2 && c <= 0xDF:
		return sequence{1, 1, 0x80, 0xBF, c}
	case c == 0xE0:
		return sequence{1, 2, 0xA0, 0xBF, c}
	case c == 0xED:
		return sequence{1, 2, 0x80, 0x9F, c}
	case c >= 0xE1 && c <= 0xEF:
		return sequence{1, 2, 0x80, 0xBF, c}
	case c == 0xF0:
		return sequence{1, 3, 0x90, 0xBF, c}
	case c >= 0xF1 && c <= 0xF3:
		return sequence{1, 3, 0x80, 0xBF, c}
	case c == 0xF4:
		return sequence{1, 3, 0x80, 0x8F, c}
	}
	return sequence{}
}

// character reads on in a multi-byte character.
func (s *compactor) character(src, out []byte, from, i, k int) (_, read, _ int, done bool) {
	q := s.utf8
	for ; i < len(src); i++ {
		c := src[i]
		if q.read == 0 {
			if q = lead(c); q.want == 0 {
				s.utf8 = sequence{first: c}
				return s.malformed(src, out, from, i, k, 1)
			}
			continue
		}
		if c < q.lo || c > q.hi {
			s.utf8 = q
			return s.malformed(src, out, from, i, k, 0)
		}
		q.read++
		q.lo, q.hi = 0x80, 0xBF
		if q.want--; q.want == 0 {
			s.state = inString
			return k, i + 1, from, false
		}
	}
	s.utf8 = q
	return k, i, from, false
}

// malformed is called at bytes that are not UTF-8: those of s.utf8 that were
// read, and `more` at src[i]. The byte after them is looked at afresh.
func (s *compactor) malformed(src, out []byte, from, i, k, more int) (_, read, _ int, done bool) {
	k = emit(out, k, src, from, i)
	if s.options.InvalidUTF8 == RejectUTF8 {
		s.back = s.utf8.read
		return k, i, i, s.refuse(ErrUTF8, "invalid UTF-8: "+quoteByte(s.utf8.first)+" in a string")
	}
	s.replaced++
	k = max(k-s.utf8.read, 0)
	k += copy(out[k:], "\uFFFD")
	s.state = inString
	return k, i + more, i + more, false
}
