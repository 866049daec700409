package migrate

import (
	"io"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
)

// These read what stands between the values that a walk leads through.

// name reads a member's name and the colon after it.
func (p *sourcePass) name() (string, error) {
	c, err := p.scan.Peek()
	if err != nil {
		return "", p.truncated(err)
	}
	if c != '"' {
		return "", p.unexpected(c, "where a member's name should be")
	}
	if p.buf, err = p.scan.Value(p.buf[:0]); err != nil {
		return "", err
	}
	name := jsonscan.Unquote(p.buf)
	if c, err = p.scan.Peek(); err != nil {
		return "", p.truncated(err)
	}
	if c != ':' {
		return "", p.unexpected(c, "where ':' should be")
	}
	p.scan.Next()
	if _, err := p.scan.Peek(); err != nil {
		return "", p.truncated(err)
	}
	return name, nil
}

// comma reads what follows a value in a container and says whether another one comes.
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

// skipRest reads the elements of an array behind its bracket, keeps none and counts them.
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

func (p *sourcePass) unexpected(c byte, where string) error {
	if python := jsonscan.PythonValue(c); python != "" && c == '\'' {
		return &jsonscan.SyntaxError{Offset: p.scan.Offset(), Reason: python, Cause: jsonscan.ErrPython}
	}
	return &jsonscan.SyntaxError{Offset: p.scan.Offset(), Reason: "invalid character " + strconv.QuoteRune(rune(c)) + " " + where, Cause: jsonscan.ErrInvalid}
}

// cut turns the end of the source, where it can't be, into an error that says so.
func (p *sourcePass) truncated(err error) error {
	if err != io.EOF {
		return err
	}
	return &jsonscan.SyntaxError{Offset: p.scan.Offset(), Reason: jsonscan.ErrCut.Error(), Cause: jsonscan.ErrCut}
}
