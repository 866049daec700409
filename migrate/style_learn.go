package migrate

import (
	"bytes"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
)

// maxText is the maximum length of each text of a learned style. White space that is longer
// is never as in the style, so that layout.json and the memory of a learner are small whatever
// the source is.
const maxText = 4 << 10

// A spaceReader finds the places between the tokens of a value and the white space there,
// which may be none. The text may be given in parts.
type spaceReader struct {
	// found is called at each place between two tokens. object reports whether the
	// container that the place belongs to is an object. Of white space longer than maxText,
	// space has the first maxText+1 bytes.
	found  func(at jsonscan.Place, object bool, space []byte)
	open   []byte // brackets of the containers that are open
	before byte   // the last token: punctuation, or wholeToken; 0 at the beginning
	space  []byte // the white space after it
	in     byte   // '"' inside a string, wholeToken inside a number or a literal
	escape bool
}

// reset prepares for another value.
func (r *spaceReader) reset() {
	r.open, r.before, r.space, r.in, r.escape = r.open[:0], 0, r.space[:0], 0, false
}

// read reads a part of the value.
func (r *spaceReader) read(text []byte) {
	for _, c := range text {
		switch {
		case r.in == '"':
			switch {
			case r.escape:
				r.escape = false
			case c == '\\':
				r.escape = true
			case c == '"':
				r.in = 0
			}
			continue
		case r.in != 0 && !isEdge(c):
			continue
		}
		r.in = 0
		switch {
		case c > ' ':
			r.token(c)
		case len(r.space) <= maxText:
			r.space = append(r.space, c)
		}
	}
}

// isEdge reports whether c ends a number or a literal.
func isEdge(c byte) bool { return c <= ' ' || strings.IndexByte(",:{}[]", c) >= 0 }

// token is called at the first byte of a token.
func (r *spaceReader) token(c byte) {
	closing := c == '}' || c == ']'
	object := len(r.open) > 0 && r.open[len(r.open)-1] == '{'
	switch {
	case r.before == 0:
	case (r.before == '{' || r.before == '[') && closing:
		r.found(jsonscan.InsideEmpty, object, r.space)
	case r.before == '{' || r.before == '[':
		r.found(jsonscan.AfterOpening, object, r.space)
	case r.before == ',':
		r.found(jsonscan.AfterComma, object, r.space)
	case r.before == ':':
		r.found(jsonscan.AfterColon, object, r.space)
	case closing:
		r.found(jsonscan.BeforeClosing, object, r.space)
	case c == ':':
		r.found(jsonscan.BeforeColon, object, r.space)
	case c == ',':
		r.found(jsonscan.BeforeComma, object, r.space)
	}
	r.space = r.space[:0]
	r.before = c
	switch {
	case c == '{' || c == '[':
		r.open = append(r.open, c)
	case closing:
		r.open = r.open[:max(len(r.open)-1, 0)]
		r.before = wholeToken
	case c == ',' || c == ':':
	default:
		r.in, r.before = wholeToken, wholeToken
		if c == '"' {
			r.in = '"'
		}
	}
}

// A learner derives a writer's style from the first white space at each kind of place, and
// compares what it reads with the style so far.
type learner struct {
	style    Style
	seen     [2]map[jsonscan.Place]bool
	lines    map[int]string // by level up to maxLevel, the text that begins a line
	indented bool           // Line and Indent of the style are known
	inFlat   *flatLine      // the first line inside a container without lines; nil means none so far
	deep     bool           // Deep of the style is known
	observer spaceReader
	matcher  spaceReader
	differs  bool
}

// maxLevel is the last level whose lines are held: those of thousands of levels would be
// larger than the record.
const maxLevel = 8

// A flatLine is a line inside a container without lines of its own. Writers disagree whether
// that container indents it.
type flatLine struct {
	text  string
	depth int // of the line, if every container indents
}

func newLearner() *learner {
	l := &learner{lines: map[int]string{}, seen: [2]map[jsonscan.Place]bool{{}, {}}}
	l.observer.found, l.matcher.found = l.observe, l.match
	return l
}

