package migrate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A piece is the part [from, to) of a source's text.
type piece struct{ from, to int64 }

// A pieceList is in the order of the text.
type pieceList []piece

// maxPieces is the maximum number of damaged pieces, each of which becomes a file in
// quarantine/. Further damage extends the last piece, which then includes intact records.
const maxPieces = 10_000

// add adds a piece. Adjacent pieces are one: they become one file in quarantine/.
func (all *pieceList) add(p piece) {
	switch n := len(*all); {
	case n > 0 && (n == maxPieces || (*all)[n-1].to == p.from):
		(*all)[n-1].to = p.to
	default:
		*all = append(*all, p)
	}
}

// An exclusion is a damaged source without its damage.
type exclusion struct {
	pieces pieceList // are not read
	as     shape     // what to take for records in the rest
}

// place returns the offset in the source of the offset at in the rest.
func (x *exclusion) place(at int64) int64 {
	for _, p := range x.pieces {
		if p.from > at {
			break
		}
		at += p.to - p.from
	}
	return at
}

// judgedLines is the number of lines that decide whether a source is one of JSON Lines.
const judgedLines = 16

// A lineReader finds the damage in JSON Lines. Damage in one line does not reach the next,
// because every line feed ends a line. A line is intact if it holds objects only, or
// arrays only, as the first intact line does.
//
// Around the values of a line there may be bytes that hold no data, and that are pieces of
// damage by themselves: NUL bytes, which a crash of the machine leaves, commas, and
// byte-order marks; and a single byte between two values, which was a line feed. Any other
// line is one piece of damage: a part of it might be a record, or the inside of one.
type lineReader struct {
	in      *bufio.Reader
	accept  jsonscan.Options
	time    timeField
	off     int64     // of the next byte
	kind    byte      // first byte of all values: '{' or '['; 0 means no value so far
	pieces  pieceList // the damage
	judged  int       // number of lines that are not blank, up to judgedLines
	whole   int       // of the judged lines, those that are intact
	open    int       // of the judged lines, those that look like the inside of a container
	begins  bool      // the first judged line is intact
	inside  bool      // the first intact line is a document
	first   byte      // first byte of the current line that is not white space; 0 means none
	last    byte      // the last such byte
	err     error     // that ended the text, or nil
	lineEnd bool      // the current line was read to its end
}

// damagedLines returns the damage in a text. lines is false if the text is not one of JSON
// Lines.
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

// Next implements jsonscan.Source for the current line.
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

// judge counts a line that is not blank. A text whose first line is intact is one of JSON
// Lines, as nothing was opened before. Otherwise there must be more intact lines than lines
// that look like a part of an indented value, or of an array with one element a line.
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
	from, before := r.off, r.mark()
	r.lineEnd, r.first, r.last = false, 0, 0
	s := jsonscan.New(r, r.accept)
	if from == 0 {
		_, _ = s.SkipBOM() // Peek returns its error again
	}
	// junk is the run of bytes without data since the last value. It becomes a piece only
	// when the line turns out to be intact: otherwise the line is one piece.
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
		case values > 0 && junk.from < 0: // perhaps a line feed that became another byte
			s.Next()
			junk = piece{at, at + 1}
			next, err := s.Peek()
			ok = err == nil && next == r.kind
		default:
			ok = false
		}
	}
	for !r.lineEnd { // the rest of a line whose scanner has failed
		_, _ = r.Next()
	}
	blank := ok && values == 0 && junk.from < 0
	if ok && values > 0 {
		r.add(junk)
	} else if !blank {
		// The line replaces the pieces inside it.
		r.reset(before)
		r.add(piece{from, r.off})
	}
	if !blank {
		r.judge(ok && values > 0)
	}
}

// value reads a value that begins with c and reports whether it is intact and of the kind
// of the others.
func (r *lineReader) value(s *jsonscan.Scanner, c byte) bool {
	// Only the first value decides which values are not records: Skip checks the others without
	// keeping them, and Run notices a document among them later.
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

// isJunk reports whether c holds no data between two values.
func isJunk(c byte) bool { return bytes.IndexByte([]byte("\x00,\xef\xbb\xbf"), c) >= 0 }

// A piecesMark is the state of the pieces at a moment. add may extend the last piece, so its
// bounds are part of the state.
type piecesMark struct {
	pieces int
	last   piece
}

func (r *lineReader) mark() piecesMark {
	m := piecesMark{pieces: len(r.pieces)}
	if m.pieces > 0 {
		m.last = r.pieces[m.pieces-1]
	}
	return m
}

// reset removes what was added after m.
func (r *lineReader) reset(m piecesMark) {
	r.pieces = r.pieces[:m.pieces]
	if m.pieces > 0 {
		r.pieces[m.pieces-1] = m.last
	}
}

// add notes a piece of damage; from < 0 means none.
func (r *lineReader) add(p piece) {
	if p.from >= 0 {
		r.pieces.add(p)
	}
}

// An excludingReader reads a text without some pieces of it. It ends without an error where
// a compressed text is damaged.
type excludingReader struct {
	in     io.Reader
	pieces pieceList
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
		// Up to the next piece and no further.
		if len(r.pieces) > 0 {
			p = p[:min(int64(len(p)), r.pieces[0].from-r.off)]
		}
		n, err := r.in.Read(p)
		r.off += int64(n)
		return n, damageAsEOF(err)
	}
}

// damageAsEOF returns err, or io.EOF for the damage at which a compressed text ends.
func damageAsEOF(err error) error {
	if errors.Is(err, ErrCompressed) {
		return io.EOF
	}
	return err
}
