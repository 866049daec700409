package jsonscan

import "strconv"

// How this file works
//
// run is called with a window of the text, src, and appends its compact form to out.
// A value may be spread over any number of windows, so all that must outlive one is
// in the compactor, and run can stop and continue at any byte.
//
// Most bytes of a text never reach the switch over states: white space between
// tokens, plain characters of strings and digits are skipped eight at a time, and
// whole numbers, literals and lines of an array are recognized at once if they lie
// inside the window. Only what the end of a window divides, and what needs a
// decision, such as an escape, a character beyond ASCII or NaN, enters one of the
// states inside a token; token, in machine_tokens.go, reads on from there.
//
// Nothing is copied byte by byte. The text is divided into runs of bytes that stay
// as they are; a run ends where white space is left out or a token is replaced. At
// every moment
//
//	0 ≤ from ≤ i ≤ len(src)
//	0 ≤ k ≤ len(out)
//
// where src[:from] has been dealt with, src[from:i] is the current run, read and not
// yet in out, and out[:k] is the output. emit appends the run to out.
//
// # Room
//
// Because windows are small and the caller makes room before each one, no write is
// preceded by a check of the capacity. Between any two steps of run
//
//	len(out) - k ≥ len(src) - from + slack
//
// This holds at the start, by the contract of run. emit raises k and from by the same
// amount. Leaving out white space raises from alone. A replacement may raise k by more
// than from: U+FFFD by up to 3, "-Infinity" in quotes, whose beginning
// came in the window before, by up to 10. So run checks the inequality after token,
// the only step that replaces, and if it no longer holds returns early for more room.
//
// The overrun: emit copies 16 bytes for a run of up to 16, and so writes up to 16
// bytes at and after out[k], which the next emit overwrites. Hence
//
//	slack ≥ 16 + 10

// slack is how far beyond the last byte of its output run may write.
const slack = 32

// state says what the next byte of the text must begin or continue.
//
// The order matters: white space is allowed in the states before inString and in no
// other, and before atColon the last white space of the same depth is likely to
// be repeated.
type state uint8

const (
	atValue    state = iota // a value must begin: the first of all, or after a comma in an array
	atElement               // a value or ']', after '['
	atMember                // a member's name or '}', after '{'
	atName                  // a member's name, after a comma in an object
	afterValue              // ',' or what closes the container
	atColon                 // ':', after a member's name
	afterColon              // a value must begin
	// The states above are between tokens, those below inside one.
	inString  // it names a member if compactor.inName is set
	inEscape  // after a backslash
	inHex     // inside the four digits of \u; compactor.hex are still to come
	inUTF8    // inside a multi-byte character; compactor.utf8 says where
	inNumber  // compactor.number says where
	inLiteral // compactor.literal[:compactor.matched] was read, and nothing of it is in the output
)

// indentation begins with what white space before a value most often is: a line
// feed and spaces. Most often it is also as long as before the last value at the
// same depth, and one comparison with a prefix of indentation then recognizes it.
const indentation = "\n" + spaces16 + spaces16 + spaces16 + spaces16

const spaces16 = "                "

// A compactor is the state machine. It holds all that must outlive a window.
type compactor struct {
	options Options
	capture capture

	state      state
	inName     bool // the string being read names a member
	object     bool // the innermost container is an object
	endsInWord bool // the value that ended was a number or a literal

	// 0 ≤ depth ≤ MaxDepth containers are open. The innermost one is in object, so that
	// commas and closing brackets need no shift; bit n of stack, for 0 ≤ n < depth, is
	// set if the container around the one opened at depth n is an object.
	depth int
	stack [(MaxDepth + 63) / 64]uint64

	around around

	lines string    // its prefixes are the likely white space before a value
	pads  [64]uint8 // by depth, the last one for all deeper: the length of the likely prefix; 0 means unknown
	watch watch

	nonFinite int64 // tokens NaN, Infinity and -Infinity accepted
	replaced  int64 // ill-formed parts of characters that became U+FFFD

	// The token that a window divided; valid in the state of its kind.
	number  numberState
	literal string
	matched int // bytes of literal read
	hex     int // digits of \u still to come
	utf8    sequence

	fault  error  // why run stopped, one of this package's errors; nil means no fault
	reason string // text of the fault, without its place
	back   int    // bytes read since the first one at fault
}

// begin prepares for a value whose compact form will begin at out[from].
func (s *compactor) begin(p *Pointer, from int) {
	s.state, s.depth, s.object, s.inName, s.endsInWord = atValue, 0, false, false, false
	if s.lines == "" {
		s.lines = indentation
	}
	s.capture.begin(p, from)
}

