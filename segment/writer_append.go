package segment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/recordtime"
)

// Append checks and compacts one JSON value and appends it as a record. When
// Append returns, the record is durable, or under SyncNone written to the
// file. Concurrent calls share one fsync; under SyncInterval all calls of an
// interval do, and each waits for its end. Append does not keep value.
//
// The error is a *SyntaxError if value is not one JSON value, ErrTooLarge if it
// exceeds max-record, and a *DiskError if the disk fails; the record is then not
// part of the log. If ctx ends before the record's group is written, the record is
// withdrawn and ctx.Err() is returned. After that, Append waits for the outcome and
// ignores ctx.
func (w *Writer) Append(ctx context.Context, value []byte) (Ack, error) {
	r := w.newRequest()
	defer requests.Put(r)
	if err := r.read(value); err != nil {
		return Ack{}, err
	}
	w.submit(ctx, r)
	if r.err != nil {
		return Ack{}, r.err
	}
	return r.acks[0], nil
}

// AppendBatch appends values as consecutive records with one fsync, as Append does
// one value. If a value is rejected, nothing is written and the error is a
// *BatchError.
//
// A batch is not atomic: after a crash the log holds a prefix of it. After an error
// of the disk AppendBatch returns the acknowledgements of the prefix that is
// stored, beside the error.
func (w *Writer) AppendBatch(ctx context.Context, values [][]byte) ([]Ack, error) {
	if len(values) == 0 {
		return nil, nil
	}
	r := w.newRequest()
	defer requests.Put(r)
	for i, value := range values {
		if err := r.read(value); err != nil {
			return nil, &BatchError{Value: i, Err: err}
		}
	}
	w.submit(ctx, r)
	return slices.Clone(r.acks[:r.good]), r.err
}

// A BatchError reports the first value of a batch that was rejected.
type BatchError struct {
	Value int   // zero-based index in the batch
	Err   error // as Append returns it for the value alone
}

func (e *BatchError) Error() string { return fmt.Sprintf("value %d of the batch: %v", e.Value, e.Err) }
func (e *BatchError) Unwrap() error { return e.Err }

// A request is the records of one call to Append or AppendBatch.
type request struct {
	policy  Policy            // limits and time field when the call began
	times   recordtime.Parser // of this request alone: requests are read concurrently
	scan    jsonscan.Scanner
	buf     []byte   // compact values, one after another
	records []record // their places in buf
	acks    []Ack    // acknowledgements of the staged records
	good    int      // acks[:good] are acknowledged
	err     error    // why the other records are not acknowledged
	turn    chan turn
}

// A record is one value of a request: buf[from:to].
type record struct {
	from, to int
	time     stamp
}

// maxPooledBuffer is the maximum capacity of a request's buffer that is reused.
const maxPooledBuffer = 4 << 20

var requests = sync.Pool{New: func() any { return &request{turn: make(chan turn, 1)} }}

func (w *Writer) newRequest() *request {
	r := requests.Get().(*request)
	r.policy, r.good, r.err = w.Policy(), 0, nil
	r.buf, r.records, r.acks = r.buf[:0], r.records[:0], r.acks[:0]
	// One huge record must not stay in memory for the life of the process.
	if cap(r.buf) > maxPooledBuffer {
		r.buf = nil
	}
	return r
}

// read checks and compacts one value and adds it to the request.
func (r *request) read(value []byte) (err error) {
	from := len(r.buf)
	s := &r.scan
	s.Reset(value, jsonscan.Options{MaxBytes: r.policy.MaxRecord, Capture: r.policy.TimeField})
	r.buf, err = s.Value(r.buf)
	switch {
	case err == io.EOF:
		return &SyntaxError{Reason: "no value", Cause: ErrCut}
	case errors.Is(err, jsonscan.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case err != nil:
		return err
	}
	// A second value would be a record without a sequence of its own.
	if _, err := s.Peek(); err != io.EOF {
		return &SyntaxError{Offset: s.Offset(), Reason: "more than one value", Cause: ErrInvalid}
	}
	r.records = append(r.records, record{from, len(r.buf), r.policy.timeOf(&r.times, s.Captured(r.buf))})
	return nil
}

// submit appends the records of r, alone or with a group. When it returns, r.acks,
// r.good and r.err hold the outcome.
func (w *Writer) submit(ctx context.Context, r *request) {
	if !w.queue.join(r) && w.queue.wait(ctx, r) == answered {
		return
	}
	w.commitGroup(w.queue.take())
	w.queue.wakeNext()
	<-r.turn // the leader is answered like the others of its group
}

// commitGroup stages the requests of a group and commits them, or under SyncInterval
// schedules the commit.
func (w *Writer) commitGroup(group []*request) {
	w.lock()
	defer w.unlock()
	for _, r := range group {
		w.stageRequest(r)
	}
	switch delay := w.policy.Sync.CommitDelay(); {
	case len(w.waiters) == 0:
		// Every request has its error already, so batchErr must not fail the
		// next commit too.
		w.batchErr = nil
	case delay > 0:
		w.after(&w.commitTimer, delay, (*Writer).commit)
	default:
		_ = w.commit() // answers the requests
	}
}

// stageRequest stages the records of r, which then waits for the commit. If the
// segment is full in between, the records before that are committed and the next
// segment begins. w.mu must be held.
func (w *Writer) stageRequest(r *request) {
	w.waiters = append(w.waiters, r)
	for _, x := range r.records {
		ack, err := w.stage(r.buf[x.from:x.to], x.time)
		if err == nil {
			r.acks = append(r.acks, ack)
			continue
		}
		// Without batchErr the error concerns this record alone, and r, if no commit
		// has answered it, is the last of the waiters. With batchErr the next commit
		// answers the whole group with it.
		if w.batchErr == nil && slices.Contains(w.waiters, r) {
			w.waiters = w.waiters[:len(w.waiters)-1]
			r.reply(err)
		}
		return
	}
}

// answer delivers the result of a commit to the waiters. A request whose records
// are not all staged waits on. An answered request must not be touched any more: its
// owner may have reused it. w.mu must be held.
func (w *Writer) answer(err error) {
	waiters := w.waiters
	w.waiters = w.waiters[:0]
	for _, r := range waiters {
		if err == nil {
			for i := range r.acks {
				r.acks[i].Durable = w.policy.Sync.Durable()
			}
			r.good = len(r.acks)
		}
		if err != nil || r.good == len(r.records) {
			r.reply(err)
		} else {
			w.waiters = append(w.waiters, r)
		}
	}
}

func (r *request) reply(err error) {
	r.err = err
	r.turn <- answered
}
