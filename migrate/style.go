package migrate

import (
	"bufio"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A Style is the white space that a writer puts between the tokens of a record.
type Style = jsonscan.Layout

// jsonDump returns the style of Python's json.dump with an indent, for a value inside depth
// containers; a nil indent means one line.
func jsonDump(indent *string, comma, colon string, depth int) *Style {
	s := &Style{AfterColon: strings.TrimPrefix(colon, ":")}
	s.Array.Comma = strings.TrimPrefix(comma, ",")
	if indent != nil {
		s.Line, s.Indent, s.Array.Lines = "\n"+strings.Repeat(*indent, depth), *indent, true
	}
	s.Object = s.Array
	return s
}

// pythonStyle returns the style of json.dump(indent=2).
func pythonStyle(depth int) *Style {
	two := "  "
	return jsonDump(&two, ",", ": ", depth)
}

// gaps supplies the white space of one record that is not as in the style.
type gaps interface {
	// at writes the white space before the byte at offset of the compact record, and
	// reports whether it did; false means that it is as in the style.
	at(out *bufio.Writer, offset int) (bool, error)
}

// A typesetter writes compact records with the white space of a style.
type typesetter struct {
	style *Style
	out   *bufio.Writer
	open  []byte // brackets of the containers that are open
	level int    // how many of them count for the indentation
	lines string // its prefixes are the texts that begin a line at a level
}

// wholeToken stands for a string, a number, a literal or a whole container as the token
// before white space; punctuation stands for itself.
const wholeToken = 'v'

// write writes a compact value. odd may be nil. An error of out is returned by its Flush.
func (t *typesetter) write(compact []byte, odd gaps) error {
	t.open, t.level = t.open[:0], 0
	before := byte(0)
	for i := 0; i < len(compact); {
		c := compact[i]
		done := false
		if odd != nil && i > 0 {
			var err error
			if done, err = odd.at(t.out, i); err != nil {
				return err
			}
		}
		if !done && before != 0 {
			t.space(before, c)
		}
		switch c {
		case '{', '[':
			t.push(c)
		case '}', ']':
			t.pop()
			before = wholeToken
			t.out.WriteByte(c)
			i++
			continue
		case ',', ':':
		default:
			end := jsonscan.SkipValue(compact, i)
			t.out.Write(compact[i:end])
			i, before = end, wholeToken
			continue
		}
		t.out.WriteByte(c)
		i++
		before = c
	}
	return nil
}

// container returns the white space of the innermost container; that of arrays outside all.
func (t *typesetter) container() *jsonscan.Container {
	if len(t.open) > 0 && t.open[len(t.open)-1] == '{' {
		return &t.style.Object
	}
	return &t.style.Array
}

// push enters a container.
func (t *typesetter) push(c byte) {
	t.open = append(t.open, c)
	if t.container().Lines || t.style.Deep {
		t.level++
	}
}

// pop leaves a container.
func (t *typesetter) pop() {
	if t.container().Lines || t.style.Deep {
		t.level--
	}
	t.open = t.open[:max(len(t.open)-1, 0)]
}

// space writes the style's white space between the tokens before and c.
func (t *typesetter) space(before, c byte) {
	switch before {
	case '{', '[':
		t.afterBracket(c)
	case ',':
		t.inner(t.container().Comma)
	case ':':
		t.out.WriteString(t.style.AfterColon)
	default:
		switch {
		case c == ':':
			t.out.WriteString(t.style.BeforeColon)
		case c == ',':
		case t.container().Lines:
			t.line(t.level - 1)
		default:
			t.out.WriteString(t.container().Close)
		}
	}
}

// afterBracket writes the white space between an opening bracket and c.
func (t *typesetter) afterBracket(c byte) {
	k := t.container()
	if c != '}' && c != ']' {
		t.inner(k.Open)
		return
	}
	t.out.WriteString(k.Empty)
	switch {
	case k.EmptyLine && (k.Lines || t.style.Deep):
		t.line(t.level - 1)
	case k.EmptyLine:
		t.line(t.level)
	}
}

// inner writes the white space before an element; own is what comes before its line.
func (t *typesetter) inner(own string) {
	t.out.WriteString(own)
	if t.container().Lines {
		t.line(t.level)
	}
}

// maxLine is the maximum length of the beginning of a line that is written from memory.
const maxLine = 64 << 10

// line begins a line at a level.
func (t *typesetter) line(level int) {
	length := len(t.style.Line) + level*len(t.style.Indent)
	if length > maxLine {
		t.out.WriteString(t.style.Line)
		for range level {
			t.out.WriteString(t.style.Indent)
		}
		return
	}
	if length > len(t.lines) {
		t.lines = t.style.Line + strings.Repeat(t.style.Indent, 2*level+8)
	}
	t.out.WriteString(t.lines[:length])
}
