package migrate

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
)

// readObject reads an object and calls value where the value of each member begins.
// value must read it.
func (f *recordFinder) readObject(p *sourcePass, value func(name string) error) error {
	p.scan.Next()
	c, err := p.scan.Peek()
	if err == nil && c == '}' {
		p.scan.Next()
		return nil
	}
	at := f.cursor
	for {
		f.cursor = at
		name, err := p.name()
		if err != nil {
			return err
		}
		f.cursor = at + jsonscan.PointerToken(name)
		if err := value(name); err != nil {
			return err
		}
		f.cursor = at
		more, err := p.comma('}')
		if !more {
			return err
		}
	}
}

// rootMember reads the value of one member of the root object.
func (f *recordFinder) rootMember(p *sourcePass, name string) error {
	c, err := p.scan.Peek()
	switch {
	case err != nil:
		return p.truncated(err)
	case f.found && f.cursor == f.path: // a second member of the name, of any type
		f.second = f.cursor
		return p.scan.Skip()
	case name == declaredName:
		return f.readDeclared(p)
	case c == '{':
		from := p.scan.Offset()
		err := p.scan.Skip()
		f.other += p.scan.Offset() - from
		return err
	case c != '[':
		f.dated = f.dated || isOwnTime(name) && p.isTimeNext(newTimeField(p.o.Settings))
		return p.scan.Skip()
	case name != historyName:
		return f.arrayMember(p, name)
	case !f.found:
		return f.takeArray(p, f.cursor, 2)
	}
	return f.laterHistory(p)
}

// laterHistory reads a "history" that comes after an array of objects: either may be meant.
func (f *recordFinder) laterHistory(p *sourcePass) error {
	p.scan.Next()
	c, err := p.scan.Peek()
	switch {
	case err != nil:
		return p.truncated(err)
	case c == '{':
		at, _ := jsonscan.ParsePointer(f.cursor) // built by PointerToken, so it parses
		return &restart{as: shape{pointer: at}, survey: true, why: fmt.Sprintf("%s comes after %s", f.cursor, f.path)}
	}
	return f.skipRival(p)
}

// skipRival skips the rest of an array, after its opening bracket, that may be meant
// instead of the one found.
func (f *recordFinder) skipRival(p *sourcePass) error {
	from := p.scan.Offset()
	n, err := p.skipRest()
	bytes := p.scan.Offset() - from
	f.other += bytes
	rival := candidate{at: f.cursor, count: n, bytes: bytes}
	switch {
	case rival.at == historyPointer:
		f.rivals = slices.Insert(f.rivals, 0, rival)
	case len(f.rivals) < maxNamed:
		f.rivals = append(f.rivals, rival)
	}
	return err
}

// arrayMember reads an array that is not "history". The first one of objects is taken
// for the records. A second one is a rival, and so is the first one after a "history".
func (f *recordFinder) arrayMember(p *sourcePass, name string) error {
	p.scan.Next()
	c, err := p.scan.Peek()
	switch {
	case err != nil:
		return p.truncated(err)
	case c == '{' && !f.found:
		if f.skipped[name] { // a pointer to the records would lead to the one skipped
			f.second = f.cursor
		}
		return f.takeElements(p, f.cursor, 2)
	case c == '{':
		return f.skipRival(p)
	}
	if !f.found && len(f.skipped) < maxSkipped {
		if f.skipped == nil {
			f.skipped = map[string]bool{}
		}
		f.skipped[name] = true
	}
	from := p.scan.Offset()
	_, err = p.skipRest()
	if c == '[' {
		f.other += p.scan.Offset() - from
	}
	return err
}

// maxSkipped is the maximum number of names that are kept. If there are more, a repeated name
// may not be noticed here; then the records are taken, and naming them is an error.
const maxSkipped = 1000

// readDeclared reads the number of records that the source says it has.
func (f *recordFinder) readDeclared(p *sourcePass) error {
	var err error
	if p.buf, err = p.scan.Value(p.buf[:0]); err != nil {
		return err
	}
	if n, err := strconv.ParseInt(string(p.buf), 10, 64); err == nil {
		f.declared = &n
	}
	return nil
}