// begin is called before the text of each value.
func (l *learner) begin() {
	l.observer.reset()
	l.matcher.reset()
}

// read learns from a part of a value and reports whether the part's white space is as in
// the style.
func (l *learner) read(part []byte) bool {
	l.observer.read(part)
	l.infer()
	l.differs = false
	l.matcher.read(part)
	return !l.differs && len(l.matcher.space) == 0
}

// level returns how many of the open containers count for the indentation.
func (l *learner) level(open []byte) (n int) {
	if l.style.Deep {
		return len(open)
	}
	for _, c := range open {
		if l.container(c == '{').Lines {
			n++
		}
	}
	return n
}

// container returns the style of objects or arrays.
func (l *learner) container(object bool) *jsonscan.Container {
	if object {
		return &l.style.Object
	}
	return &l.style.Array
}

// kindOf returns the index of a container's kind in seen.
func kindOf(object bool) int {
	if object {
		return 1
	}
	return 0
}

// observe notes the white space at a kind of place that was not seen before.
func (l *learner) observe(at jsonscan.Place, object bool, space []byte) {
	c := l.container(object)
	own, line := splitLine(space)
	if len(space) > maxText {
		if at != jsonscan.AfterOpening {
			return // the next one that is short enough sets the style
		}
		// Whether elements begin lines must be known here: other places depend on it.
		own = ""
	}
	first := !l.seen[kindOf(object)][at]
	l.seen[kindOf(object)][at] = true
	if first {
		switch at {
		case jsonscan.AfterOpening:
			c.Lines, c.Open = line != "", own
		case jsonscan.AfterComma:
			c.Comma = own
		case jsonscan.BeforeClosing:
			if !c.Lines {
				c.Close = string(space)
			}
		case jsonscan.InsideEmpty:
			c.Empty, c.EmptyLine = splitEmpty(space)
		case jsonscan.BeforeColon:
			l.style.BeforeColon = string(space)
		case jsonscan.AfterColon:
			l.style.AfterColon = string(space)
		}
	}
	// A line shows the indentation of its level: the closing bracket's is one less.
	if line == "" || !c.Lines || len(space) > maxText {
		return
	}
	level, depth := l.level(l.observer.open), len(l.observer.open)
	switch at {
	case jsonscan.BeforeClosing:
		level, depth = level-1, depth-1
	case jsonscan.AfterOpening, jsonscan.AfterComma:
	default:
		return
	}
	if level != depth && l.inFlat == nil {
		l.inFlat = &flatLine{line, depth}
	}
	if _, known := l.lines[level]; !known && level <= maxLevel {
		l.lines[level] = line
	}
}

// splitLine divides white space before the line that it begins; line is "" if it begins
// none.
func splitLine(space []byte) (own, line string) {
	i := bytes.IndexAny(space, "\r\n")
	if i < 0 {
		return string(space), ""
	}
	return string(space[:i]), string(space[i:])
}

// splitEmpty divides the white space inside an empty container before its last line; line
// reports whether it begins one. What comes before may itself contain line ends.
func splitEmpty(space []byte) (own string, line bool) {
	i := bytes.LastIndexByte(space, '\n')
	if i < 0 {
		return string(space), false
	}
	if i > 0 && space[i-1] == '\r' {
		i--
	}
	return string(space[:i]), true
}

