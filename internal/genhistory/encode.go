package genhistory

import (
	"fmt"
	"strconv"
	"strings"
)

// An Indent is the indent argument of json.dump: the number of spaces for each level, or
// one of the constants.
type Indent int

// The indents that are not a number of spaces.
const (
	// IndentDefault is 2 spaces.
	IndentDefault Indent = 0
	// IndentNone is Python's indent=None: one line, ", " and ": ".
	IndentNone Indent = -1
	// IndentCompact is separators=(",", ":"): one line without a space.
	IndentCompact Indent = -2
	// IndentZero is Python's indent=0: a line for each value, no spaces.
	IndentZero Indent = -3
)

const (
	maxIndent = 64
	// maxDepth is greater than the depth of the deepest value, an odds price.
	maxDepth = 16
)

// ParseIndent reads "none", "compact" or a number of spaces.
func ParseIndent(s string) (Indent, error) {
	switch s {
	case "none":
		return IndentNone, nil
	case "compact":
		return IndentCompact, nil
	case "0":
		return IndentZero, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxIndent {
		return 0, fmt.Errorf("indent: %q is not none, compact or 0 to %d spaces", s, maxIndent)
	}
	return Indent(n), nil
}

// validate returns an error if the indent is out of range.
func (i Indent) validate() error {
	if i < IndentZero || i > maxIndent {
		return fmt.Errorf("indent: %d is not up to %d spaces", int(i), maxIndent)
	}
	return nil
}

// encoder writes JSON as Python's json module does with ensure_ascii=False.
// A value is written by one call, or by a begin and an end with its elements
// between; in an object, key precedes each value.
type encoder struct {
	buf          []byte
	comma, colon string
	breaks       string // line feed and the spaces of maxDepth; "" for one line
	step         int    // spaces for each level
	depth        int
	empty        bool // the innermost container has no element yet
	placed       bool // nothing must be written before the next value: a key was, or it is alone
}

// newEncoder returns an encoder at the top level.
func newEncoder(i Indent) *encoder {
	e := &encoder{comma: ",", colon: ": ", placed: true}
	switch i {
	case IndentNone:
		e.comma = ", "
		return e
	case IndentCompact:
		e.colon = ":"
		return e
	case IndentDefault:
		e.step = 2
	case IndentZero:
		e.step = 0
	default:
		e.step = int(i)
	}
	e.breaks = "\n" + strings.Repeat(" ", e.step*maxDepth)
	return e
}

// newLine begins a line at the current depth, unless all is one line.
func (e *encoder) newLine() {
	if e.breaks != "" {
		e.buf = append(e.buf, e.breaks[:1+e.depth*e.step]...)
	}
}

// element begins an array's element or an object's member.
func (e *encoder) element() {
	if !e.empty {
		e.buf = append(e.buf, e.comma...)
	}
	e.empty = false
	e.newLine()
}

// place writes what comes before the next value.
func (e *encoder) place() {
	if e.placed {
		e.placed = false
		return
	}
	e.element()
}

// key writes a member's name.
func (e *encoder) key(name string) {
	e.element()
	e.buf = appendString(e.buf, name)
	e.buf = append(e.buf, e.colon...)
	e.placed = true
}

func (e *encoder) beginObject() { e.begin('{') }
func (e *encoder) endObject()   { e.end('}') }
func (e *encoder) beginArray()  { e.begin('[') }
func (e *encoder) endArray()    { e.end(']') }

func (e *encoder) begin(bracket byte) {
	e.place()
	e.buf = append(e.buf, bracket)
	e.depth++
	e.empty = true
}

func (e *encoder) end(bracket byte) {
	e.depth--
	if !e.empty {
		e.newLine()
	}
	e.buf = append(e.buf, bracket)
	e.empty = false
}

// endLine ends the line of a top-level value. Another value may follow.
func (e *encoder) endLine() {
	e.buf = append(e.buf, '\n')
	e.placed = true
}

func (e *encoder) str(s string) {
	e.place()
	e.buf = appendString(e.buf, s)
}

func (e *encoder) int(n int64) {
	e.place()
	e.buf = strconv.AppendInt(e.buf, n, 10)
}

// hundredths writes n/100 as Python writes this float.
func (e *encoder) hundredths(n int) {
	e.place()
	e.buf = appendHundredths(e.buf, n)
}

func (e *encoder) bool(b bool) {
	e.place()
	e.buf = strconv.AppendBool(e.buf, b)
}

func (e *encoder) null() {
	e.place()
	e.buf = append(e.buf, "null"...)
}

// appendHundredths appends n/100 as Python's repr does: 0.73, -0.25, 3.0.
func appendHundredths(b []byte, n int) []byte {
	if n < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendInt(b, int64(n/100), 10)
	b = append(b, '.', byte('0'+n/10%10))
	if n%10 != 0 {
		b = append(b, byte('0'+n%10))
	}
	return b
}

// appendString appends s in quotes, with the escapes that Python writes: of the quote, the
// backslash and control characters.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	kept := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[kept:i]...)
		b = appendEscape(b, c)
		kept = i + 1
	}
	b = append(b, s[kept:]...)
	return append(b, '"')
}

// appendEscape appends the escape of one byte that needs it.
func appendEscape(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
