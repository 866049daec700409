package jsonscan

import (
	"strconv"
	"strings"
)

// slack is how far beyond the last byte of its output run may write.
const slack = 32

// state is what the next byte of the text must continue.
type state uint8

const (
	atValue    state = iota // a value must begin
	atElement               // a value or ']'
	atMember                // a member's name or '}'
	atName                  // a member's name
	afterValue              // ',' or what closes the container
	atColon                 // ':'
	afterColon              // a value must begin
	// The states above stand between tokens, those below inside one.
	inString
	inEscape  // after a backslash
	inHex     // inside the four digits of \u
	inUTF8    // inside a multi-byte character
	inNumber  // s.number says where
	inLiteral // s.literal[:s.matched] was read
)

// indentation is what white space before a value most often is. That it is
// again as long as before the last value of the same depth is cheap to check.
const indentation = "\n" + spaces16 + spaces16 + spaces16 + spaces16

const spaces16 = "                "

// compactor is the state machine; it holds all that must outlive a window.
type compactor struct {
	options Options
	capture capture

	state      state
	inName     bool // the string being read names a member
	object     bool // the innermost container is an object
	endsInWord bool // the value that ended was a number or a literal
	depth      int  // open containers
	stack      [(MaxDepth + 63) / 64]uint64

	lines string    // its beginnings are what white space before a value most often is
	pads  [64]uint8 // by depth: how many bytes of lines stood before the last value there
	watch watch

	nonFinite int64 // tokens let in
	replaced  int64 // ill-formed parts of characters that became U+FFFD
	number    numberState
	literal   string
	matched   int // bytes of literal read
	hex       int // digits of \u still to come
	utf8      sequence

	fault  error // why run stopped, one of this package's errors
	reason string
	back   int // bytes read since the first one at fault
}

// begin prepares for a value whose compact form will stand at out[from:].
func (s *compactor) begin(p *Pointer, from int) {
	s.state, s.depth, s.object, s.inName, s.endsInWord = atValue, 0, false, false, false
	if s.lines == "" {
		s.lines = indentation
	}
	s.capture.begin(p, from)
}

