package migrate

import (
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
)

// The methods here write the containers around records in the style of the source, where
// its own text cannot be copied.

// treeStyle learns the style of the containers around the records.
func (e *envelope) treeStyle() (*Style, error) {
	// Up to the first record, or to the end of the base.
	text, complete, err := readBeginning(e.prefix)
	if err != nil {
		return nil, err
	}
	if !complete || e.suffix == nil {
		return styleOf(text), nil
	}
	end, _, err := readBeginning(e.suffix)
	if err != nil {
		return nil, err
	}
	if e.between != "" {
		text = append(text, strings.ReplaceAll("0"+e.between, string(keyMark), `""`)...)
	}
	s := styleOf(text, []byte("0"), end)
	if e.between == "" && s.AfterColon == " " {
		// No comma between records was seen: writers treat it like the colon.
		for _, c := range []*jsonscan.Container{&s.Array, &s.Object} {
			if !c.Lines && c.Comma == "" {
				c.Comma = " "
			}
		}
	}
	return s, nil
}

// bridge opens the containers around the next record that are not open, and begins the
// record.
func (x *patternExport) bridge() {
	all := x.outline.frames
	for i := range all {
		inner := i+1 < len(all)
		if inner && all[i+1].open {
			continue
		}
		x.begin(i, &all[i], all[i].name)
		if inner {
			x.open(&all[i+1])
		}
	}
}

// open writes the opening bracket of a container.
func (x *patternExport) open(f *frame) {
	f.open, f.filled = true, false
	x.out.WriteByte(brackets(f.object)[0])
}

// begin writes what comes before a value in the container f, the i-th from the base. name
// is that of a member whose name is a key.
func (x *patternExport) begin(i int, f *frame, name []byte) {
	c := x.kind(f.object)
	if f.filled {
		x.out.WriteString("," + c.Comma)
	} else {
		x.out.WriteString(c.Open)
	}
	f.filled = true
	if c.Lines {
		x.line(i + 1)
	}
	if !f.object {
		return
	}
	if !x.outline.keyed(f) {
		name = quoted(x.outline.tokens[f.level])
	}
	x.out.Write(name)
	x.out.WriteString(x.tree.BeforeColon + ":" + x.tree.AfterColon)
}

// lineBefore writes the white space before the closing bracket of a container with values.
func (x *patternExport) lineBefore(i int, object bool) {
	if c := x.kind(object); c.Lines {
		x.line(i)
	} else {
		x.out.WriteString(c.Close)
	}
}

// line begins a line for a value in i containers, counted from the base.
func (x *patternExport) line(i int) {
	x.out.WriteString(x.tree.Line)
	for range x.pattern.Stars()[0] + i {
		x.out.WriteString(x.tree.Indent)
	}
}

// kind returns the style of objects or arrays.
func (x *patternExport) kind(object bool) *jsonscan.Container {
	if object {
		return &x.tree.Object
	}
	return &x.tree.Array
}

// brackets returns those of objects or arrays.
func brackets(object bool) string {
	if object {
		return "{}"
	}
	return "[]"
}
