package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// SkipRest returns the end of the innermost compact object or array that is open at b[i], where
// an element or a member begins; len(b) if it does not end.
func SkipRest(b []byte, i int) int { return skipNested(b, i, 1) }

// skipNested returns the end of the outermost of the depth objects and arrays that are open at
// b[i], which is in no string; len(b) if it does not end.
//
// Brackets outside strings count. Eight bytes are looked at as one integer, so that neither
// strings nor numbers cost a branch; only brackets do, and escapes.
func skipNested(b []byte, i, depth int) int {
	const low = 0x7F * lowBits // all bits of a byte but the highest
	n := nesting{depth: depth}
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		if y := x ^ '\\'*lowBits; (y-lowBits)&^y&highBits != 0 {
			if i = n.bytes(b, i, i+8); n.depth == 0 {
				return i
			}
			continue
		}
		// Adding 0x7F to seven bits sets the highest bit unless they are 0: no carry reaches
		// another byte. With 0x26 set, all brackets are 0x7F, and 'y', 'Y', '_' and DEL, too.
		quotes := ^(((x&low ^ '"'*lowBits) + low) | x) & highBits
		brackets := ^((((x&low | 0x26*lowBits) ^ low) + low) | x) & highBits
		// The product has in each byte how many quotes there are up to it, and before. Where
		// that is odd, the byte is in a string, or is the quote before it.
		count := (quotes>>7 + n.quoted) * lowBits
		n.quoted = count >> 56 & 1
		for brackets &^= count << 7; brackets != 0; brackets &= brackets - 1 {
			at := i + bits.TrailingZeros64(brackets)/8
			if n.bracket(b[at]); n.depth == 0 {
				return at + 1
			}
		}
		i += 8
	}
	return min(n.bytes(b, i, len(b)), len(b))
}

// nesting is where in the nesting of a value a byte is.
type nesting struct {
	depth  int    // of objects and arrays that are open
	quoted uint64 // 1 in a string, otherwise 0
}

// bracket counts c, which is in no string.
func (n *nesting) bracket(c byte) {
	switch c {
	case '{', '[':
		n.depth++
	case '}', ']':
		n.depth--
	}
}

// bytes counts the brackets from b[i] to b[end] one by one. It returns the end of the outermost
// object or array if that ends, otherwise end, or one more if an escape begins before it.
func (n *nesting) bytes(b []byte, i, end int) int {
	for ; i < end; i++ {
		switch c := b[i]; {
		case c == '"':
			n.quoted ^= 1
		case n.quoted == 0:
			if n.bracket(c); n.depth == 0 {
				return i + 1
			}
		case c == '\\': // and the byte it escapes
			i++
		}
	}
	return i
}