// run compacts src to out[k:]. It returns the end of the output, how much of
// src it read, and whether the value is complete. It stops early at the
// value's end, at a fault (s.fault is set, and what was read ends before the
// byte at fault), and when out runs short because a replacement was longer than
// what it replaced. out must have room for src and slack.
//
// Tokens are copied in runs: src[from:i] is read and not yet in out.
func (s *compactor) run(src, out []byte, k int) (end, read int, done bool) {
	i, from := 0, 0
	for i < len(src) {
		c := src[i]
		if c <= ' ' && s.state < inString {
			k = emit(out, k, src, from, i)
			at := min(s.depth, len(s.pads)-1)
			if s.state == afterValue { // what closes a container stands one level further out
				at = max(at-1, 0)
			}
			n := i + int(s.pads[at])
			if n >= len(src) || src[n] <= ' ' || s.state >= atColon || closes(src[n]) != (s.state == afterValue) || string(src[i:n]) != s.lines[:n-i] {
				n = skipSpace(src, i)
				if n == i {
					return k, i, s.invalid(c)
				}
				s.space(src, i, n, at)
			} else {
				s.watch.owed--
			}
			i, from = n, n
			continue
		}
		switch s.state {
		case afterValue:
			switch {
			case c == ',':
				s.comma()
			case (c == '}' && s.object) || (c == ']' && !s.object):
				if s.pop() {
					return emit(out, k, src, from, i+1), i + 1, true
				}
			default:
				return emit(out, k, src, from, i), i, s.invalid(c)
			}
			i++
		case atMember, atName:
			switch {
			case c == '"':
				s.state, s.inName = inString, true
				if s.depth <= s.capture.levels {
					k, from = emit(out, k, src, from, i), i
					s.capture.nameAt = k
				}
			case c == '}' && s.state == atMember:
				if s.pop() {
					return emit(out, k, src, from, i+1), i + 1, true
				}
			default:
				return emit(out, k, src, from, i), i, s.invalid(c)
			}
			i++
		case atColon:
			if c != ':' {
				return emit(out, k, src, from, i), i, s.invalid(c)
			}
			s.state = afterColon
			s.watch.owed += s.watch.colon
			i++
			if i+1 < len(src) && src[i] == ' ' && src[i+1] > ' ' && !s.watch.noBlank {
				k = emit(out, k, src, from, i)
				i++
				from = i
				s.watch.owed--
			}
		case atValue, atElement, afterColon:
			if s.depth <= s.capture.levels && c != ']' {
				k, from = emit(out, k, src, from, i), i
				s.capture.value(s.depth, s.object, k)
			}
			switch kinds[c] {
			case numeral:
				if n := plainNumber(src, i); n > 0 && s.depth > 0 {
					i = n
					s.state = afterValue
					if src[i] == ',' {
						i++
						s.comma()
						if !s.object && s.depth > s.capture.levels {
							i, from, k = s.scalars(src, out, i, from, k)
						}
					}
					continue
				}
				s.state, s.number = inNumber, numberStart
			case quote:
				s.state, s.inName = inString, false
				i++
			case opener:
				if s.depth == MaxDepth {
					return emit(out, k, src, from, i), i, s.refuse(ErrDepth, "nested more than "+strconv.Itoa(MaxDepth)+" deep")
				}
				s.push(c == '{')
				i++
			case letter:
				word := literals[c]
				if n := i + len(word); c >= 'a' && s.depth > 0 && n <= len(src) && string(src[i:n]) == word {
					s.state = afterValue
					i = n
					continue
				}
				k, from = emit(out, k, src, from, i), i
				s.state, s.literal, s.matched = inLiteral, word, 0
			default:
				if c != ']' || s.state != atElement {
					return emit(out, k, src, from, i), i, s.invalid(c)
				}
				if s.pop() {
					return emit(out, k, src, from, i+1), i + 1, true
				}
				i++
			}
		case inString:
			i = skipPlain(src, i)
			if i == len(src) {
				break
			}
			if src[i] == '"' {
				i++
				k, from, done = s.endString(src, out, from, i, k)
				if done {
					return k, i, true
				}
				continue
			}
			fallthrough
		default:
			k, i, from, done = s.token(src, out, from, i, k)
			if done || s.fault != nil || len(out)-k < len(src)-from+slack {
				return k, i, done
			}
		}
	}
	return emit(out, k, src, from, i), i, false
}

// scalars reads on after a comma in an array, as long as numbers and plain
// strings follow that stand on lines of their own as the one before did: what
// most of an indented file is.
func (s *compactor) scalars(src, out []byte, i, from, k int) (int, int, int) {
	pad, owed := int(s.pads[min(s.depth, len(s.pads)-1)]), 0
	for {
		at := i + pad
		if at >= len(src) || string(src[i:at]) != s.lines[:pad] {
			break
		}
		end := 0
		if c := src[at]; c == '"' {
			if end = skipPlain(src, at+1) + 1; end > len(src) || src[end-1] != '"' {
				break
			}
		} else if c <= '9' && kinds[c] == numeral {
			end = plainNumber(src, at)
		}
		if end == 0 || end >= len(src) {
			break
		}
		if pad > 0 {
			k, from = emit(out, k, src, from, i), at
			owed--
		}
		if i = end; src[i] != ',' {
			s.state = afterValue
			break
		}
		owed += s.watch.comma
		i++
	}
	s.watch.owed += owed
	return i, from, k
}

// emit copies src[from:to] to out[k:] and returns where it ends. Short runs,
// which are most, are copied 16 bytes at a time beyond their end.
func emit(out []byte, k int, src []byte, from, to int) int {
	n := to - from
	if n <= 16 && from+16 <= len(src) {
		*(*[16]byte)(out[k:]) = *(*[16]byte)(src[from:])
		return k + n
	}
	return k + copy(out[k:], src[from:to])
}

