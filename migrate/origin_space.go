package migrate

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
	"github.com/klauspost/compress/zstd"
)

// spaceName is the file in origin/ of the white space that is not the style's.
//
// It is compressed with zstd and holds entries in the order of the source. All
// numbers are unsigned varints.
//
//	entry: record kind ...   record: the record's number less that of the entry before, from 0
//	kind 0: length text      text stands between the record before and this one, comma
//	                         included, in place of layout.json's; entries that follow each other are one text
//	kind 1: skip length runs run...
//	                         of the compact record skip bytes are in the style, behind
//	                         the end of the entry before; in the next length bytes all white space is in the runs
//	run: skip length text    text stands before the byte that is skip bytes behind the run before
//
// An entry for a record that was not migrated means nothing: the white space
// turned out to follow the last record, or damage came.
const spaceName = "space.zst"

const (
	betweenEntry = iota
	partEntry
)

// spaceWindow is the window that spaceName is compressed with: what there is to repeat is near.
const spaceWindow = 256 << 10

// learnBytes of compact records show the style. It can't change after that.
const learnBytes = 512 << 10

// A spaceWriter compares the white space of each record, while it is read, with
// the style of the first ones, and keeps what differs.
type spaceWriter struct {
	draft   *segment.Draft
	scan    *jsonscan.Scanner
	learner *learner // nil: the style is settled
	learned int64    // bytes it has seen
	style   *Style   // nil: not settled
	reading bool     // a record is being read, and not a member's name around the records
	record  uint64   // its number, from 1
	entry   uint64   // the last entry's record
	end     int      // of the last part entry in the compact record
	file    io.WriteCloser
	out     *zstd.Encoder // nil: nothing differs so far
	buf     []byte
	runs    []byte
	err     error // the first
}

func newSpaceWriter(d *segment.Draft, s *jsonscan.Scanner) *spaceWriter {
	w := &spaceWriter{draft: d, scan: s, learner: newLearner()}
	s.Watch(w, nil)
	return w
}

// begin is called before each record.
func (w *spaceWriter) begin(record uint64) {
	w.record, w.reading = record, true
	if w.learner != nil {
		w.learner.begin()
	}
}

// finish is called after each record.
func (w *spaceWriter) finish() error {
	w.reading = false
	return w.err
}

// settle ends the learning; see learner.settle.
func (w *spaceWriter) settle(between string, depth int) {
	if w.learner == nil {
		return
	}
	w.learner.settle(between, depth)
	w.style, w.learner = &w.learner.style, nil
	w.scan.Watch(w, w.style)
}

// Odd keeps the white space of a part of a record, unless it is the style's.
func (w *spaceWriter) Odd(at int, raw, compact []byte, pending int, joined bool) {
	if !w.reading {
		return
	}
	if w.learner != nil {
		w.learned += int64(len(raw))
		if w.learner.read(raw) && !joined {
			return
		}
	}
	pending = min(pending, len(compact)) // of a token that began, and has its white space, in the part before
	at, compact = at+pending, compact[pending:]
	n, more := w.collect(raw, compact)
	if n < 0 {
		return
	}
	w.begun(partEntry)
	if w.entry != w.record {
		w.entry, w.end = w.record, 0
	}
	w.buf = binary.AppendUvarint(w.buf, uint64(max(at-w.end, 0)))
	w.buf = binary.AppendUvarint(w.buf, uint64(len(compact)+more))
	w.buf = binary.AppendUvarint(w.buf, uint64(n))
	w.end = at + len(compact) + more
	w.write(w.buf)
	w.write(w.runs)
}

// begun begins an entry in buf.
func (w *spaceWriter) begun(kind uint64) {
	w.buf = binary.AppendUvarint(w.buf[:0], w.record-w.entry)
	w.buf = binary.AppendUvarint(w.buf, kind)
}

// collect writes the white space of a part to runs and returns how many runs
// there are; -1 if raw and compact differ in more than white space, as where NaN
// became null. more is how many bytes of the compact record belong to the part
// beyond compact: the beginning of a literal that the part's end divides.
func (w *spaceWriter) collect(raw, compact []byte) (n, more int) {
	w.runs = w.runs[:0]
	i, j, last := 0, 0, 0
	for i < len(raw) {
		same := common(raw[i:], compact[j:])
		i, j = i+same, j+same
		if i == len(raw) {
			break
		}
		end := i
		for end < len(raw) && (raw[end] == ' ' || raw[end] == '\n' || raw[end] == '\r' || raw[end] == '\t') {
			end++
		}
		if end == i {
			if j == len(compact) {
				return n, len(raw) - i
			}
			return -1, 0
		}
		w.runs = binary.AppendUvarint(w.runs, uint64(j-last))
		w.runs = binary.AppendUvarint(w.runs, uint64(end-i))
		w.runs = append(w.runs, raw[i:end]...)
		i, last = end, j
		n++
	}
	return n, 0
}

// common returns how many bytes a and b begin with in common.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n && binary.LittleEndian.Uint64(a[i:]) == binary.LittleEndian.Uint64(b[i:]); i += 8 {
	}
	for ; i < n && a[i] == b[i]; i++ {
	}
	return i
}

// between keeps a piece of the text before a record that is not as that before the second.
func (w *spaceWriter) between(record uint64, text []byte) {
	w.record = record
	w.begun(betweenEntry)
	w.entry, w.end = record, 0
	w.buf = binary.AppendUvarint(w.buf, uint64(len(text)))
	w.write(w.buf)
	w.write(text)
}

func (w *spaceWriter) write(b []byte) {
	if w.out == nil && w.err == nil {
		if w.file, w.err = w.draft.CreateOrigin(spaceName); w.err != nil {
			w.file = nil
			return
		}
		w.out, w.err = zstd.NewWriter(w.file, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(spaceWindow), zstd.WithLowerEncoderMem(true))
	}
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
}

// close ends the file, if there is one.
func (w *spaceWriter) close() error {
	if w.out != nil {
		w.err = errors.Join(w.err, w.out.Close())
		w.out = nil
	}
	if w.file != nil {
		w.err = errors.Join(w.err, w.file.Close())
		w.file = nil
	}
	return w.err
}

// errSpace is for what no spaceWriter writes.
var errSpace = errors.New("origin/" + spaceName + " is damaged")
