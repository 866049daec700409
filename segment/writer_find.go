package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// Find looks for a compact record among those with a sequence above after. It is for
// a producer that lost an acknowledgement and knows the previous one. Of several equal
// records Find returns the first. Find commits staged records first, and a record that
// it finds is durable, except under SyncNone. If ctx ends, Find returns its error; the
// Writer stays usable.
//
// The error is ErrRetired if a record above after was retired, so that the answer is
// unknown. It is ErrNoRecord if the log has no record after: that sequence comes from
// another log.
func (w *Writer) Find(ctx context.Context, after Sequence, compact []byte) (ack Ack, found bool, err error) {
	w.lock()
	defer w.unlock()
	if err := w.commit(); err != nil {
		return Ack{}, false, err
	}
	// A reader, as used below, sees only records that are indexed.
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
	if _, err := l.Find(after + 1); err != nil {
		return Ack{}, false, err
	}
	err = l.Each(after+1, func(s Segment, from Sequence) (err error) {
		if ack, found, err = l.find(s, from, compact); found && err == nil {
			err = errStop
		}
		return err
	})
	if err == errStop {
		err = nil
	}
	ack.Durable = found && w.policy.Sync.Durable()
	return ack, found, err
}

// find looks for a record in one segment, from a sequence on. It skips damaged records,
// because their text cannot be compared.
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

// holds reports whether the text of record seq is compact. It compares checksum and
// length, which are in the index, before it reads the text.
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
