package migrate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
)

// errCutShort ends a pass over a source whose end is excluded.
var errCutShort = errors.New("the rest is excluded")

// salvageArray salvages an array in which each element begins a line of its own, with the
// array's own indentation: damage in one element does not reach the next. array is false if
// the source is not such an array, or if no element after the damage is intact, so that
// salvageBeginning keeps as much.
func (m *migration) salvageArray(err error) (array bool, _ error) {
	first := m.pass
	indent, ok := first.elementIndent()
	if !ok {
		return false, nil
	}
	var r *elementReader
	e := m.readText(func(text io.Reader) error {
		r = newElementReader(text, m.o.Accept, indent, first)
		return r.read(m.ctx)
	})
	if e != nil || r.intact == 0 {
		return false, e
	}
	as := first.finder.shape()
	e = m.readWithout(&exclusion{r.pieces, as}, first)
	if e != nil && m.pass.finder.pastRecords() && salvageable(e) {
		// What follows the array is damaged, too.
		rest := piece{m.o.exclude.place(m.pass.end), math.MaxInt64}
		e = m.readWithout(&exclusion{append(r.pieces, rest), as}, first)
	}
	if e != nil {
		return true, e
	}
	return true, m.salvaged(err)
}

// elementIndent returns the white space that every element of the array begins a line with,
// as far as the array was read. ok is false if there is no such white space, or if the
// inside of an element might begin a line with the same.
func (p *sourcePass) elementIndent() (indent string, ok bool) {
	f := &p.finder
	if f.matcher != nil || f.depth == 0 || p.records < 2 || p.origin.layout.Between == nil || f.weak {
		return "", false
	}
	comma, indent, ok := strings.Cut(*p.origin.layout.Between, "\n")
	// Without indentation the end of the array looks like the end of an element, and the
	// elements of another array like those of this one. The root array has no other after it.
	return indent, ok && strings.TrimSpace(comma) == "," && strings.TrimSpace(indent) == "" && !strings.Contains(indent, "\n") && (indent != "" || f.depth == 1)
}

// An elementReader finds the damage in the elements of an array, which are objects. Each
// of them begins a line that has the array's own indentation; the lines inside it are
// indented deeper, except the one of its closing brace.
type elementReader struct {
	in        io.Reader     // the text
	buffered  *bufio.Reader // of it
	accept    jsonscan.Options
	indent    []byte
	root      bool  // only the end of the text follows the array
	from      int64 // offset of the first element
	known     int64 // offset after the last element known to be intact
	records   uint64
	off       int64 // of the next byte
	lineStart bool  // the next byte is the first of a line
	ended     bool  // the next byte is not part of the element
	over      bool  // nor is it part of another one: the array has ended
	closed    bool  // with a bracket
	cut       error // the error that ended the text, or nil
	intact    int   // elements found after the damage
	pieces    pieceList
}

func newElementReader(in io.Reader, accept jsonscan.Options, indent string, p *sourcePass) *elementReader {
	r := &elementReader{
		in: in, buffered: bufio.NewReaderSize(nil, chunkBytes), accept: accept, indent: []byte(indent), root: p.finder.depth == 1,
		from: p.first, known: p.end, records: p.records,
	}
	if p.kind != '{' { // it may be a part of a record whose brackets are damaged
		r.known, r.records = p.previous, p.records-1
	}
	return r
}

// read reads the text up to the end of the array. It finds no element after the damage if
// the elements before it are not the only lines with their indentation.
func (r *elementReader) read(ctx context.Context) error {
	if ok, err := r.begins(ctx); err != nil || !ok {
		return err
	}
	r.buffered.Reset(r.in)
	r.off, r.lineStart = r.known, false
	r.tail(jsonscan.New(r, r.accept), r.known)
	for !r.over && r.cut == nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.element()
	}
	if r.cut != nil && r.cut != io.EOF && !errors.Is(r.cut, ErrCompressed) {
		return r.cut
	}
	if r.over && !r.closed {
		r.pieces.add(piece{r.off, math.MaxInt64})
	}
	return nil
}

