package migrate

import (
	"io"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
)

// The methods here read the punctuation between the values outside the records.

// name reads a member's name and the colon after it.
func (p *sourcePass) name() (string, error) {
	quoted, err := p.quotedName()
	if err != nil {
		return "", err
	}
	return jsonscan.Unquote(quoted), nil
}

// quotedName is name for the name as it is written, with its quotes. It is valid until the
// next value is read.
func (p *sourcePass) quotedName() ([]byte, error) {
	c, err := p.scan.Peek()
	if err != nil {
		return nil, p.truncated(err)
	}
	if c != '"' {
		return nil, p.unexpected(c, "where a member's name should be")
	}
	if p.buf, err = p.scan.Value(p.buf[:0]); err != nil {
		return nil, err
	}
	return p.buf, p.colon()
}

// colon reads the colon after a member's name.
func (p *sourcePass) colon() error {
	c, err := p.scan.Peek()
	if err != nil {
		return p.truncated(err)
	}
	if c != ':' {
		return p.unexpected(c, "where ':' should be")
	}
	p.scan.Next()
	if _, err := p.scan.Peek(); err != nil {
		return p.truncated(err)
	}
	return nil
}

// comma reads the comma or the closing bracket after a value in a container, and reports
// whether another value follows.
func (p *sourcePass) comma(closing byte) (more bool, err error) {
	c, err := p.scan.Peek()
	switch {
	case err != nil:
		return false, p.truncated(err)
	case c == closing:
		p.scan.Next()
		return false, nil
	case c != ',':
		return false, p.unexpected(c, "where ',' or "+strconv.QuoteRune(rune(closing))+" should be")
	}
	p.scan.Next()
	return true, nil
}

// skipRest skips the elements of an array, after its opening bracket, and counts them.
func (p *sourcePass) skipRest() (n uint64, err error) {
	if c, err := p.scan.Peek(); err == nil && c == ']' {
		p.scan.Next()
		return 0, nil
	}
	for {
		if _, err := p.scan.Peek(); err != nil {
			return n, p.truncated(err)
		}
		if err := p.scan.Skip(); err != nil {
			return n, err
		}
		n++
		if more, err := p.comma(']'); !more {
			return n, err
		}
	}
}

// unexpected returns the error for c at the current offset; where says what should be there.
func (p *sourcePass) unexpected(c byte, where string) error {
	if python := jsonscan.PythonValue(c); python != "" && c == '\'' {
		return &jsonscan.SyntaxError{Offset: p.scan.Offset(), Reason: python, Cause: jsonscan.ErrPython}
	}
	return &jsonscan.SyntaxError{Offset: p.scan.Offset(), Reason: "invalid character " + strconv.QuoteRune(rune(c)) + " " + where, Cause: jsonscan.ErrInvalid}
}

// truncated returns err, or in place of io.EOF an error that says that the source ends
// inside a value.
func (p *sourcePass) truncated(err error) error {
	if err != io.EOF {
		return err
	}
	return &jsonscan.SyntaxError{Offset: p.scan.Offset(), Reason: jsonscan.ErrCut.Error(), Cause: jsonscan.ErrCut}
}
