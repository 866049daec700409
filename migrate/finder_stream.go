package migrate

import (
	"fmt"
	"io"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A valueKind is a kind of values in a stream. The zero value means none so far.
type valueKind string

const (
	objectKind valueKind = "an object"
	arrayKind  valueKind = "an array"
	scalarKind valueKind = "a scalar"
)

// valueKindOf returns the kind of a value that begins with c.
func valueKindOf(c byte) valueKind {
	switch c {
	case '{':
		return objectKind
	case '[':
		return arrayKind
	}
	return scalarKind
}

// takeStream takes every value of a stream as a record.
func (f *recordFinder) takeStream(p *sourcePass) error {
	if err := p.origin.endPrefix(); err != nil {
		return err
	}
	f.inRecords = true
	p.counted = p.scan.Offset()
	time := newTimeField(p.o.Settings)
	for {
		if err := p.record(); err != nil {
			return err
		}
		f.checkValue(p, time)
		c, err := p.scan.Peek()
		if err == io.EOF {
			return f.concludeStream(p)
		}
		if err == nil && c == ',' {
			err = commas(p, f.kind)
		}
		if err != nil {
			return err
		}
		if err := p.origin.between(); err != nil {
			return err
		}
	}
}

// concludeStream is called at the end of a stream.
func (f *recordFinder) concludeStream(p *sourcePass) error {
	switch {
	case f.document != nil && p.records > 1:
		return f.document.undecided(p.records)
	case f.differs > 0:
		return undecided(fmt.Sprintf("the values of the source differ in kind: value 1 is %s, value %d is not", f.kind, f.differs))
	}
	return p.origin.beginSuffix()
}

// checkValue notes the record just read if it is the first document of the stream, or the
// first value of another kind than value 1. It returns no error: damage after the record
// is to be reported instead.
func (f *recordFinder) checkValue(p *sourcePass, time timeField) {
	if f.as.named || f.document != nil {
		return
	}
	if mayBeDocument(p.buf) {
		f.checkDocument(p, time)
	}
	switch kind := valueKindOf(p.buf[0]); {
	case f.kind == "":
		f.kind = kind
	case f.kind != kind && f.differs == 0:
		f.differs = p.records
	}
}

// checkDocument notes the record just read if it is a document.
func (f *recordFinder) checkDocument(p *sourcePass, time timeField) {
	if scalar := p.scan.Captured(p.buf); p.buf[0] == '{' && scalar != nil && time.is(scalar) {
		return // a record by rule 1; the scanner has found its time already
	}
	if inside, ok := documentIn(p.buf, time); ok {
		f.document = &document{p.records, inside}
	}
}

// commas is called at a comma after values of a kind. It returns ErrCommas if commas separate
// all values, and they are objects, or all arrays; otherwise the comma is damage.
func commas(p *sourcePass, kind valueKind) error {
	damage := p.unexpected(',', "after a value")
	here := p.scan.Offset()
	for {
		p.scan.Next()
		c, err := p.scan.Peek()
		if err == nil && valueKindOf(c) == kind && kind != scalarKind && p.scan.Skip() == nil {
			c, err = p.scan.Peek()
		} else if err == nil {
			return damage
		}
		switch {
		case err == io.EOF:
			return &jsonscan.SyntaxError{Offset: here, Reason: ErrCommas.Error(), Cause: ErrCommas}
		case err != nil || c != ',':
			return damage
		}
	}
}

// valueAfterRecords is called where a value that begins with c follows the one that
// holds the records. If complete values follow to the end, a second writer appended them,
// and which of the two holds the records is undecided. Anything else is damage.
func (f *recordFinder) valueAfterRecords(p *sourcePass, c byte) error {
	damage := p.unexpected(c, "after the value that holds the records")
	switch {
	case c == ',' && f.path == "":
		return commas(p, arrayKind)
	case c == ',':
		return commas(p, objectKind)
	case c != '{' && c != '[':
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
	doc := document{1, candidate{at: f.path, count: p.records}}
	return doc.undecided(values)
}