// endString is called after a string's closing quote at src[i-1].
func (s *compactor) endString(src, out []byte, from, i, k int) (int, int, bool) {
	if s.inName {
		s.state = atColon
		if s.depth <= s.capture.levels {
			k, from = emit(out, k, src, from, i), i
			s.capture.name(s.depth, out[s.capture.nameAt:k])
		}
		return k, from, false
	}
	if s.depth == 0 {
		return emit(out, k, src, from, i), i, true
	}
	s.state = afterValue
	return k, from, false
}

// comma is called after a comma between values.
func (s *compactor) comma() {
	s.watch.owed += s.watch.comma
	s.state = atValue
	if s.object {
		s.state = atName
	}
}

func (s *compactor) push(object bool) {
	if s.object {
		s.stack[s.depth/64] |= 1 << (s.depth % 64)
	} else {
		s.stack[s.depth/64] &^= 1 << (s.depth % 64)
	}
	s.depth++
	s.object = object
	s.state = atElement
	if object {
		s.state = atMember
	}
	s.watch.push(object)
}

// pop leaves a container and says whether that ended the value.
func (s *compactor) pop() bool {
	s.watch.pop(s.object, s.state != afterValue)
	s.depth--
	s.object = s.stack[s.depth/64]>>(s.depth%64)&1 == 1
	s.state = afterValue
	s.watch.inside(s.object)
	return s.depth == 0
}

// refuse notes a fault.
func (s *compactor) refuse(cause error, reason string) (done bool) {
	s.fault, s.reason = cause, reason
	return false
}

// invalid notes that c can't stand where the state is.
func (s *compactor) invalid(c byte) (done bool) {
	where := ""
	switch s.state {
	case atValue, afterColon:
		where = "where a value should begin"
	case atElement:
		where = "where a value or ']' should be"
	case atMember:
		where = "where a member's name or '}' should be"
	case atName:
		where = "where a member's name should be"
	case atColon:
		where = "where ':' should be"
	case afterValue:
		where = "where ',' or ']' should be"
		if s.object {
			where = "where ',' or '}' should be"
		}
	case inString:
		where = "in a string"
	case inEscape, inHex:
		where = "in an escape"
	case inNumber:
		where = "in a number"
	case inLiteral:
		where = "in " + s.literal
	}
	if python := s.python(c); python != "" {
		if s.state == inLiteral {
			s.back = s.matched // the word begins before c
		}
		return s.refuse(ErrPython, python)
	}
	return s.refuse(ErrInvalid, "invalid character "+quoteByte(c)+" "+where)
}

// python returns what is wrong with c if Python's repr writes that, or "".
func (s *compactor) python(c byte) string {
	switch {
	case s.state == inLiteral && s.literal == "NaN" && c == 'o':
		return "None is Python's; JSON has null"
	case s.state == inLiteral && s.literal == "null" && s.matched == 1 && c == 'a':
		return "nan is Python's; JSON has no such number"
	case s.state == atValue || s.state == atElement || s.state == afterColon:
		return PythonValue(c)
	case c == '\'' && (s.state == atMember || s.state == atName):
		return PythonValue(c)
	}
	return ""
}

// PythonValue returns what is wrong with c where a value or a name should
// begin, if Python's repr begins one so; or "".
func PythonValue(c byte) string {
	switch c {
	case '\'':
		return "a string in single quotes is Python's; JSON has double quotes"
	case 'T':
		return "True is Python's; JSON has true"
	case 'F':
		return "False is Python's; JSON has false"
	}
	return ""
}

// tooLarge names the limit in the units in which limits are set: 256MiB.
func tooLarge(limit int64) string {
	const mib = 1 << 20
	text := strconv.FormatInt(limit, 10) + " bytes"
	if limit >= mib {
		text = strings.TrimSuffix(strconv.FormatFloat(float64(limit)/mib, 'f', 1, 64), ".0") + "MiB"
	}
	return "value larger than " + text
}

func quoteByte(c byte) string {
	if c < 0x80 {
		return strconv.QuoteRune(rune(c))
	}
	return "byte 0x" + strconv.FormatUint(uint64(c), 16)
}
