package jsondiff

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// A Kind says what has happened to a value.
type Kind uint8

// The kinds of changes.
const (
	Added   Kind = iota
	Removed      // with all that it contains
	Changed      // another value, or another kind of value
	Moved        // an element that was paired by its key is before or behind others; changes inside are reported, too
)

// A Change is one difference between a value before and the value after.
type Change struct {
	Kind     Kind
	From, To []byte // the compact value before and after; nil if there is none
	path     []step
	from, at int // the indexes of an element that is added, moved or removed, when a patch does that
}

// Old returns the JSON pointer to the place in the value before. An added value has none.
func (c *Change) Old() string { return pointer(c.path, func(s step) int { return s.old }) }

// New returns the JSON pointer to the place in the value after. A removed value has none.
func (c *Change) New() string { return pointer(c.path, func(s step) int { return s.new }) }

func pointer(path []step, index func(step) int) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteString(s.token(index(s)))
	}
	return b.String()
}

// Keys returns the keys of the elements on the way to the place, as match_id=17 or id="x". Elements
// that were not paired by a key are left out.
func (c *Change) Keys() (keys []string) {
	for _, s := range c.path {
		if s.key != "" {
			keys = append(keys, s.key)
		}
	}
	return keys
}

// WriteOperation writes the change as an operation of a JSON Patch, without a line feed. The
// operations of all changes, in their order, turn the value before into the value after. Each
// call of w.Write gets complete characters.
func (c *Change) WriteOperation(w io.Writer) error {
	parts := [][]byte{[]byte(`{"op":"replace","path":`), Quote(c.New())}
	switch c.Kind {
	case Added:
		parts = [][]byte{[]byte(`{"op":"add","path":`), Quote(c.place(c.at))}
	case Removed:
		parts = [][]byte{[]byte(`{"op":"remove","path":`), Quote(c.place(c.at))}
	case Moved:
		parts = [][]byte{[]byte(`{"op":"move","from":`), Quote(c.place(c.from)), []byte(`,"path":`), Quote(c.place(c.at))}
	}
	if c.Kind == Added || c.Kind == Changed {
		parts = append(parts, []byte(`,"value":`), c.To)
	}
	for _, p := range append(parts, []byte("}")) {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// place returns the pointer to the place while a patch is applied. index is that of the
// element itself; the containers of the element have their new indexes already.
func (c *Change) place(index int) string {
	last := len(c.path) - 1
	return pointer(c.path[:last], func(s step) int { return s.new }) + c.path[last].token(index)
}

// Quote returns s as a JSON string.
func Quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can be encoded
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
