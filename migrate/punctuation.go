package migrate

import (
	"io"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
)

// These read what stands between the values that a walk leads through.

// name reads a member's name and the colon after it.
func (m *migration) name() (string, error) {
	c, err := m.scan.Peek()
	if err != nil {
		return "", m.cut(err)
	}
	if c != '"' {
		return "", m.unexpected(c, "where a member's name should be")
	}
	b, err := m.scan.Value(nil)
	if err != nil {
		return "", err
	}
	if c, err = m.scan.Peek(); err != nil {
		return "", m.cut(err)
	}
	if c != ':' {
		return "", m.unexpected(c, "where ':' should be")
	}
	m.scan.Next()
	if _, err := m.scan.Peek(); err != nil {
		return "", m.cut(err)
	}
	return jsonscan.Unquote(b), nil
}

// comma reads what follows a value in a container and says whether another one comes.
func (m *migration) comma(closing byte) (more bool, err error) {
	c, err := m.scan.Peek()
	switch {
	case err != nil:
		return false, m.cut(err)
	case c == closing:
		m.scan.Next()
		return false, nil
	case c != ',':
		return false, m.unexpected(c, "where ',' or "+strconv.QuoteRune(rune(closing))+" should be")
	}
	m.scan.Next()
	return true, nil
}

// skipRest reads the elements of an array behind its bracket and keeps none.
func (m *migration) skipRest() error {
	if c, err := m.scan.Peek(); err == nil && c == ']' {
		m.scan.Next()
		return nil
	}
	for {
		if _, err := m.scan.Peek(); err != nil {
			return m.cut(err)
		}
		if err := m.scan.Skip(); err != nil {
			return err
		}
		if more, err := m.comma(']'); !more {
			return err
		}
	}
}

func (m *migration) unexpected(c byte, where string) error {
	return &jsonscan.SyntaxError{Offset: m.scan.Offset(), Reason: "invalid character " + strconv.QuoteRune(rune(c)) + " " + where, Cause: jsonscan.ErrInvalid}
}

// cut turns the end of the source, where it can't be, into an error that says so.
func (m *migration) cut(err error) error {
	if err != io.EOF {
		return err
	}
	return &jsonscan.SyntaxError{Offset: m.scan.Offset(), Reason: jsonscan.ErrCut.Error(), Cause: jsonscan.ErrCut}
}