// run compacts src to out[k:]. It returns the end of the output, how many bytes of
// src it read, and whether the value is complete. It stops early at the end of the
// value; at a fault, with s.fault set and the bytes before the one at fault read;
// and when out runs short of room, to be called again with more.
// len(out)-k must be at least len(src)+slack.
//
// It is one function of some length because it is the hot loop: i, from and k stay in
// registers, and a call for each token would cost more than most tokens do.
func (s *compactor) run(src, out []byte, k int) (end, read int, done bool) {
	i, from := 0, 0
	for i < len(src) {
		c := src[i]
		if c <= ' ' && s.state < inString {
			// White space between tokens ends the run.
			k = emit(out, k, src, from, i)
			at := min(s.depth, len(s.pads)-1)
			if s.state == afterValue {
				// A closing bracket is indented like the container, one level less.
				at = max(at-1, 0)
			}
			// Guess first: the likely white space, and directly after it a token
			// that the guess is for. A pad of 0 fails here, as src[i] is white space.
			n := i + int(s.pads[at])
			if n >= len(src) || src[n] <= ' ' || s.state >= atColon || closes(src[n]) != (s.state == afterValue) || string(src[i:n]) != s.lines[:n-i] {
				n = skipSpace(src, i)
				if n == i { // a control character
					return k, i, s.invalid(c)
				}
				s.space(src, i, n, at)
			} else {
				// With a layout, lines and pads are the layout's, so that a right
				// guess is also white space as the layout has it.
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
					// The name will be read back from out, so it begins a run.
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
			// One blank after a colon is common enough to skip at once.
			if i+1 < len(src) && src[i] == ' ' && src[i+1] > ' ' && !s.watch.noBlank {
				k = emit(out, k, src, from, i)
				i++
				from = i
				s.watch.owed--
			}
		case atValue, atElement, afterColon:
			if s.depth <= s.capture.levels && c != ']' {
				// The value captured is found by its place in out, so it begins a run.
				k, from = emit(out, k, src, from, i), i
				s.capture.value(s.depth, s.object, k)
			}
			switch kinds[c] {
			case numeral:
				// At depth 0 the number is the value, which numeral ends.
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
				if s.depth+s.around.depth == MaxDepth {
					return emit(out, k, src, from, i), i, s.refuse(ErrDepth, "nested more than "+strconv.Itoa(MaxDepth)+" deep")
				}
				s.push(c == '{')
				i++
			case letter:
				word := literals[c]
				// Lower case only: NaN and Infinity are for word, in machine_tokens.go.
				if n := i + len(word); c >= 'a' && s.depth > 0 && n <= len(src) && string(src[i:n]) == word {
					s.state = afterValue
					i = n
					continue
				}
				// A literal that may be replaced, or ends in another window, stays out
				// of the run: word writes it when it is complete.
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
			// The quote that ends a string is by far the most likely byte here.
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
			// A token may have been replaced by a longer one: the room is checked again.
			k, i, from, done = s.token(src, out, from, i, k)
			if done || s.fault != nil || len(out)-k < len(src)-from+slack {
				return k, i, done
			}
		}
	}
	return emit(out, k, src, from, i), i, false
}

// scalars reads on after a comma in an array, as long as numbers and plain strings
// follow on lines of their own as the one before did, which is most of an indented
// file. It begins and ends in a state between tokens, with the same from, i and k as
// run would have there; what it does not recognize is left to run.
func (s *compactor) scalars(src, out []byte, i, from, k int) (int, int, int) {
	pad, owed := int(s.pads[min(s.depth, len(s.pads)-1)]), 0
	for {
		// Nothing is read until a whole scalar, its end included, was recognized: the
		// loop can be left before that, and run begins at the white space again.
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
		// Without white space the run continues over the comma.
		if pad > 0 {
			k, from = emit(out, k, src, from, i), at
			owed--
		}
		// After a comma the state stays atValue, which is what run left it in.
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

// emit appends the run src[from:to] to out[:k] and returns the new k. Most runs are
// short: they are copied as 16 bytes, without a loop or a call, beyond their end. See
// the overrun above for why there is room.
func emit(out []byte, k int, src []byte, from, to int) int {
	n := to - from
	// src may end sooner than 16 bytes; out does not.
	if n <= 16 && from+16 <= len(src) {
		*(*[16]byte)(out[k:]) = *(*[16]byte)(src[from:])
		return k + n
	}
	return k + copy(out[k:], src[from:to])
}

// endString is called after a string's closing quote at src[i-1]. It returns k, from
// and whether the value is complete.
func (s *compactor) endString(src, out []byte, from, i, k int) (int, int, bool) {
	if s.inName {
		s.state = atColon
		if s.depth <= s.capture.levels {
			// All of the name must be in out: it may have begun in an earlier window.
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

// comma goes to the state after a comma between values.
func (s *compactor) comma() {
	s.watch.owed += s.watch.comma
	s.state = atValue
	if s.object {
		s.state = atName
	}
}

// push enters a container. depth must be less than MaxDepth.
func (s *compactor) push(object bool) {
	// The bit of the container around it: cleared too, for an earlier one at this
	// depth may have set it.
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

// pop leaves a container and reports whether that ended the value.
func (s *compactor) pop() bool {
	// Only the states directly after the opening bracket mean an empty container.
	s.watch.pop(s.object, s.state != afterValue)
	s.depth--
	s.object = s.stack[s.depth/64]>>(s.depth%64)&1 == 1
	s.state = afterValue
	s.watch.inside(s.object)
	return s.depth == 0
}
