package migrate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A piece is a part of a source's text: from, up to to.
type piece struct{ from, to int64 }

// maxPieces is how many pieces of damage are taken out of a source one by one.
// The last one is all the rest: each becomes a file in quarantine/.
const maxPieces = 10_000

// judgedLines are the first lines of a source that say whether it is one of JSON Lines.
const judgedLines = 16

// A lineReader looks for damage in JSON Lines. A line ends where it ends, so
// that damage in one does not reach the next. A line is whole if it holds objects only,
// or arrays only, as the first whole line does. Around the values may stand what is
// of no value, and is damage by itself: NUL bytes, which a crash of the
// machine leaves, commas, and byte-order marks; and a single byte between two
// values, which was the end of a line. Any other line is damaged as it
// is: part of it might be a record, or the inside of one.
type lineReader struct {
	in      *bufio.Reader
	accept  jsonscan.Options
	time    timeField
	off     int64 // of the next byte
	kind    byte  // of the values: '{' or '['
	pieces  []piece
	judged  int   // lines that are not blank, up to judgedLines
	whole   int   // of these
	open    int   // of these, lines as they stand inside a container
	begins  bool  // the first of these is whole
	inside  bool  // the first whole line is a document
	first   byte  // of the line, but white space; 0: none
	last    byte  // likewise
	err     error // that ended the text
	lineEnd bool
}

// damagedLines returns the damage in a text; lines is false if it is not one of JSON Lines.
func damagedLines(ctx context.Context, in io.Reader, accept jsonscan.Options, time timeField) (damage []piece, lines bool, err error) {
	r := &lineReader{in: bufio.NewReaderSize(in, chunkBytes), accept: accept, time: time}
	for r.err == nil {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		r.line()
	}
	if r.err != io.EOF && !errors.Is(r.err, ErrCompressed) {
		return nil, false, r.err
	}
	return r.pieces, (r.begins || r.whole > r.open) && !r.inside, nil
}

// Next gives the line to a scanner, in parts, without its end.
func (r *lineReader) Next() ([]byte, error) {
	if r.lineEnd {
		return nil, io.EOF
	}
	b, err := r.in.ReadSlice('\n')
	r.off += int64(len(b))
	switch {
	case err == nil:
		r.lineEnd = true
	case !errors.Is(err, bufio.ErrBufferFull):
		r.lineEnd, r.err = true, err
	}
	if len(b) == 0 {
		return nil, io.EOF
	}
	if text := bytes.TrimSpace(b); len(text) > 0 {
		if r.last = text[len(text)-1]; r.first == 0 {
			r.first = text[0]
		}
	}
	return b, nil
}

// judge counts a line that is not blank. A text whose first line is whole is one
// of lines: nothing was opened before. Otherwise there must be more whole lines
// than such as an indented text has, or one of an element a line.
func (r *lineReader) judge(whole bool) {
	if r.judged == judgedLines {
		return
	}
	r.judged++
	switch {
	case r.judged == 1 && whole:
		r.begins = true
	case bytes.IndexByte([]byte(",[{"), r.last) >= 0, bytes.IndexByte([]byte("]}\""), r.first) >= 0:
		r.open++
	case whole:
		r.whole++
	}
}

// line reads a line and notes its damage.
func (r *lineReader) line() {
	from, known := r.off, len(r.pieces)
	r.lineEnd, r.first, r.last = false, 0, 0
	s := jsonscan.New(r, r.accept)
	if from == 0 {
		_, _ = s.SkipBOM() // an error comes again
	}
	values, junk, ok := 0, piece{-1, -1}, true
	for ok {
		c, err := s.Peek()
		if err != nil {
			ok = err == io.EOF
			break
		}
		at := from + s.Offset()
		switch {
		case c == '{' || c == '[':
			r.add(junk)
			junk = piece{-1, -1}
			ok = r.value(s, c)
			values++
		case isJunk(c):
			s.Next()
			if junk.from < 0 {
				junk.from = at
			}
			junk.to = at + 1
		case values > 0 && junk.from < 0: // a line's end that became another byte
			s.Next()
			junk = piece{at, at + 1}
			next, err := s.Peek()
			ok = err == nil && next == r.kind
		default:
			ok = false
		}
	}
	for !r.lineEnd { // what a scanner has given up
		_, _ = r.Next()
	}
	blank := ok && values == 0 && junk.from < 0
	if ok && values > 0 {
		r.add(junk)
	} else if !blank {
		r.pieces = r.pieces[:min(known, len(r.pieces))]
		r.add(piece{from, r.off})
	}
	if !blank {
		r.judge(ok && values > 0)
	}
}

// value reads a value that begins with c and reports whether it is whole, and of the kind of the others.
func (r *lineReader) value(s *jsonscan.Scanner, c byte) bool {
	if r.kind == 0 {
		first, err := s.Value(nil)
		if err != nil {
			return false
		}
		r.kind = c
		_, r.inside = documentIn(first, r.time)
		return true
	}
	return c == r.kind && s.Skip() == nil
}

func isJunk(c byte) bool { return bytes.IndexByte([]byte("\x00,\xef\xbb\xbf"), c) >= 0 }

// add notes a piece of damage.
func (r *lineReader) add(p piece) {
	if p.from < 0 {
		return
	}
	n := len(r.pieces)
	switch {
	case n > 0 && r.pieces[n-1].to == p.from:
		r.pieces[n-1].to = p.to
	case n < maxPieces:
		r.pieces = append(r.pieces, p)
	default:
		r.pieces[n-1].to = p.to
	}
}

// A excludingReader reads a text without some pieces of it, and ends where the text can't be read on.
type excludingReader struct {
	in     io.Reader
	pieces []piece
	off    int64
}

func (r *excludingReader) Read(p []byte) (int, error) {
	for {
		for len(r.pieces) > 0 && r.off >= r.pieces[0].to {
			r.pieces = r.pieces[1:]
		}
		if len(r.pieces) > 0 && r.off >= r.pieces[0].from {
			n, err := io.CopyN(io.Discard, r.in, r.pieces[0].to-r.off)
			if r.off += n; err != nil {
				return 0, damageAsEOF(err)
			}
			continue
		}
		if len(r.pieces) > 0 {
			p = p[:min(int64(len(p)), r.pieces[0].from-r.off)]
		}
		n, err := r.in.Read(p)
		r.off += int64(n)
		return n, damageAsEOF(err)
	}
}

// ended turns the damage at which a compressed text ends into its end.
func damageAsEOF(err error) error {
	if errors.Is(err, ErrCompressed) {
		return io.EOF
	}
	return err
}
