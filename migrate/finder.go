package migrate

import (
	"fmt"
	"io"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
)

// historyName is the member that the pipeline keeps its records in, and
// declaredName the one in which it says how many they are.
const (
	historyName  = "history"
	declaredName = "total_entries"
)

// streamName stands for a pointer where each value of the source is a record.
const streamName = "stream"

// A shape is what a pass takes for records. The zero value: it finds out.
type shape struct {
	pointer *jsonscan.Pointer // the array's elements; nil: not known
	stream  bool              // each value of the source
	named   bool              // by Options.Records: what it holds is not looked at
}

// readAgain is the error of a pass that took the wrong thing for records.
type readAgain struct {
	as  shape
	why string
}

func (e *readAgain) Error() string { return e.why }

// A walk leads through the source to its records, and notes on the way what it
// can't decide.
type walk struct {
	as        shape
	path      string // pointer to the array of records, once found
	depth     int    // containers that a record stands in
	found     bool   // records were taken
	inRecords bool
	second    string      // pointer to one more member of the records' name, or to a second array where Records points
	weak      bool        // the records are a "history" without objects: an array of objects beside it may be meant
	rivals    []candidate // other arrays that may be meant
	doc       *document   // the first value of a stream that is no record
	declared  *int64      // how many records the source says it has
	at        string      // pointer to the value being looked at
}

// where names what the records were taken from, for origin/.
func (w *walk) where() string {
	if w.depth == 0 {
		return streamName
	}
	return w.path
}

// decided returns the shape that the walk found.
func (w *walk) decided() shape {
	switch {
	case w.depth == 0:
		return shape{stream: true, named: true}
	case w.path == "": // the root array, which nothing can be taken for but itself
		return shape{}
	}
	at, _ := jsonscan.ParsePointer(w.path) // which was made of names
	return shape{pointer: at}
}

// pointer returns where the walk stands, records being those taken.
func (w *walk) pointer(records uint64) string {
	switch {
	case w.inRecords && w.depth > 0:
		return w.path + "/" + strconv.FormatUint(records, 10)
	case w.inRecords:
		return ""
	}
	return w.at
}

// root reads the source's values.
func (w *walk) root(p *pass) error {
	if at := w.as.pointer; at != nil && len(at.Tokens()) == 0 {
		w.as.stream, w.as.named = true, true
	}
	if w.as.stream {
		return w.eachValue(p)
	}
	kind, err := p.scan.Peek()
	if err != nil {
		return err
	}
	if err := w.first(p); err != nil {
		return err
	}
	c, err := p.scan.Peek()
	switch {
	case err == io.EOF:
		return w.decide(p)
	case err != nil:
		return err
	case w.as.pointer != nil && !w.found:
		return fmt.Errorf("%w: %s", ErrNoArray, jsonscan.ShortPointer(w.as.pointer.String()))
	case w.as.pointer != nil:
		return p.unexpected(c, "after the value that holds the records")
	case w.found && c != kind: // the values of a stream are of one kind
		return w.behind(p, c)
	}
	return &readAgain{shape{stream: true}, "it holds several values"}
}

// behind is called where another value than the first, which holds the records,
// begins with c. Whole values are a writer's: which of the two is meant is not
// decided. Anything else is damage.
func (w *walk) behind(p *pass, c byte) error {
	damage := p.unexpected(c, "after the value that holds the records")
	if c != '{' && c != '[' {
		return damage
	}
	values := uint64(1)
	for ; ; values++ {
		if _, err := p.scan.Peek(); err == io.EOF {
			break
		} else if err != nil {
			return damage
		}
		if p.scan.Skip() != nil {
			return damage
		}
	}
	doc := document{1, candidate{w.path, p.records}}
	return doc.undecided(values)
}

// eachValue takes every value of a stream as a record.
func (w *walk) eachValue(p *pass) error {
	if err := p.origin.endPrefix(); err != nil {
		return err
	}
	w.inRecords = true
	time := newTimeField(p.o.Settings)
	for {
		if err := p.record(); err != nil {
			return err
		}
		w.notice(p, time)
		if _, err := p.scan.Peek(); err == io.EOF {
			if w.doc != nil && p.records > 1 {
				return w.doc.undecided(p.records)
			}
			return p.origin.beginSuffix()
		} else if err != nil {
			return err
		}
		if err := p.origin.between(); err != nil {
			return err
		}
	}
}

// notice keeps the first value of a stream that is a document.
func (w *walk) notice(p *pass, time timeField) {
	if w.doc != nil || w.as.named || !mayBeDocument(p.buf) {
		return
	}
	if scalar := p.scan.Captured(p.buf); p.buf[0] == '{' && scalar != nil && time.is(scalar) {
		return // by the first rule, and without reading the value again
	}
	if inside, ok := documentIn(p.buf, time); ok {
		w.doc = &document{p.records, inside}
	}
}

// first reads the root's first value.
func (w *walk) first(p *pass) error {
	c, err := p.scan.Peek()
	if err != nil {
		return err
	}
	if at := w.as.pointer; at != nil {
		return w.follow(p, at.Tokens())
	}
	switch c {
	case '[':
		return w.elements(p, "", 1)
	case '{':
		return w.members(p, func(name string) error { return w.member(p, name) })
	}
	return &readAgain{shape{stream: true}, "its first value is a single one"}
}

// decide is called at the source's end.
func (w *walk) decide(p *pass) error {
	switch {
	case w.second != "" && w.second == w.path:
		return fmt.Errorf("%w: %s", ErrTwice, jsonscan.ShortPointer(w.path))
	case len(w.rivals) > 0:
		return rivals(append([]candidate{{w.path, p.records}}, w.rivals...))
	case !w.found && w.as.pointer != nil:
		return fmt.Errorf("%w: %s", ErrNoArray, jsonscan.ShortPointer(w.as.pointer.String()))
	case !w.found:
		return &readAgain{shape{stream: true}, "it is a single object"}
	}
	return nil
}

