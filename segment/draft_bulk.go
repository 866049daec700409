package segment

import (
	"errors"
	"sync/atomic"
)

// A batch is a piece of a segment's text on its way to the disk.
type batch struct {
	active  *activeSegment
	text    []byte  // the next bytes of the segment
	entries []Entry // entries of records that end in this batch or an earlier one
	last    bool    // the segment is full after this batch
}

// batchEntries is the maximum number of entries in a batch.
const batchEntries = 16 << 10

// batches is the number of batches: one is being filled, one is being written, and one
// waits in between.
const batches = 3

// bulk writes a draft's batches, in order, on a goroutine of its own, and makes full
// segments durable on another, while the caller fills the next batch.
type bulk struct {
	jobs  chan batch                 // batches to write
	free  chan batch                 // batches to fill
	full  chan *activeSegment        // full segments to make durable
	fault atomic.Pointer[error]      // the first error
	done  chan struct{}              // closed when both goroutines have ended
	after func(*activeSegment) error // called with each full segment once it is durable and closed
}

func startBulk(after func(*activeSegment) error) *bulk {
	b := &bulk{after: after, jobs: make(chan batch, batches), free: make(chan batch, batches), full: make(chan *activeSegment), done: make(chan struct{})}
	for range batches {
		b.free <- batch{}
	}
	go b.writeAll()
	go b.sealAll()
	return b
}

// next returns a batch to fill, or the first error of an earlier batch.
func (b *bulk) next(a *activeSegment) (batch, error) {
	j := <-b.free
	j.active, j.text, j.entries, j.last = a, j.text[:0], j.entries[:0], false
	return j, b.failed()
}

func (b *bulk) failed() error {
	if e := b.fault.Load(); e != nil {
		return *e
	}
	return nil
}

func (b *bulk) fail(err error) { b.fault.CompareAndSwap(nil, &err) }

// wait returns when all batches are written and full segments are durable.
func (b *bulk) wait() error {
	close(b.jobs)
	<-b.done
	return b.failed()
}

func (b *bulk) writeAll() {
	for j := range b.jobs {
		// After an error the batches are still received and returned to free: otherwise the
		// producer would wait forever.
		if b.failed() == nil {
			if err := j.write(); err != nil {
				b.fail(err)
			}
		}
		if j.last {
			b.full <- j.active
		}
		b.free <- j
	}
	close(b.full)
}

func (b *bulk) sealAll() {
	for a := range b.full {
		err := b.failed()
		if err == nil {
			// The text is synced first, because after compresses it and deletes it: without
			// the sync the compressed file could hold bytes that never reached the disk. The
			// trailer and the index follow. HISTLOG is published after all of them.
			//mutant:make-compressed-before-the-text-is-durable
			//mutant:make-full-segments-are-not-synced
			if err = a.file.Sync(); err == nil {
				err = a.writeTrailer()
			}
			if err == nil {
				//mutant:make-full-indexes-are-not-synced
				err = a.syncIndex()
			}
		}
		if err = errors.Join(err, a.close()); err == nil {
			err = b.after(a)
		}
		if err != nil {
			b.fail(&DiskError{Op: OpSeal, Path: a.path, Err: err})
		}
	}
	close(b.done)
}

// write writes the batch's text, starts its writeback, and writes its index entries.
func (j *batch) write() error {
	a, from := j.active, j.active.writtenEnd
	if err := a.write(j.text); err != nil {
		return &DiskError{Op: OpAppend, Path: a.path, Seq: a.nextSeq(), Offset: from, Err: err}
	}
	if f, ok := a.file.(writebacker); ok {
		f.Writeback(int64(from), int64(len(j.text)))
	}
	if len(j.entries) == 0 {
		return nil
	}
	if err := a.writeEntries(j.entries); err != nil {
		return &DiskError{Op: OpIndex, Path: a.indexPath, Err: err}
	}
	return nil
}

// writebacker is a File that can begin to write a range to disk early.
type writebacker interface{ Writeback(from, n int64) }
