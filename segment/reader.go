package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/histlog/histlog/internal/size"
)

// A Record is one record as it was stored.
type Record struct {
	Seq   Sequence
	Text  []byte // compact JSON, without the LF, which stands behind it
	Start Offset
	Blank bool // a place kept for a record that was lost and repaired; Text is spaces
	Entry      // what the index holds about it
}

// Line returns the text with its LF, of a record that a Reader gave.
func (r Record) Line() []byte { return r.Text[:len(r.Text)+1] }

// A Reader reads the records of one segment by their sequences. It reads no
// further than the index goes: what lies beyond may still be taken back.
// Where a sealed segment's index is lost or torn it reads the text once and
// makes entries of its own, up to the last whole record; so it does for an
// active one that has no index. One goroutine uses it.
type Reader struct {
	segment Segment
	file    File // as it is stored
	text    textFile
	index   *indexFile         // nil: there is none
	made    *rebuiltEntries    // of the records behind those that the index holds; nil: none
	rebuilt map[Sequence]Entry // of some whose index entries have rotted
	marker  Marker
	memory  int64 // the largest record to hold; 0: any
	trailer *trailer
	reason  string // what is wrong with the index's header; "": nothing
	size    Offset // of the text when last looked at
	window  window
}

// window is a piece of the text that was read ahead.
type window struct {
	start Offset
	bytes []byte
}

// readAhead is how much text is read at once when records are smaller.
const readAhead = 256 << 10

// OpenReader opens a segment of the log for reading. The error is a
// *CorruptError where it is there but not readable as a segment of this log, or
// gone, and ErrRetired where retention took it since the log was listed.
func (l *Log) OpenReader(s Segment) (*Reader, error) {
	if s.Copy {
		return l.openAuthoritative(s)
	}
	return l.openFile(s)
}

