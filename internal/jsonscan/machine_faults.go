package jsonscan

import (
	"strconv"
	"strings"
)

// refuse notes a fault. It returns false, as done, so that it can end a return of run.
func (s *compactor) refuse(cause error, reason string) (done bool) {
	s.fault, s.reason = cause, reason
	return false
}

// invalid notes that c is not allowed in the current state.
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
		where = "in the literal " + s.literal
	}
	if python := s.python(c); python != "" {
		if s.state == inLiteral {
			s.back = s.matched // the word at fault begins before c
		}
		return s.refuse(ErrPython, python)
	}
	return s.refuse(ErrInvalid, "invalid character "+quoteByte(c)+" "+where)
}

// python returns what is wrong with c if c shows that Python's repr wrote the text;
// otherwise "".
func (s *compactor) python(c byte) string {
	switch {
	// The first byte chose the literal, so None is noticed inside NaN and nan inside null.
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

// PythonValue returns what is wrong with c at the beginning of a value or a name if
// Python's repr begins one like that; otherwise "".
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
