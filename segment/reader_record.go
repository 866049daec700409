package segment

import (
	"fmt"
	"hash/crc32"
	"io"

	"github.com/histlog/histlog/internal/size"
)

// A Record is one record as it was stored.
type Record struct {
	Seq   Sequence
	Text  []byte // compact JSON without its LF, which follows in the same array
	Start Offset // where Text begins in the plain text of the segment
	Blank bool   // the record was lost and Repair kept its place: Text is spaces
	Entry        // the record's index entry
}

// Line returns the text with its LF. The record must come from a Reader.
func (r Record) Line() []byte { return r.Text[:len(r.Text)+1] }

// A window is a piece of the text that was read ahead.
type window struct {
	start Offset
	bytes []byte
}

// readAhead is how much text is read at once if records are smaller.
const readAhead = 256 << 10

// Record reads a record and compares it with its checksum. The text belongs to the
// Reader and is valid until the next call. The error is a *CorruptError if the record
// is damaged.
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
	//mutant:read-a-records-length-is-not-compared-with-the-file
	case e.End > r.size: // the file may have grown; otherwise the length must not be believed
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
		return Record{}, r.readError(seq, start, err)
	}
	//mutant:read-a-records-checksum-is-not-compared
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

// readError returns the error for a record whose text could not be read: a *DiskError
// if a call of the file system failed.
func (r *Reader) readError(seq Sequence, at Offset, err error) error {
	if disk, ok := asDiskError(OpRead, r.segment.Path, err).(*DiskError); ok {
		disk.Seq, disk.Offset = seq, at
		return disk
	}
	return fmt.Errorf("read %s: record %d: %w", r.segment.Path, seq, err)
}

// read returns the text [from, to). It reads ahead where records are small, and keeps
// the part of the window that it still needs instead of reading it again.
func (r *Reader) read(from, to Offset) ([]byte, error) {
	v := &r.window
	end := v.start + Offset(len(v.bytes))
	if from >= v.start && to <= end {
		return v.bytes[from-v.start : to-v.start], nil
	}
	kept := 0
	if from >= v.start && from < end {
		kept = copy(v.bytes, v.bytes[from-v.start:])
	}
	// The window grows by doubling, up to the largest record: a log of growing records does
	// not allocate for each.
	n := max(to-from, min(readAhead, r.size-from))
	if Offset(cap(v.bytes)) < n {
		grown := make([]byte, max(n, min(2*Offset(cap(v.bytes)), maxRecord)))
		copy(grown, v.bytes[:kept])
		v.bytes = grown
	}
	m, err := r.text.ReadAt(v.bytes[kept:n], int64(from)+int64(kept))
	v.start, v.bytes = from, v.bytes[:kept+m]
	if Offset(len(v.bytes)) < to-from { // otherwise an error concerns only the bytes after the record
		v.bytes = v.bytes[:0]
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return v.bytes[:to-from], nil
}
