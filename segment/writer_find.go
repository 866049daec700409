package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// Find looks for a compact record behind the sequence after. It is for a producer
// that lost an acknowledgement and knows the one before it. Of several equal records
// Find returns the first. Staged records are committed first, and the record found
// is durable when Find returns, unless under SyncNone. If ctx ends, Find returns
// its error; the Writer stays usable.
//
// The error is ErrRetired if some of these records were retired, so that the answer
// is unknown, and ErrNoRecord if the log ends before after: another log gave that
// sequence.
func (w *Writer) Find(ctx context.Context, after Sequence, compact []byte) (ack Ack, found bool, err error) {
	w.lock()
	defer w.unlock()
	if err := w.commit(); err != nil {
		return Ack{}, false, err
	}
	// The segments are read as any reader reads them: by their indexes.
	if err := w.syncAll(); err != nil {
		return Ack{}, false, err
	}
	l, err := OpenContext(ctx, w.dir, w.fs)
	if err != nil {
		return Ack{}, false, err
	}
	// If the producer has seen the last acknowledgement, no segment is read.
	switch next := w.active.nextSeq(); {
	case after >= next:
		return Ack{}, false, fmt.Errorf("record %d: %w: the log ends with %d", after, ErrNoRecord, next-1)
	case after+1 == next:
		return Ack{}, false, nil
	}
	first, err := l.Find(after + 1)
	for i := first; err == nil && !found && i < len(l.Segments); i++ {
		ack, found, err = l.find(l.Segments[i], max(after+1, l.Segments[i].Base), compact)
	}
	ack.Durable = found && w.policy.Sync.Durable()
	return ack, found, err
}

// find looks for a record in one segment, from a sequence on. It skips damaged
// records: none of them is known to be the one looked for.
func (l *Log) find(s Segment, from Sequence, compact []byte) (ack Ack, found bool, err error) {
	r, err := l.OpenReader(s)
	if errors.Is(err, ErrCorrupt) {
		return Ack{}, false, nil
	}
	if err != nil {
		return Ack{}, false, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	sum := Checksum(compact)
	for seq := from; seq < r.Next(); seq++ {
		ack, found, err = r.holds(seq, compact, sum)
		if found || err != nil && !errors.Is(err, ErrCorrupt) {
			return ack, found, err
		}
	}
	return Ack{}, false, nil
}

// holds reports whether the record seq is this one. Checksum and length, which are in
// the index, are compared before the text is read.
func (r *Reader) holds(seq Sequence, compact []byte, sum uint32) (Ack, bool, error) {
	e, err := r.Entry(seq)
	if err != nil || e.CRC != sum {
		return Ack{}, false, err
	}
	start, err := r.start(seq)
	if err != nil || e.End-start != Offset(len(compact)+1) {
		return Ack{}, false, err
	}
	rec, err := r.Record(seq)
	if err != nil || !bytes.Equal(rec.Text, compact) {
		return Ack{}, false, err
	}
	return Ack{Seq: seq, Time: rec.Time, Segment: filepath.Base(r.segment.Path), Offset: start, Bytes: int64(len(compact)), Duplicate: true}, true, nil
}
