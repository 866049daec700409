package migrate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
	"github.com/klauspost/compress/zstd"
)

// spaceName is the file in origin/ with the white space that is not as in the style of
// layout.json.
//
// It is compressed with zstd and holds entries in the order of the source. All numbers
// are unsigned varints.
//
//	entry:  record kind ...
//	        record is the record's number minus that of the previous entry's record; the
//	        first entry has the number itself
//	kind 0: length text
//	        text is what is between the previous record and this one, comma included, in
//	        place of layout.json's between; consecutive entries of a record are one text
//	kind 1: skip length runs run...
//	        after the previous entry, or the beginning of the compact record, skip bytes
//	        have the style's white space; the next length bytes have that of the runs alone
//	run:    skip length text
//	        text comes before the byte that is skip bytes after that of the previous run
//
// An entry for a record that was not migrated is ignored: its white space was written
// before it turned out that no record follows, or that the source is damaged there.
const spaceName = "space.zst"

// The kinds of entries.
const (
	betweenEntry = iota // kind 0
	partEntry           // kind 1
)

// spaceWindow is the zstd window of spaceName. It is small, because white space repeats
// what came shortly before.
const spaceWindow = 256 << 10

// learnBytes is how many bytes of records are read to learn the style, which does
// not change afterwards.
const learnBytes = 512 << 10

// A spaceWriter compares the white space of each record, while it is read, with the style
// of the first records, and writes what differs to spaceName. It is the scanner's
// Watcher.
type spaceWriter struct {
	draft   *segment.Draft
	scan    *jsonscan.Scanner
	learner *learner // nil means that the style is settled
	learn   int64    // bytes from which to learn
	learned int64    // bytes that the learner has read
	style   *Style   // nil means that it is not settled
	reading bool     // a record is being read, and not a member's name around the records
	record  uint64   // number of the record being read, from 1
	entry   uint64   // number of the last entry's record
	end     int      // end of the last part entry in the compact record
	file    io.WriteCloser
	out     *zstd.Encoder // into file; nil means that nothing differs so far
	buf     []byte        // the beginning of an entry
	runs    []byte        // its runs
	err     error         // the first error; nothing is written after it
}

func newSpaceWriter(d *segment.Draft, s *jsonscan.Scanner, learn int64) *spaceWriter {
	w := &spaceWriter{draft: d, scan: s, learn: learn, learner: newLearner()}
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
	// From here on the scanner compares, which costs next to nothing, and calls Odd only for
	// the parts that differ.
	w.style, w.learner = &w.learner.style, nil
	w.scan.Watch(w, w.style)
}

// Odd implements jsonscan.Watcher. It writes the white space of a part of a record, unless
// it is as in the style.
func (w *spaceWriter) Odd(at int, raw, compact []byte, pending int, joined bool) {
	if !w.reading {
		return
	}
	// While the style is being learned, the scanner has no layout and calls Odd for each part.
	if w.learner != nil {
		w.learned += int64(len(raw))
		if w.learner.read(raw) && !joined {
			return
		}
	}
	// The white space before a literal that began in the previous part belongs to that part.
	pending = min(pending, len(compact))
	at, compact = at+pending, compact[pending:]
	n, more := w.collect(raw, compact)
	if n < 0 { // tokens were converted, so that no export equals the source anyway
		return
	}
	w.beginEntry(partEntry)
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

// beginEntry begins an entry in buf.
func (w *spaceWriter) beginEntry(kind uint64) {
	w.buf = binary.AppendUvarint(w.buf[:0], w.record-w.entry)
	w.buf = binary.AppendUvarint(w.buf, kind)
}

// collect writes the white space of a part to runs and returns the number of runs; -1 if
// raw and compact differ in more than white space, as where NaN became null. more is how
// many bytes after compact belong to the part: the beginning of a literal that the end of
// the part divides.
func (w *spaceWriter) collect(raw, compact []byte) (n, more int) {
	w.runs = w.runs[:0]
	// raw[:i] and compact[:j] are the same but for the runs, the last of which is before
	// compact[last].
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

// common returns the length of the common prefix of a and b.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n && binary.LittleEndian.Uint64(a[i:]) == binary.LittleEndian.Uint64(b[i:]); i += 8 {
	}
	for ; i < n && a[i] == b[i]; i++ {
	}
	return i
}

// between writes a piece of the text before a record that is not as before the second one.
func (w *spaceWriter) between(record uint64, text []byte) {
	w.record = record
	w.beginEntry(betweenEntry)
	w.entry, w.end = record, 0
	w.buf = binary.AppendUvarint(w.buf, uint64(len(text)))
	w.write(w.buf)
	w.write(text)
}

// write writes b to the file, which it creates first if nothing differed so far.
func (w *spaceWriter) write(b []byte) {
	if w.out == nil && w.err == nil {
		if w.file, w.err = w.draft.CreateOrigin(spaceName); w.err != nil {
			return
		}
		w.out, w.err = zstd.NewWriter(w.file, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(spaceWindow), zstd.WithLowerEncoderMem(true))
	}
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
}

// close completes the file, if there is one.
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

// errSpace is returned for bytes that no spaceWriter writes.
var errSpace = fmt.Errorf("%w: %s", ErrOrigin, spaceName)
