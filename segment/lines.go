package segment

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/size"
)

// A line is a line of a segment's plain text: a record, the place of a lost one, or
// damage.
type line struct {
	start, end Offset // end includes the LF
	text       []byte // without the LF; valid until the next line
}

// crc returns the checksum of the line with its LF.
func (l line) crc() uint32 {
	return crc32.Update(crc32.Checksum(l.text, castagnoli), castagnoli, []byte{'\n'})
}

// blank reports whether the line keeps the place of a lost record.
func (l line) blank() bool { return len(bytes.Trim(l.text, " ")) == 0 && len(l.text) > 0 }

// eachLine calls fn for each line of f between from and to, and returns where the last
// one ends, which is before to if a fragment without LF follows. A line of more than
// maxLine bytes is ErrMemory; 0 means no limit.
func eachLine(f io.ReaderAt, from, to Offset, maxLine int64, fn func(line) error) (Offset, error) {
	// Invariant: buf holds the text [at, read), which begins a line.
	buf := make([]byte, 0, min(256<<10, max(to-from, 1)))
	at := from
	for read := from; read < to; {
		if len(buf) > maxRecord { // no record is that long: this is no line
			break
		}
		if maxLine > 0 && int64(len(buf)) > maxLine {
			return at, fmt.Errorf("a line of more than %s: %w", size.Text(uint64(len(buf))), ErrMemory)
		}
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		room := buf[len(buf):min(cap(buf), len(buf)+int(to-read))]
		n, err := f.ReadAt(room, int64(read))
		if n == 0 && err != nil {
			return at, err
		}
		searched := len(buf) // what was read before holds no LF
		buf = buf[:searched+n]
		read += Offset(n)
		begin := 0
		for {
			i := bytes.IndexByte(buf[searched:], '\n')
			if i < 0 {
				break
			}
			end := searched + i + 1
			if err := fn(line{at + Offset(begin), at + Offset(end), buf[begin : end-1]}); err != nil {
				return at + Offset(begin), err
			}
			begin, searched = end, end
		}
		buf = buf[:copy(buf, buf[begin:])]
		at += Offset(begin)
	}
	return at, nil
}

// An indexer makes index entries from lines, where the entries that were written are lost.
type indexer struct {
	marker *Marker
	rule   TimeRule // of the last record
	policy Policy   // of rule: time field and zone
	buf    []byte   // reused
}

// entry makes the entry of record seq from its line. ok is false for a line that is not
// a record; its entry has the flag Lost. The grammar accepts what any setting could have
// written, and never changes for a version of the format.
func (x *indexer) entry(seq Sequence, l line, now time.Time) (e Entry, ok bool, err error) {
	if rule := x.marker.TimeRule(seq); x.policy.TimeField == nil || rule != x.rule {
		x.rule = rule
		if x.policy, err = (Settings{"time-field": rule.Field, "time-zone": rule.Zone}).Policy(); err != nil {
			return e, false, err
		}
	}
	s := jsonscan.NewBytes(l.text, jsonscan.Options{NonFinite: jsonscan.KeepNonFinite, Capture: x.policy.TimeField})
	var scalar []byte
	if x.buf, err = s.Value(x.buf[:0]); err == nil && bytes.Equal(x.buf, l.text) {
		scalar, ok = s.Captured(x.buf), true
	}
	e = newEntry(l.end, l.crc(), timeOf(scalar, x.policy.TimeZone), now)
	e.Flags |= Rebuilt
	if !ok {
		e.Flags |= Lost
	}
	return e, ok, nil
}