// members reads an object and calls value where each member's value begins.
func (w *walk) members(p *pass, value func(name string) error) error {
	p.scan.Next()
	c, err := p.scan.Peek()
	if err == nil && c == '}' {
		p.scan.Next()
		return nil
	}
	at := w.at
	for {
		w.at = at
		name, err := p.name()
		if err != nil {
			return err
		}
		w.at = at + jsonscan.PointerToken(name)
		if err := value(name); err != nil {
			return err
		}
		w.at = at
		more, err := p.comma('}')
		if !more {
			return err
		}
	}
}

// member looks at one member of the root object.
func (w *walk) member(p *pass, name string) error {
	c, err := p.scan.Peek()
	switch {
	case err != nil:
		return p.cut(err)
	case w.found && w.at == w.path: // whatever kind it is of
		w.second = w.at
		return p.scan.Skip()
	case name == declaredName:
		return w.declare(p)
	case c != '[':
		return p.scan.Skip()
	case name != historyName:
		return w.candidate(p)
	case !w.found:
		return w.elements(p, w.at, 2)
	}
	return w.laterHistory(p)
}

// laterHistory reads a "history" that comes after an array of objects: if it
// holds objects, these are the records; otherwise either array may be meant.
func (w *walk) laterHistory(p *pass) error {
	p.scan.Next()
	c, err := p.scan.Peek()
	switch {
	case err != nil:
		return p.cut(err)
	case c != '{':
		return w.rival(p)
	}
	at, _ := jsonscan.ParsePointer(w.at) // which was made of names
	return &readAgain{shape{pointer: at}, fmt.Sprintf("%s comes after %s", w.at, w.path)}
}

// rival reads the rest of an array, behind its bracket, that may be meant instead of the one found.
func (w *walk) rival(p *pass) error {
	n, err := p.skipRest()
	w.rivals = append(w.rivals, candidate{w.at, n})
	return err
}

// candidate reads an array that is not "history": the first one of objects is
// taken for the records. A second one makes the walk undecided, and so does a
// "history" that is empty or holds no objects: it may be another one's.
func (w *walk) candidate(p *pass) error {
	p.scan.Next()
	c, err := p.scan.Peek()
	if err != nil {
		return p.cut(err)
	}
	if c == '{' && !w.found {
		return w.elementsFrom(p, w.at, 2)
	}
	if c == '{' && (w.weak || w.path != jsonscan.PointerToken(historyName)) {
		return w.rival(p)
	}
	_, err = p.skipRest()
	return err
}

// declare reads the number of records that the source itself says it has.
func (w *walk) declare(p *pass) error {
	var err error
	if p.buf, err = p.scan.Value(p.buf[:0]); err != nil {
		return err
	}
	if n, err := strconv.ParseInt(string(p.buf), 10, 64); err == nil {
		w.declared = &n
	}
	return nil
}

// follow leads along a pointer to the array of records.
func (w *walk) follow(p *pass, tokens []string) error {
	c, err := p.scan.Peek()
	switch {
	case err != nil:
		return p.cut(err)
	case len(tokens) == 0 && c == '[' && !w.found:
		return w.elements(p, w.at, len(w.as.pointer.Tokens())+1)
	case len(tokens) > 0 && c == '{':
		root := w.at == ""
		return w.members(p, func(name string) error {
			switch {
			case name == tokens[0]:
				return w.follow(p, tokens[1:])
			case root && name == declaredName:
				return w.declare(p)
			}
			return p.scan.Skip()
		})
	case len(tokens) > 0 && c == '[':
		return w.followElement(p, tokens)
	case len(tokens) == 0 && w.found:
		w.second = w.at
	}
	return p.scan.Skip()
}

func (w *walk) followElement(p *pass, tokens []string) error {
	p.scan.Next()
	at := w.at
	if c, err := p.scan.Peek(); err == nil && c == ']' {
		p.scan.Next()
		return nil
	}
	for i := 0; ; i++ {
		var err error
		if w.at = at + "/" + strconv.Itoa(i); strconv.Itoa(i) == tokens[0] {
			err = w.follow(p, tokens[1:])
		} else {
			err = p.scan.Skip()
		}
		if err != nil {
			return err
		}
		w.at = at
		if more, err := p.comma(']'); !more {
			return err
		}
	}
}

// elements takes the elements of the array that begins here as records.
func (w *walk) elements(p *pass, path string, depth int) error {
	p.scan.Next()
	return w.elementsFrom(p, path, depth)
}

// elementsFrom is elements behind the array's bracket.
func (w *walk) elementsFrom(p *pass, path string, depth int) error {
	w.found, w.path, w.depth = true, path, depth
	p.origin.inside(depth)
	c, err := p.scan.Peek()
	if err != nil {
		return p.cut(err)
	}
	w.weak = c != '{'
	if c == ']' {
		p.scan.Next()
		return nil
	}
	if err := p.origin.endPrefix(); err != nil {
		return err
	}
	w.inRecords = true
	for {
		if err := p.record(); err != nil {
			return err
		}
		c, err := p.scan.Peek()
		if err != nil {
			return p.cut(err)
		}
		if c == ']' {
			break
		}
		if c != ',' {
			return p.unexpected(c, "where ',' or ']' should be")
		}
		p.scan.Next()
		if _, err := p.scan.Peek(); err != nil {
			return p.cut(err)
		}
		if err := p.origin.between(); err != nil {
			return err
		}
	}
	w.inRecords = false
	if err := p.origin.beginSuffix(); err != nil {
		return err
	}
	p.scan.Next()
	return nil
}
