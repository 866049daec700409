package migrate

import "strconv"

// follow reads a value, and takes the records from the array in it that tokens lead to, or
// from the base of a pattern.
func (f *recordFinder) follow(p *sourcePass, tokens []string) error {
	c, err := p.scan.Peek()
	switch {
	case err != nil:
		return p.truncated(err)
	case f.matcher != nil && len(tokens) == len(f.matcher.tokens):
		return f.takeBase(p, c)
	case len(tokens) == 0 && c == '[' && !f.found:
		return f.takeArray(p, f.cursor, len(f.as.pointer.Tokens())+1)
	case len(tokens) > 0 && c == '{':
		root := f.cursor == ""
		return f.readObject(p, func(name string) error {
			switch {
			case name == tokens[0]:
				return f.follow(p, tokens[1:])
			case root && name == declaredName:
				return f.readDeclared(p)
			}
			return p.scan.Skip()
		})
	case len(tokens) > 0 && c == '[':
		return f.followElement(p, tokens)
	case len(tokens) == 0 && f.found:
		f.second = f.cursor
	}
	return p.scan.Skip()
}

// followElement is follow for an array; the first token is an index in it.
func (f *recordFinder) followElement(p *sourcePass, tokens []string) error {
	p.scan.Next()
	at := f.cursor
	if c, err := p.scan.Peek(); err == nil && c == ']' {
		p.scan.Next()
		return nil
	}
	for i := 0; ; i++ {
		var err error
		if f.cursor = at + "/" + strconv.Itoa(i); strconv.Itoa(i) == tokens[0] {
			err = f.follow(p, tokens[1:])
		} else {
			err = p.scan.Skip()
		}
		if err != nil {
			return err
		}
		f.cursor = at
		if more, err := p.comma(']'); !more {
			return err
		}
	}
}
