package jsonscan

import "strings"

// A Layout is the white space that a writer puts between the tokens of a value.
type Layout struct {
	Line        string    `json:"line"`   // begins a line: a line feed and the indentation of the value itself
	Indent      string    `json:"indent"` // added for each level inside the value
	Deep        bool      `json:"deep"`   // containers without lines of their own are levels, too
	Object      Container `json:"object"`
	Array       Container `json:"array"`
	BeforeColon string    `json:"before_colon"`
	AfterColon  string    `json:"after_colon"`
}

// A Container is the white space inside objects, or inside arrays.
type Container struct {
	Lines     bool   `json:"lines"`      // each element and the closing bracket begin a line
	Open      string `json:"open"`       // after the opening bracket, before the line if there is one
	Comma     string `json:"comma"`      // after a comma, before the line if there is one
	Close     string `json:"close"`      // before the closing bracket; ignored if Lines
	Empty     string `json:"empty"`      // inside an empty container
	EmptyLine bool   `json:"empty_line"` // a line begins after Empty
}

func (l *Layout) container(object bool) *Container {
	if object {
		return &l.Object
	}
	return &l.Array
}

// line returns the text that begins a line at a level.
func (l *Layout) line(level int) string { return l.Line + strings.Repeat(l.Indent, level) }

// isLine reports whether text is line(level), without making it.
func (l *Layout) isLine(text []byte, level int) bool {
	if len(text) != len(l.Line)+level*len(l.Indent) || string(text[:len(l.Line)]) != l.Line {
		return false
	}
	for i := len(l.Line); i < len(text); i += len(l.Indent) {
		if string(text[i:i+len(l.Indent)]) != l.Indent {
			return false
		}
	}
	return true
}

// A Place is where white space may be between two tokens.
type Place uint8

// The places, named after the punctuation beside them.
const (
	AfterOpening Place = iota // after the opening bracket of a container that is not empty
	AfterComma
	BeforeClosing // before the closing bracket of a container that is not empty
	InsideEmpty   // between the brackets of an empty container
	BeforeColon
	AfterColon
	BeforeComma
)

// Has reports whether text is the layout's white space at a place in an object or, if
// object is false, in an array. level is the number of open containers, that one
// included, whose elements begin lines; of all of them if Deep.
func (l *Layout) Has(at Place, object bool, level int, text []byte) bool {
	c := l.container(object)
	switch at {
	case AfterOpening:
		return l.isInner(text, c.Open, c, level)
	case AfterComma:
		return l.isInner(text, c.Comma, c, level)
	case BeforeClosing:
		// The bracket is indented like the line that the container began on.
		if c.Lines {
			return l.isLine(text, level-1)
		}
		return string(text) == c.Close
	case InsideEmpty:
		return l.isEmpty(text, c, level)
	case BeforeColon:
		return string(text) == l.BeforeColon
	case AfterColon:
		return string(text) == l.AfterColon
	}
	return len(text) == 0 // no writer puts white space before a comma
}

// isInner reports whether text is the white space before an element; own is what comes
// before its line.
func (l *Layout) isInner(text []byte, own string, c *Container, level int) bool {
	if !c.Lines {
		return string(text) == own
	}
	return len(text) >= len(own) && string(text[:len(own)]) == own && l.isLine(text[len(own):], level)
}

// isEmpty reports whether text is the white space inside an empty container.
func (l *Layout) isEmpty(text []byte, c *Container, level int) bool {
	if !c.EmptyLine {
		return string(text) == c.Empty
	}
	if c.Lines || l.Deep { // level counts the container, whose bracket is one less indented
		level--
	}
	return len(text) >= len(c.Empty) && string(text[:len(c.Empty)]) == c.Empty && l.isLine(text[len(c.Empty):], level)
}