// openFile is OpenReader of the file that s names, as long as it is there.
func (l *Log) openFile(s Segment) (*Reader, error) {
	r := &Reader{segment: s, marker: l.Marker, memory: l.Memory}
	var err error
	if r.text, r.file, err = l.openText(&r.segment); err != nil {
		return nil, err
	}
	if err := r.openIndex(l); err != nil {
		if d := frameDamage(err, r.segment, s.Base, 0); d != nil { // and no index says what it hides
			err = d
		}
		return nil, errors.Join(err, r.Close())
	}
	if !l.thorough && (r.index == nil || r.reason != "") { // nothing proves that the file is the log's
		if err := l.foreignDamage(s); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	if r.index == nil {
		//mutant:retire-an-index-that-went-is-made-anew
		if err := l.missingSegmentError(s); errors.Is(err, ErrRetired) {
			return nil, errors.Join(err, r.Close())
		}
	}
	return r, nil
}

func (r *Reader) openIndex(l *Log) (err error) {
	if r.index, r.reason, err = l.indexOf(r.segment); err != nil {
		return err
	}
	if err := r.Refresh(); err != nil || r.index == nil || r.index.count > 0 || r.reason == "" {
		return err
	}
	x := r.index
	r.index = nil
	return errors.Join(x.file.Close(), r.Refresh())
}

// makeEntries reads the text to stand in for an index, or the end of one.
func (r *Reader) makeEntries() error {
	var from Offset
	if r.index != nil && r.index.count > 0 {
		e, err := r.index.entry(r.index.count - 1)
		if err != nil {
			return err
		}
		from = e.End
	}
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	from = min(from, r.size)
	m := &rebuiltEntries{first: r.segment.Base + Sequence(r.indexed()), from: from, to: r.size, arrived: info.ModTime()}
	r.made = nil
	err = m.scan(r)
	r.made = m
	switch {
	case r.segment.Next == 0: // what follows the last whole record of the active segment may be a torn tail
		m.front = m.good
	case err == nil:
		places := uint64(r.segment.Next - r.segment.Base)
		//mutant:read-lines-are-not-numbered-from-both-ends
		m.number(places - min(r.indexed(), places))
	}
	return err
}

// Refresh sees the records that were written since the Reader was opened or
// refreshed last.
func (r *Reader) Refresh() error {
	r.window.bytes = r.window.bytes[:0]
	var err error
	if r.index != nil {
		before, err := r.text.size(-1)
		if err != nil {
			return err
		}
		if r.segment.Codec != Plain {
			before = -1
		}
		// What the index tells of was written before: the text is looked at second.
		if r.trailer, err = r.index.countEntries(before); err != nil {
			return err
		}
	}
	if r.size, err = r.text.size(r.trailer.length()); err != nil {
		return err
	}
	if r.index == nil {
		return r.makeEntries()
	}
	if !r.segment.Sealed && r.segment.Codec == Plain {
		return r.index.dropBeyond(r.size)
	}
	if r.segment.Sealed && r.trailer == nil && r.segment.Base+Sequence(r.index.count) < r.segment.Next {
		return r.makeEntries()
	}
	return nil
}

// Indexed says whether the segment has an index of its own.
func (r *Reader) Indexed() bool { return r.index != nil }

// Segment returns which segment is read.
func (r *Reader) Segment() Segment { return r.segment }

// ID returns the id that the index bears; zero without one.
func (r *Reader) ID() uuid.UUID {
	if r.index == nil {
		return uuid.UUID{}
	}
	return r.index.header.id
}

// Created returns when the segment was begun; zero without an index.
func (r *Reader) Created() time.Time {
	if r.index == nil {
		return time.Time{}
	}
	return r.index.header.created
}

// Count returns how many records can be seen.
func (r *Reader) Count() uint64 {
	return r.indexed() + r.made.count()
}

// indexed returns how many of these the index holds.
func (r *Reader) indexed() uint64 {
	if r.index == nil {
		return 0
	}
	return r.index.count
}

// Next returns the sequence after the last record that can be seen.
func (r *Reader) Next() Sequence { return r.segment.Base + Sequence(r.Count()) }

// Size returns the length of the text up to there.
func (r *Reader) Size() (Offset, error) {
	if r.Count() == 0 {
		return 0, nil
	}
	e, err := r.Entry(r.Next() - 1)
	return e.End, err
}

// Entry returns what the index holds about a record. Where that has rotted it
// is made from the text, flagged Rebuilt.
func (r *Reader) Entry(seq Sequence) (Entry, error) {
	e, err := r.indexEntry(seq)
	if !errors.Is(err, ErrCorrupt) || uint64(seq-r.segment.Base) >= r.indexed() {
		return e, r.asDamage(err, seq)
	}
	if made, ok := r.rebuilt[seq]; ok {
		return made, nil
	}
	return r.rebuildEntry(seq)
}

// remake makes the entry of a record whose index entry has rotted from the text, with
// those of the rotten entries around it: a page of the disk holds many.
func (r *Reader) rebuildEntry(seq Sequence) (made Entry, err error) {
	const ahead = 1024
	next, start, err := r.intactBefore(seq)
	if err != nil {
		return Entry{}, err
	}
	start = min(start, r.size)
	x, found := indexer{marker: &r.marker}, false
	_, err = eachLine(r.text, start, r.size, r.memory, func(l line) error {
		if _, err := r.indexEntry(next); next > seq && (next > seq+ahead || !errors.Is(err, ErrCorrupt)) {
			return errStop
		}
		e, _, err := x.entry(next, l, r.Created())
		if err != nil {
			return err
		}
		r.remember(next, e)
		if next == seq {
			made, found = e, true
		}
		next++
		return nil
	})
	switch d := frameDamage(err, r.segment, seq, start); {
	case found:
		return made, nil
	case d != nil:
		return Entry{}, d
	case err != nil:
		return Entry{}, err
	}
	return Entry{}, &CorruptError{Kind: KindIndex, Path: r.index.path, Seq: seq, Offset: start, Reason: "index entry's checksum differs, and no line stands there"}
}

// intactBefore returns the first record behind the last one before seq, or seq, whose
// entry is known, and where its line begins.
func (r *Reader) intactBefore(seq Sequence) (Sequence, Offset, error) {
	for ; seq > r.segment.Base; seq-- {
		if made, ok := r.rebuilt[seq-1]; ok {
			return seq, made.End, nil
		}
		e, err := r.indexEntry(seq - 1)
		if !errors.Is(err, ErrCorrupt) {
			return seq, e.End, err
		}
	}
	return seq, 0, nil
}

// inFrame makes damage of the error of a frame in which the line of seq stands.
func (r *Reader) asDamage(err error, seq Sequence) error {
	if d := frameDamage(err, r.segment, seq, 0); d != nil {
		return d
	}
	return err
}

// remember keeps an entry that was made anew: where many in a row have rotted,
// each is asked for again by the one behind it.
func (r *Reader) remember(seq Sequence, e Entry) {
	const most = 4096
	if r.rebuilt == nil || len(r.rebuilt) == most {
		r.rebuilt = map[Sequence]Entry{}
	}
	r.rebuilt[seq] = e
}

// indexEntry is Entry without a replacement for what has rotted.
func (r *Reader) indexEntry(seq Sequence) (Entry, error) {
	if seq < r.segment.Base || seq >= r.Next() {
		if r.segment.Sealed && seq >= r.segment.Base && seq < r.segment.Next {
			reason := "missing: the segment or its index ends before it, or a segment is gone"
			if last := r.segment.Next - 1; last > seq {
				reason = fmt.Sprintf("missing, and all up to %d: the segment or its index ends before them, or a segment is gone", last)
			}
			return Entry{}, &CorruptError{Path: r.segment.Path, Seq: seq, Offset: r.size, Reason: reason}
		}
		return Entry{}, fmt.Errorf("record %d: %w", seq, ErrNoRecord)
	}
	k := uint64(seq - r.segment.Base)
	if n := r.indexed(); k >= n {
		return r.made.entry(r, k-n)
	}
	return r.index.entry(k)
}

// start returns where a record begins: where the one before ends.
func (r *Reader) start(seq Sequence) (Offset, error) {
	if seq == r.segment.Base {
		return 0, nil
	}
	e, err := r.Entry(seq - 1)
	return e.End, err
}

// errStop ends a walk over lines early.
var errStop = errors.New("stop")

// Span returns the least and the greatest time of a sealed segment's records,
// from its trailer; ok is false without one.
func (r *Reader) Span() (least, greatest time.Time, ok bool) {
	if r.trailer == nil {
		return least, greatest, false
	}
	return time.Unix(0, r.trailer.MinTime), time.Unix(0, r.trailer.MaxTime), true
}

// Newest returns the greatest time that a record of a sealed segment bears, and
// when the last of them arrived, to the second, from its trailer. Either clock may
// have been wrong. ok is false without a trailer.
func (r *Reader) Newest() (own, arrived time.Time, ok bool) {
	if r.trailer == nil {
		return own, arrived, false
	}
	return time.Unix(0, r.trailer.MaxTime), time.Unix(int64(r.trailer.MaxArrival), 0), true
}

// Record reads a record and checks it against its checksum. Its text is the
// Reader's, good until the next call. A record that is damaged is a *CorruptError.
func (r *Reader) Record(seq Sequence) (Record, error) {
	e, err := r.Entry(seq)
	if err != nil {
		return Record{}, err
	}
	start, err := r.start(seq)
	if err != nil {
		return Record{}, err
	}
	damaged := func(reason string) error {
		return &CorruptError{Path: r.segment.Path, Seq: seq, Offset: start, Reason: reason}
	}
	switch {
	case e.End <= start || e.End-start > maxRecord+1:
		return Record{}, damaged("its index entry makes no sense")
	//mutant:read-a-records-length-is-believed-before-the-files
	case e.End > r.size: // before its length is believed: the file may have grown
		if err := r.Refresh(); err != nil {
			return Record{}, err
		}
		if e.End > r.size {
			return Record{}, damaged(fmt.Sprintf("the file ends at offset %d", r.size))
		}
	}
	if r.memory > 0 && int64(e.End-start) > r.memory+1 {
		return Record{}, fmt.Errorf("read %s: record %d, %s: %w", r.segment.Path, seq, size.Text(uint64(e.End-start-1)), ErrMemory)
	}
	text, err := r.read(start, e.End)
	if d := frameDamage(err, r.segment, seq, start); d != nil {
		return Record{}, d
	}
	if err != nil {
		return Record{}, fmt.Errorf("read %s: record %d: %w", r.segment.Path, seq, err)
	}
	//mutant:read-a-records-checksum
	if crc32.Checksum(text, castagnoli) != e.CRC {
		return Record{}, damaged("its checksum differs")
	}
	rec := Record{Seq: seq, Text: text[:len(text)-1], Start: start, Entry: e}
	rec.Blank = e.Flags&Lost != 0 && line{text: rec.Text}.blank()
	if e.Flags&Lost != 0 && !rec.Blank {
		return Record{}, damaged("not a record")
	}
	return rec, nil
}

// read returns the text [from, to), read ahead where records are small. What
// was read already is not read again.
func (r *Reader) read(from, to Offset) ([]byte, error) {
	v := &r.window
	if end := v.start + Offset(len(v.bytes)); from < v.start || to > end {
		kept := 0
		if from >= v.start && from < end {
			kept = copy(v.bytes, v.bytes[from-v.start:])
		}
		n := max(to-from, min(readAhead, r.size-from))
		if Offset(cap(v.bytes)) < n {
			grown := make([]byte, max(n, min(2*Offset(cap(v.bytes)), maxRecord)))
			copy(grown, v.bytes[:kept])
			v.bytes = grown
		}
		m, err := r.text.ReadAt(v.bytes[kept:n], int64(from)+int64(kept))
		v.start, v.bytes = from, v.bytes[:kept+m]
		if Offset(len(v.bytes)) < to-from { // else what was read ahead is of no concern yet
			v.bytes = v.bytes[:0]
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return v.bytes[from-v.start : to-v.start], nil
}

// Close closes the files.
func (r *Reader) Close() error {
	err := r.text.Close()
	if r.index != nil {
		err = errors.Join(err, r.index.file.Close())
	}
	return err
}
