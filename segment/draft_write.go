package segment

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// Write adds a record. compact must be valid compact JSON, which Write does not check;
// timeScalar is the scalar at its time field, or nil. Both may be reused afterwards.
// Nothing is durable before Flush or Publish.
func (d *Draft) Write(compact, timeScalar []byte) error {
	if most := d.w.policy.MaxRecord; int64(len(compact)) > most {
		return fmt.Errorf("%w: %d bytes, max-record is %d", ErrTooLarge, len(compact), most)
	}
	if d.err == nil {
		d.err = d.write(compact, timeScalar)
	}
	return d.err
}

func (d *Draft) write(compact, timeScalar []byte) (err error) {
	w := &d.w
	if d.bulk == nil {
		d.bulk = startBulk(d.compress)
		if d.batch, err = d.bulk.next(w.active); err != nil {
			return err
		}
	}
	//mutant:make-a-segment-rolls-at-exactly-segment-size
	if w.stagedEnd > 0 && int64(w.stagedEnd)+int64(len(compact))+1 > w.policy.SegmentSize {
		if err := d.roll(); err != nil {
			return err
		}
	}
	e := newEntry(w.stagedEnd+Offset(len(compact)+1), line{text: compact}.crc(), w.policy.timeOf(&w.times, timeScalar), w.marker.Created)
	e.Flags |= Durable
	w.stagedEnd = e.End
	d.filling.add(e)
	d.untimed += uint64(e.Flags & ClockTime / ClockTime)
	if err := errors.Join(d.add(compact), d.add([]byte{'\n'})); err != nil {
		return err
	}
	d.batch.entries = append(d.batch.entries, e)
	if len(d.batch.entries) >= batchEntries {
		return d.send() // the entries of very small records take more memory than their text
	}
	return nil
}

// add adds text to the batch and sends the batch whenever it is full.
func (d *Draft) add(text []byte) error {
	// Invariant: the batch holds at most flushBytes of text.
	for len(text) > 0 {
		room := flushBytes - len(d.batch.text)
		if room == 0 {
			if err := d.send(); err != nil {
				return err
			}
			continue
		}
		n := min(room, len(text))
		d.batch.text = append(d.batch.text, text[:n]...)
		text = text[n:]
	}
	return nil
}

// send passes the batch on to be written and takes an empty one.
func (d *Draft) send() (err error) {
	d.bulk.jobs <- d.batch
	d.batch, err = d.bulk.next(d.w.active)
	return err
}

// roll begins the next segment.
func (d *Draft) roll() error {
	w := &d.w
	base := w.active.header.base + Sequence(d.filling.Count)
	// Unlike in Writer.roll the next segment may get its name before this one is durable: after
	// a crash the directory is a draft.
	next, err := createActive(w.fs, w.dir, w.newHeader(base), w.mode)
	if err != nil {
		return &DiskError{Op: OpBegin, Path: filepath.Join(w.dir, textName(base)), Seq: base, Err: err}
	}
	d.batch.last = true
	w.active, w.stagedEnd = next, 0
	d.sum.Add(d.filling.total())
	d.filling = trailer{}
	return d.send()
}

// compress replaces a full segment, which is durable, with one in the draft's codec.
func (d *Draft) compress(a *activeSegment) error {
	//mutant:make-segments-are-not-compressed
	if d.codec == Plain {
		return nil
	}
	l := &Log{Dir: d.w.dir, Marker: d.w.marker, fs: d.w.fs}
	l.Marker.Requires = features() // publish writes those that the files have
	_, err := l.compressWithIndex(context.Background(), Segment{Base: a.header.base, Path: a.path, Sealed: true, Next: a.nextSeq()}, d.codec)
	return err
}

// finish waits until all batches are written and all full segments are durable.
func (d *Draft) finish() error {
	if d.bulk == nil {
		return nil
	}
	d.bulk.jobs <- d.batch
	err := d.bulk.wait()
	d.bulk, d.batch = nil, batch{}
	return err
}
