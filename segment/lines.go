package segment

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/internal/size"
)

// A line is one line of a segment's plain text.
type line struct {
	start, end Offset // end is the offset after the LF
	text       []byte // without the LF; valid until fn of eachLine returns
}

// crc returns the checksum of the line with its LF, as in an index entry.
func (l line) crc() uint32 {
	return crc32.Update(crc32.Checksum(l.text, castagnoli), castagnoli, []byte{'\n'})
}

// blank reports whether the line keeps the place of a lost record: repair overwrites
// such a record with spaces.
func (l line) blank() bool { return len(bytes.Trim(l.text, " ")) == 0 && len(l.text) > 0 }

// eachLine calls fn for each line of f between from and to and returns the end of the
// last one, which is before to if a fragment without LF follows. A line of more than
// maxLine bytes is ErrMemory; 0 means no limit.
func eachLine(f io.ReaderAt, from, to Offset, maxLine int64, fn func(line) error) (Offset, error) {
	buf := make([]byte, 0, min(256<<10, max(to-from, 1)))
	at := from
	// Invariant: buf holds the bytes [at, read), and no LF.
	for read := from; read < to; {
		if len(buf) > maxRecord { // no record is that long
			break
		}
		if maxLine > 0 && int64(len(buf)) > maxLine {
			return at, fmt.Errorf("a line of more than %s: %w", size.Text(uint64(len(buf))), ErrMemory)
		}
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		searched := len(buf)
		n, err := f.ReadAt(buf[searched:min(cap(buf), searched+int(to-read))], int64(read))
		if n == 0 && err != nil {
			return at, err
		}
		buf = buf[:searched+n]
		read += Offset(n)
		used, err := eachLineOf(buf, searched, at, fn)
		at += Offset(used)
		if err != nil {
			return at, err
		}
		buf = buf[:copy(buf, buf[used:])]
	}
	return at, nil
}

// eachLineOf calls fn for each line of buf, whose first byte is at the offset at and
// whose first LF is not before searched. It returns the size of the lines that fn
// accepted.
func eachLineOf(buf []byte, searched int, at Offset, fn func(line) error) (used int, err error) {
	for {
		i := bytes.IndexByte(buf[searched:], '\n')
		if i < 0 {
			return used, nil
		}
		end := searched + i + 1
		if err := fn(line{at + Offset(used), at + Offset(end), buf[used : end-1]}); err != nil {
			return used, err
		}
		used, searched = end, end
	}
}

// An indexer makes index entries from lines of the text.
type indexer struct {
	marker *Marker
	rule   TimeRule          // of the last record
	policy Policy            // of rule: time field, zone and format
	times  recordtime.Parser // of the lines
	buf    []byte            // reused
}

// entry returns the entry of the record seq, which is the line l. ok is false if the
// line is not a record; its entry is flagged Lost. The grammar is the most permissive
// that any setting allows, and frozen with the format version: a record that was once
// accepted must never become a lost one.
func (x *indexer) entry(seq Sequence, l line, now time.Time) (e Entry, ok bool, err error) {
	own, ok, err := x.stamp(seq, l.text)
	if err != nil {
		return e, false, err
	}
	e = newEntry(l.end, l.crc(), own, now)
	e.Flags |= Rebuilt
	if !ok {
		e.Flags |= Lost
	}
	return e, ok, nil
}

// stamp returns the time that a line has of its own, by the rule for the record seq. ok
// is false if the line is not a record.
func (x *indexer) stamp(seq Sequence, text []byte) (own stamp, ok bool, err error) {
	if rule := x.marker.TimeRule(seq); x.policy.TimeField == nil || rule != x.rule {
		x.rule = rule
		if x.policy, err = rule.settings().Policy(); err != nil {
			return own, false, err
		}
	}
	s := jsonscan.NewBytes(text, jsonscan.Options{NonFinite: jsonscan.KeepNonFinite, Capture: x.policy.TimeField})
	var scalar []byte
	if x.buf, err = s.Value(x.buf[:0]); err == nil && bytes.Equal(x.buf, text) {
		scalar, ok = s.Captured(x.buf), true
	}
	return x.policy.timeOf(&x.times, scalar), ok, nil
}
