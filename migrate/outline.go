package migrate

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
)

// An outline reads the text between the records of a pattern, and knows which containers
// are open. The text may be given in parts.
type outline struct {
	tokens  []string // of the pattern, from the base on
	stars   []bool   // by token
	frames  []frame  // the containers that are open; the first one is the base
	to      outlineWriter
	in      byte    // '"' inside a string, wholeToken inside a number or a literal
	naming  bool    // the string is a member's name
	escape  bool    // the byte before in the string is a backslash
	name    []byte  // the part of the name that was read
	ids     uint64  // containers so far
	deepest []frame // the containers on the pattern's way when most of them were open
}

// An outlineWriter receives the text that an outline reads.
type outlineWriter interface {
	text(c byte)                       // a byte of a token
	space(c byte)                      // a byte of white space between two tokens
	key(index int) []byte              // a keyMark; returns that key of the next record, nil if it is not known
	member(within *frame, beside bool) // a value begins in a container, beside the pattern's way or on it
	opened() bool                      // a container begins; reports whether its bracket was written
	closing(f *frame, c byte)          // a container ends
}

// beside is the level of a container that no record can be in.
const beside = -1

// A frame is a container that is open.
type frame struct {
	object   bool
	level    int    // number of tokens that lead to it; with all of them, its elements are records
	id       uint64 // counts containers in the order of the source
	path     string // the keys that lead to it, for comparing; valid if known
	known    bool
	naming   bool   // of an object: a name comes next
	name     []byte // of the member that was begun last, with its quotes; nil means that it is not known
	elements int    // values that were begun
	open     bool   // it is written to the export
	filled   bool   // the export has a value in it
}

// newOutline returns an outline inside a base.
func newOutline(at *jsonscan.Pointer, object bool, to outlineWriter) *outline {
	m := newMatcher(at)
	o := &outline{tokens: m.tokens, stars: m.stars, to: to, ids: 1, frames: []frame{{object: object, id: 1, known: true, naming: object, open: true}}}
	o.deepest = slices.Clone(o.frames)
	return o
}

// top returns the innermost container.
func (o *outline) top() *frame { return &o.frames[len(o.frames)-1] }

// keyed reports whether the names of a container's members are keys of records.
func (o *outline) keyed(f *frame) bool { return f.object && f.level != beside && o.stars[f.level] }

// later reports whether the pattern leads to an element of a container that is not its first.
func (o *outline) later(f *frame) bool {
	return !f.object && f.level < len(o.tokens) && !o.stars[f.level] && o.tokens[f.level] != "0"
}

// keys returns how many keys a record at the current place has.
func (o *outline) keys() int { return o.keysIn(o.frames) }

// keysIn returns how many keys a record in these containers has.
func (o *outline) keysIn(frames []frame) (n int) {
	for i := range frames {
		if o.keyed(&frames[i]) {
			n++
		}
	}
	return n
}

// read reads a part of a text. It reports false if the text closes the base, as no text
// between records does.
func (o *outline) read(text []byte) bool {
	for _, c := range text {
		switch {
		case o.in == '"':
			o.inString(c)
		case o.in != 0 && !isEdge(c):
			o.to.text(c)
		case c == ' ' || c == '\n' || c == '\r' || c == '\t':
			o.in = 0
			o.to.space(c)
		case (c == '}' || c == ']') && len(o.frames) == 1:
			return false
		default:
			o.in = 0
			o.token(c)
		}
	}
	return true
}

// inString reads a byte of a string.
func (o *outline) inString(c byte) {
	o.to.text(c)
	if o.naming {
		o.name = append(o.name, c)
	}
	switch {
	case o.escape:
		o.escape = false
	case c == '\\':
		o.escape = true
	case c == '"':
		if o.in = 0; o.naming {
			o.top().name, o.naming = bytes.Clone(o.name), false
		}
	}
}

// token reads the first byte of a token.
func (o *outline) token(c byte) {
	f := o.top()
	switch c {
	case '}', ']':
		o.to.closing(f, c)
		o.frames = o.frames[:len(o.frames)-1]
		return
	case ',':
		f.naming = f.object
		o.to.text(c)
		return
	case ':':
		o.to.text(c)
		return
	case keyMark:
		f.naming, f.name = false, o.to.key(o.keys()-1)
		return
	}
	if f.naming { // a '"'
		f.naming, o.naming, o.name, o.in = false, true, append(o.name[:0], c), '"'
		o.to.text(c)
		return
	}
	level := o.begin(f)
	o.to.member(f, level == beside && f.level != beside)
	switch o.to.text(c); c {
	case '{', '[':
		o.push(f, c == '{', level)
	case '"':
		o.in = '"'
	default:
		o.in = wholeToken
	}
}

// begin is called where a value begins in f, and returns the value's level.
func (o *outline) begin(f *frame) int {
	f.elements++
	switch n := f.level; {
	case n == beside:
		return beside
	case n == len(o.tokens):
		return n + 1
	case o.stars[n], f.object && jsonscan.Unquote(f.name) == o.tokens[n], !f.object && strconv.Itoa(f.elements-1) == o.tokens[n]:
		return n + 1
	}
	return beside
}

// push enters a container of a level in f.
func (o *outline) push(f *frame, object bool, level int) {
	if level > len(o.tokens) || level == len(o.tokens) && object { // inside a record
		level = beside
	}
	o.ids++
	child := frame{object: object, level: level, id: o.ids, naming: object, open: o.to.opened()}
	if level != beside {
		child.path, child.known = o.step(f)
	}
	o.frames = append(o.frames, child)
	if level != beside && len(o.frames) > len(o.deepest) {
		o.deepest = slices.Clone(o.frames)
	}
}

// step returns the path of the value that was begun last in f.
func (o *outline) step(f *frame) (path string, known bool) {
	switch {
	case !f.known:
		return "", false
	case o.keyed(f):
		return keyStep(f.path, f.name), f.name != nil
	}
	return plainStep(f.path), true
}

// atRecord reports whether the next value is one that the pattern leads to.
func (o *outline) atRecord() bool {
	n := o.top().level
	return n == len(o.tokens) || n == len(o.tokens)-1 && o.stars[n]
}

// follow notes the keys of a record at the current place, and with them the paths of the
// containers around it.
func (o *outline) follow(keys [][]byte) {
	for i := range o.frames {
		f := &o.frames[i]
		if i > 0 && !f.known {
			f.path, f.known = o.step(&o.frames[i-1])
		}
		if o.keyed(f) {
			f.name, keys = keys[0], keys[1:]
		}
	}
}

// wayOn returns the containers for the first record of a source that had none: those in
// deepest, and new ones for the rest of the pattern. New ones are objects, but a pattern
// that ends with a name leads to an array.
func (o *outline) wayOn() []frame {
	all := slices.Clone(o.deepest)
	for n := all[len(all)-1].level + 1; n <= len(o.tokens); n++ {
		array := n == len(o.tokens)
		if array && o.stars[n-1] {
			break
		}
		all = append(all, frame{object: !array, level: n})
	}
	return all
}

// keyStep returns the path of a member with a key, and plainStep that of any other value.
func keyStep(path string, name []byte) string {
	text := jsonscan.Unquote(name)
	return path + strconv.Itoa(len(text)) + ":" + text
}

func plainStep(path string) string { return path + "-" }
