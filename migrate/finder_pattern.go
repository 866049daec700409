package migrate

import (
	"fmt"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A matcher takes the records that a pattern leads to. The elements of an array there are
// records; so is any other value there, if the last token is a star. A record keeps the
// keys that stars matched on the way to it.
//
// All records are in the pattern's base: the container whose members or elements the first
// star matches. The bytes before and after the base belong to no record.
type matcher struct {
	tokens  []string // from the first star on
	stars   []bool   // by token
	outside int      // tokens before the first star
	keys    wrapper
	steps   []step // from the base to the value being read
	missed  bool   // the base has members, and no record or array of records was found so far
}

// A step leads from a container to a value in it.
type step struct {
	name  string // of a member that a token names
	index int    // of an element
	kind  stepKind
}

type stepKind uint8

const (
	toElement stepKind = iota
	toNamed            // the member name
	toKey              // the member that the next key of the wrapper names
)

// newMatcher returns a matcher of a pattern; nil if at is nil or has no star.
func newMatcher(at *jsonscan.Pointer) *matcher {
	if at == nil || at.Stars() == nil {
		return nil
	}
	all, stars := at.Tokens(), at.Stars()
	m := &matcher{tokens: all[stars[0]:], outside: stars[0]}
	m.stars = make([]bool, len(m.tokens))
	for _, i := range stars {
		m.stars[i-m.outside] = true
	}
	return m
}

// position returns the pointer from the base to the value being read.
func (m *matcher) position() (at string) {
	keys := 0
	for _, s := range m.steps {
		switch s.kind {
		case toElement:
			at += "/" + strconv.Itoa(s.index)
		case toNamed:
			at += jsonscan.PointerToken(s.name)
		case toKey:
			at += jsonscan.PointerToken(jsonscan.Unquote(m.keys.name(keys)))
			keys++
		}
	}
	return at
}

// takeBase takes the records in the value that the tokens before the first star lead to.
func (f *recordFinder) takeBase(p *sourcePass, c byte) error {
	m := f.matcher
	if c != '{' && c != '[' {
		return p.scan.Skip()
	}
	if f.found {
		f.second = f.path
		return p.scan.Skip()
	}
	if f.path = f.as.pointer.String(); len(f.path) > maxPointer {
		return fmt.Errorf("%w: %s", ErrLongPointer, jsonscan.ShortPointer(f.path))
	}
	f.found, f.depth = true, m.outside+len(m.tokens)
	p.scan.Next()
	p.origin.enterBase()
	if err := f.matchInside(p, c, 0); err != nil {
		return err
	}
	if err := p.origin.leaveBase(p.records > 0); err != nil {
		return err
	}
	p.scan.Next()
	if m.missed && p.records == 0 {
		return fmt.Errorf("%w: %s", ErrNoArray, jsonscan.ShortPointer(f.path))
	}
	return nil
}

// match reads the value that the first n tokens from the base on lead to.
func (f *recordFinder) match(p *sourcePass, n int) error {
	m := f.matcher
	c, err := p.scan.Peek()
	if err != nil {
		return p.truncated(err)
	}
	switch last := n == len(m.tokens); {
	case last && c != '[' && !m.stars[n-1], !last && c != '[' && c != '{':
		return p.scan.Skip()
	case last && c != '[':
		return f.takeMatch(p, n)
	}
	m.missed = m.missed && n < len(m.tokens)
	p.scan.Next()
	if err := f.matchInside(p, c, n); err != nil {
		return err
	}
	p.scan.Next()
	return nil
}

// matchInside reads a container that the first n tokens lead to, from after its opening
// bracket c to before the closing one.
func (f *recordFinder) matchInside(p *sourcePass, c byte, n int) error {
	closing := c + 2 // '}' or ']'
	next, err := p.scan.Peek()
	if err != nil {
		return p.truncated(err)
	}
	if n >= len(f.matcher.tokens)-1 { // the values in it may be records
		p.counted = p.scan.Offset()
	}
	for i := 0; next != closing; i++ {
		if n == 0 && i == 0 {
			f.matcher.missed = true
		}
		if c == '{' {
			err = f.matchMember(p, n)
		} else {
			err = f.matchElement(p, n, i)
		}
		if err != nil {
			return err
		}
		if next, err = p.scan.Peek(); err != nil {
			return p.truncated(err)
		}
		if next == closing {
			break
		}
		if next != ',' {
			return p.unexpected(next, "where ',' or "+strconv.QuoteRune(rune(closing))+" should be")
		}
		p.scan.Next()
	}
	return nil
}

// matchMember reads a member of the object that the first n tokens lead to.
func (f *recordFinder) matchMember(p *sourcePass, n int) error {
	m := f.matcher
	if !m.stars[n] {
		name, err := p.name()
		if err != nil {
			return err
		}
		m.steps = append(m.steps, step{kind: toNamed, name: name})
		if name == m.tokens[n] {
			err = f.match(p, n+1)
		} else {
			err = p.scan.Skip()
		}
		return m.back(err)
	}
	if err := m.keys.push(p); err != nil {
		return err
	}
	m.steps = append(m.steps, step{kind: toKey})
	if err := m.back(f.match(p, n+1)); err != nil {
		return err
	}
	m.keys.pop()
	return nil
}

// matchElement reads element i of the array that the first n tokens lead to. If these are
// all tokens, the element is a record.
func (f *recordFinder) matchElement(p *sourcePass, n, i int) error {
	m := f.matcher
	m.steps = append(m.steps, step{kind: toElement, index: i})
	switch {
	case n == len(m.tokens):
		return m.back(f.takeMatch(p, n+1))
	case m.stars[n] || m.tokens[n] == strconv.Itoa(i):
		return m.back(f.match(p, n+1))
	}
	return m.back(p.scan.Skip())
}

// back removes the last step, unless err is an error: position needs the step then.
func (m *matcher) back(err error) error {
	if err == nil {
		m.steps = m.steps[:len(m.steps)-1]
	}
	return err
}

// takeMatch takes the value that begins here as a record. depth is the number of containers
// around it, from the base on.
func (f *recordFinder) takeMatch(p *sourcePass, depth int) error {
	if _, err := p.scan.Peek(); err != nil {
		return p.truncated(err)
	}
	var err error
	if p.records == 0 {
		f.depth = f.matcher.outside + depth
		p.origin.inside(f.depth)
		err = p.origin.endPrefix()
	} else {
		err = p.origin.betweenKeys(f.matcher.keys.keys)
	}
	if err != nil {
		return err
	}
	f.inRecords = true
	if err := p.record(); err != nil {
		return err
	}
	f.inRecords = false
	return nil
}
