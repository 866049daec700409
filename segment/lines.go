package segment

import (
	"bytes"
	"hash/crc32"
	"io"

	"github.com/histlog/histlog/internal/jsonscan"
)

// line is one line of a segment's plain text.
type line struct {
	start, end Offset // end is behind the LF
	text       []byte // without the LF; valid until the next line
}

func (l line) crc() uint32 {
	return crc32.Update(crc32.Checksum(l.text, castagnoli), castagnoli, []byte{'\n'})
}

// blank says whether the line holds the place of a lost record.
func (l line) blank() bool { return len(bytes.Trim(l.text, " ")) == 0 && len(l.text) > 0 }

// eachLine calls fn for each line of f between from and to and returns where
// the last one ends: before `to` if a fragment without LF follows.
func eachLine(f io.ReaderAt, from, to Offset, fn func(line) error) (Offset, error) {
	buf := make([]byte, 0, 256<<10)
	at := from // offset of buf[0]
	for read := from; read < to; {
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		room := buf[len(buf):min(cap(buf), len(buf)+int(to-read))]
		n, err := f.ReadAt(room, int64(read))
		if n == 0 && err != nil {
			return at, err
		}
		seen := len(buf)
		buf = buf[:seen+n]
		read += Offset(n)
		begin := 0
		for {
			i := bytes.IndexByte(buf[seen:], '\n')
			if i < 0 {
				break
			}
			end := seen + i + 1
			if err := fn(line{at + Offset(begin), at + Offset(end), buf[begin : end-1]}); err != nil {
				return at + Offset(begin), err
			}
			begin, seen = end, end
		}
		buf = buf[:copy(buf, buf[begin:])]
		at += Offset(begin)
	}
	return at, nil
}

// judge tells records from other lines. The grammar is the laxest that any
// setting could have written, and frozen with the format's version.
type judge struct {
	field *jsonscan.Pointer
	buf   []byte
}

// record says whether text is one compact record, and gives the scalar at its time field.
func (j *judge) record(text []byte) (scalar []byte, ok bool) {
	s := jsonscan.NewBytes(text, jsonscan.Options{NonFinite: jsonscan.KeepNonFinite, Capture: j.field})
	var err error
	if j.buf, err = s.Value(j.buf[:0]); err != nil || !bytes.Equal(j.buf, text) {
		return nil, false
	}
	return s.Captured(j.buf), true
}
