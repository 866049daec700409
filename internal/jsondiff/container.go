package jsondiff

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/jsonscan"
)

// An object is the members of a compact object.
type object struct {
	members []member
	index   map[string]int // of the member of each name
	opaque  bool           // no pointer leads to some members; the other fields are not set
}

type member struct {
	name  string
	value []byte
}

func (s *skipper) object(text []byte) object {
	o := object{index: map[string]int{}}
	for m := range s.members(text) {
		name, ok := characters(m.Name)
		if _, twice := o.index[name]; twice || !ok {
			return object{opaque: true}
		}
		o.index[name] = len(o.members)
		o.members = append(o.members, member{name, m.Value})
	}
	return o
}

// An array is a compact array. starts has the index at which each element begins, and one for an
// element after the last one.
type array struct {
	text   []byte
	starts []int
}

func (s *skipper) array(text []byte) array {
	a := array{text: text}
	i := 1
	for i < len(text)-1 {
		a.starts = append(a.starts, i)
		i = s.end(text, i) + 1 // and the comma or the bracket after it
	}
	a.starts = append(a.starts, len(text))
	return a
}

func (a array) len() int        { return len(a.starts) - 1 }
func (a array) at(i int) []byte { return a.text[a.starts[i] : a.starts[i+1]-1] }

// equalStrings reports whether two JSON strings have the same characters.
func equalStrings(a, b []byte) bool {
	if bytes.IndexByte(a, '\\') < 0 && bytes.IndexByte(b, '\\') < 0 {
		return false
	}
	x, ok := characters(a)
	y, both := characters(b)
	return ok && both && x == y
}

// characters returns the text of a JSON string; ok is false if it has an escape of a lone
// surrogate, which is no character, or might have one.
func characters(quoted []byte) (text string, ok bool) {
	text = jsonscan.Unquote(quoted)
	return text, !strings.ContainsRune(text, utf8.RuneError) || !bytes.Contains(quoted, []byte(`\u`))
}
