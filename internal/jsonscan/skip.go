package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes are compared at once as one integer: multiplied by lowBits, a byte
// is in each place, and highBits has the sign of each place.
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
		// After one white space, most often a line feed, come many blanks. The
		// lowest place that differs is the first byte that is not a blank.
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

// skipPlain returns the index of the first byte at or after i that is not plain in a
// string: a quote, a backslash, a control character, or a byte of a multi-byte
// character.
func skipPlain(src []byte, i int) int {
	for i+8 <= len(src) {
		x := binary.LittleEndian.Uint64(src[i:])
		// A place below n borrows when n is subtracted, which sets its high bit: of a
		// control character at once, of a quote or a backslash when the exclusive or has
		// made it 0. A borrow reaches the places above, so only the lowest match is
		// certain, and only that one is used. x itself has the bytes beyond ASCII.
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

// skipDigits returns the index of the first byte at or after i that is not a digit.
func skipDigits(src []byte, i int) int {
	for i+8 <= len(src) {
		// The exclusive or turns digits, and no other bytes, into 0 to 9. Adding 0x7F-9
		// then sets the high bit of all greater ones. A carry reaches places above alone.
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

// wordByte reports whether c could continue a number or a literal.
func wordByte(c byte) bool {
	return digit(c) || (c|0x20)-'a' < 26 || c == '.' || c == '-' || c == '+' || c == '_'
}

// plainNumber returns the end of the number at src[i] if it has no exponent and the byte
// after it is in src, too. 0 means anything else: numeral must read it.
func plainNumber(src []byte, i int) int {
	if src[i] == '-' {
		i++
	}
	first := i
	i = skipDigits(src, i)
	// Up to the end of src, the number may continue in the next window.
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