// begins reads the elements that are known to be intact, and reports whether their lines
// are indented as they should be.
func (r *elementReader) begins(ctx context.Context) (bool, error) {
	if _, err := io.CopyN(io.Discard, r.in, r.from); err != nil {
		return false, err
	}
	r.buffered.Reset(io.LimitReader(r.in, r.known-r.from))
	for elements := uint64(1); ; {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if r.lineStart {
			switch r.line() {
			case newElement:
				elements++
			case endOfArray, unknownLine:
				return false, nil
			}
		}
		if _, err := r.slice(); err == io.EOF {
			return elements == r.records, nil
		} else if err != nil {
			return false, err
		}
	}
}

// element reads an element and what follows it up to the next one, and notes its damage.
func (r *elementReader) element() {
	from := r.off
	r.ended = false
	s := jsonscan.New(r, r.accept)
	if c, err := s.Peek(); err != nil || c != '{' || s.Skip() != nil {
		r.skip()
		r.pieces.add(piece{from, r.off})
		return
	}
	r.intact++
	r.tail(s, from+s.Offset())
}

// tail reads what follows an intact element that ends at the offset end: a comma, or the
// end of the array. Anything else is a piece of damage. The finder does without the comma.
func (r *elementReader) tail(s *jsonscan.Scanner, end int64) {
	c, err := s.Peek()
	if err == nil && (c == ',' || c == ']') {
		s.Next()
		_, err = s.Peek()
	}
	if c == ']' && (err == nil && !r.root || r.over || r.cut != nil) {
		r.over, r.closed = true, true
		return
	}
	r.skip()
	// A bracket that another element follows is a damaged comma.
	if intact := err == io.EOF && (c == ',' || r.over); !intact {
		r.pieces.add(piece{end, r.off})
	}
}

// skip reads the rest of an element.
func (r *elementReader) skip() {
	for !r.ended {
		_, _ = r.Next()
	}
}

// Next implements jsonscan.Source for the current element.
func (r *elementReader) Next() ([]byte, error) {
	if !r.ended && r.lineStart {
		switch r.line() {
		case newElement:
			r.ended = true
		case endOfArray:
			r.ended, r.over = !r.root, !r.root
		}
	}
	if r.ended {
		return nil, io.EOF
	}
	b, err := r.slice()
	if err != nil {
		r.ended, r.cut = true, err
	}
	if len(b) == 0 {
		return nil, io.EOF
	}
	return b, nil
}

// slice returns the rest of a line, or a part of it if it is long.
func (r *elementReader) slice() ([]byte, error) {
	b, err := r.buffered.ReadSlice('\n')
	r.off += int64(len(b))
	r.lineStart = err == nil
	if err == bufio.ErrBufferFull {
		err = nil
	}
	return b, err
}

type lineKind uint8

const (
	insideElement lineKind = iota
	newElement
	endOfArray
	unknownLine // it has the element's indentation and begins with something else
)

// line returns the kind of the line that begins with the next byte.
func (r *elementReader) line() lineKind {
	r.lineStart = false
	b, _ := r.buffered.Peek(len(r.indent) + 1)
	b, _, _ = bytes.Cut(b, []byte("\n"))
	text := bytes.TrimLeft(b, " \t\r")
	if len(text) == 0 {
		return insideElement // it is blank, or indented deeper
	}
	switch at := len(b) - len(text); {
	case at < len(r.indent) && r.damagedIndent(b, at):
		return insideElement
	case at < len(r.indent) || text[0] == ']':
		r.closed = text[0] == ']'
		return endOfArray
	case !bytes.HasPrefix(b, r.indent):
		return unknownLine // tabs for spaces
	case text[0] == '{':
		return newElement
	case text[0] == '}':
		return insideElement
	}
	return unknownLine
}

// damagedIndent reports whether a line that begins with b has the indentation of an
// element or of its inside, except for the byte at the index at. That byte must not be one
// that may end the array.
func (r *elementReader) damagedIndent(b []byte, at int) bool {
	if len(b) <= len(r.indent) || bytes.IndexByte([]byte("]}\""), b[at]) >= 0 {
		return false
	}
	rest := bytes.TrimLeft(b[at+1:], " \t")
	return len(rest) == 0 || len(rest) == 1 && (rest[0] == '{' || rest[0] == '}')
}