// infer derives the style from what was seen so far, and guesses what was not seen. What
// was seen never changes in the style, because parts of records were compared with it.
func (l *learner) infer() {
	l.inferLines()
	s := &l.style
	for i, c := range []*jsonscan.Container{&s.Array, &s.Object} {
		// Most writers treat arrays and objects alike: one kind is a guess for the other.
		other := l.container(i == 0)
		if seen := l.seen[1-i]; !l.seen[i][jsonscan.AfterOpening] && seen[jsonscan.AfterOpening] {
			c.Lines, c.Open, c.Close, c.Comma = other.Lines, other.Open, other.Close, other.Comma
		} else if !l.seen[i][jsonscan.AfterComma] && seen[jsonscan.AfterComma] && c.Lines == other.Lines {
			c.Comma = other.Comma
		}
		if !l.seen[i][jsonscan.InsideEmpty] {
			c.Empty, c.EmptyLine = "", false
			if s.BeforeColon != "" && l.seen[0][jsonscan.AfterOpening] && s.Array.Open != "" { // as Jackson writes it
				c.Empty = " "
			}
		}
	}
	// Writers that put space elsewhere put a blank after a colon.
	if !l.seen[1][jsonscan.AfterColon] && (s.Object.Lines || s.Object.Comma != "") {
		s.AfterColon = " "
	}
}

// inferLines derives the indentation of a level from the lines of two levels.
func (l *learner) inferLines() {
	s := &l.style
	for level := 0; level < maxLevel && !l.indented; level++ {
		outer, ok := l.lines[level]
		inner, more := l.lines[level+1]
		if !ok || !more || !strings.HasPrefix(inner, outer) {
			continue
		}
		// The outer line must end with as many indentations as its level: what is before
		// them indents the record itself.
		indent := inner[len(outer):]
		if all := strings.Repeat(indent, level); strings.HasSuffix(outer, all) {
			s.Line, s.Indent, l.indented = strings.TrimSuffix(outer, all), indent, true
		}
	}
	if l.indented && !l.deep && l.inFlat != nil {
		s.Deep, l.deep = s.Indent != "" && l.inFlat.text == s.Line+strings.Repeat(s.Indent, l.inFlat.depth), true
	}
}

// settle ends the learning. between is what separates two records, comma included, or "" if
// there are fewer than two; depth is the number of containers around a record.
func (l *learner) settle(between string, depth int) {
	if len(between) > maxText {
		between = ""
	}
	l.infer()
	s := &l.style
	if !l.indented {
		// A line of one level alone: the records are flat, and so large that no closing
		// bracket was seen.
		if one, ok := l.lines[1]; ok {
			s.Line, s.Indent = one, ""
		}
	}
	if l.seen[0][jsonscan.AfterOpening] || l.seen[1][jsonscan.AfterOpening] {
		return
	}
	// No record has anything inside: the style follows from what is between records, or
	// else is Python's. An export of records that were appended later will use it.
	empty := [2]jsonscan.Container{s.Array, s.Object}
	none := between == ""
	if _, after, comma := strings.Cut(between, ","); comma {
		between = after
	}
	if none && depth > 0 {
		*s = *pythonStyle(depth)
	} else if own, line := splitLine([]byte(between)); line != "" && depth > 0 {
		indent := line[strings.LastIndexByte(line, '\n')+1:]
		s.Line, s.Indent, s.AfterColon = line, indent[:len(indent)/depth], " "
		s.Array.Lines, s.Object.Lines = true, true
	} else {
		s.Array.Comma, s.Object.Comma, s.AfterColon = own, own, own
	}
	for i, c := range []*jsonscan.Container{&s.Array, &s.Object} {
		if l.seen[i][jsonscan.InsideEmpty] {
			c.Empty, c.EmptyLine = empty[i].Empty, empty[i].EmptyLine
		}
	}
}

// match compares the white space at a place with the style.
func (l *learner) match(at jsonscan.Place, object bool, space []byte) {
	s, level := &l.style, l.level(l.matcher.open)
	c := l.container(object)
	lines := c.EmptyLine
	switch at {
	case jsonscan.AfterOpening, jsonscan.AfterComma, jsonscan.BeforeClosing:
		lines = c.Lines
	case jsonscan.BeforeColon, jsonscan.AfterColon, jsonscan.BeforeComma:
		lines = false
	}
	// The style of lines may still change.
	unsure := lines && (!l.indented || !l.deep && level != len(l.matcher.open))
	if unsure || len(space) > maxText || !s.Has(at, object, level, space) {
		l.differs = true
	}
}
