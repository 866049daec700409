package jsonscan

import "unicode/utf8"

// kind says what kind of value a byte begins.
type kind uint8

const (
	noValue kind = iota
	numeral
	quote
	opener
	letter
)

// kinds replaces a switch of twenty cases, most of them hard to predict, by one load.
var kinds = [256]kind{
	'-': numeral, '0': numeral, '1': numeral, '2': numeral, '3': numeral, '4': numeral,
	'5': numeral, '6': numeral, '7': numeral, '8': numeral, '9': numeral,
	'"': quote, '{': opener, '[': opener,
	't': letter, 'f': letter, 'n': letter, 'N': letter, 'I': letter,
}

// literals holds the words that a value may be by their first byte, which decides
// alone: every other byte must then match. "-Infinity" is found in a number.
var literals = [256]string{'t': "true", 'f': "false", 'n': "null", 'N': "NaN", 'I': "Infinity"}

// numberState says which part of a number was read last.
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
	numberBroken             // the byte is not allowed there
	numberDone               // the byte is not part of the number
)

// complete reports whether the number may end here.
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
	// A byte that is not a digit: a sign, a point or an exponent where the grammar has one.
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

// token continues with the token at src[i] that the fast path of run left: with a
// character of a string that is not plain, or with a token that the end of a window
// divided. It reads as far as it can. It and the functions below return k, i, from
// and done for run's loop; either i has grown or the state is another one, so that
// the loop ends.
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
			// A whole character inside the window, as nearly all are.
			if _, n := utf8.DecodeRune(src[i:]); n > 1 {
				return k, i + n, from, false
			}
			// Divided by the end of the window, or ill-formed: byte by byte.
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
		i++ // the escape stays as it was written
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

// numeral continues a number, byte by byte.
func (s *compactor) numeral(src, out []byte, from, i, k int) (_, read, _ int, done bool) {
	for ; i < len(src); i++ {
		c := src[i]
		n := s.number.next(c)
		switch n {
		case numberDone:
			// c is not part of the number, and is not read.
			if s.depth == 0 {
				s.endsInWord = true
				return emit(out, k, src, from, i), i, i, true
			}
			s.state = afterValue
			return k, i, from, false
		case numberBroken:
			k = emit(out, k, src, from, i)
			if c == 'I' && s.number == numberMinus {
				// "-Infinity": the sign was output as a number's. It is removed from the
				// output, because word writes the complete literal. In Skip there is no
				// output of earlier windows.
				s.state, s.literal, s.matched = inLiteral, "-Infinity", 1
				return max(k-1, 0), i, i, false
			}
			return k, i, i, s.invalid(c)
		}
		s.number = n
	}
	return k, i, from, false
}

// word continues a literal, of which nothing is in out yet.
func (s *compactor) word(src, out []byte, from, i, k int) (_, read, _ int, done bool) {
	for ; i < len(src) && s.matched < len(s.literal); i++ {
		if src[i] != s.literal[s.matched] {
			// What was read of it belongs to the compact text that the error shows.
			return k + copy(out[k:], s.literal[:s.matched]), i, i, s.invalid(src[i])
		}
		s.matched++
	}
	if s.matched < len(s.literal) { // the window ends
		return k, i, i, false
	}
	// The text in out may be another one than was read: the room is checked by run.
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
	// At depth 0 the literal is the value, and white space must follow another word.
	s.endsInWord = s.depth == 0
	return k, i, i, s.depth == 0
}

// A sequence is the beginning of a multi-byte character. The zero value means that no
// byte of it was read.
type sequence struct {
	read   int  // bytes read
	want   int  // bytes that must follow
	lo, hi byte // lo ≤ next byte ≤ hi
	first  byte // for the message
}

// lead returns the sequence that c begins, or one that wants nothing if c begins none.
func lead(c byte) sequence {
	// The narrow ranges of the second byte keep out what has a shorter form (after E0
	// and F0), surrogates (ED) and what is beyond U+10FFFF (F4). C0 and C1 have shorter
	// forms whatever follows.
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

// character continues a multi-byte character, byte by byte.
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
			// c may begin a character of its own, and is not read.
			s.utf8 = q
			return s.malformed(src, out, from, i, k, 0)
		}
		// The range of all bytes but the second.
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

// malformed is called at bytes that are not UTF-8: the s.utf8.read bytes before src[i]
// and `more` bytes at src[i]. Together they are one maximal ill-formed part, as the
// Unicode standard defines it; the byte after them is read as if nothing came before.
func (s *compactor) malformed(src, out []byte, from, i, k, more int) (_, read, _ int, done bool) {
	k = emit(out, k, src, from, i)
	if s.options.InvalidUTF8 == RejectUTF8 {
		s.back = s.utf8.read
		return k, i, i, s.refuse(ErrUTF8, "invalid UTF-8: "+quoteByte(s.utf8.first)+" in a string")
	}
	s.replaced++
	// The bytes read are in the output, unless an earlier window of Skip had them.
	k = max(k-s.utf8.read, 0)
	k += copy(out[k:], "\uFFFD")
	s.state = inString
	return k, i + more, i + more, false
}
