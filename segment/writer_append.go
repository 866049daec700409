package segment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/histlog/histlog/internal/jsonscan"
)

// Append checks and compacts one JSON value and appends it as a record. It
// returns when the record is durable, or under SyncNone when the kernel has
// it. Calls that come together share one fsync; under SyncInterval all of an
// interval do. What is no JSON value is a *SyntaxError.
//
// value is the caller's again when Append returns. A ctx that ends takes the
// value back while it still waits for its turn; once the group is being
// written, Append waits for its fate, which it returns.
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

// AppendBatch appends values as records that follow each other, with one
// fsync. Nothing is written if one of them is no JSON value: the error, a
// *BatchError, says which. A batch is not atomic: a crash keeps a prefix of it,
// and an error of the disk too, whose acknowledgements are returned beside the
// error. Otherwise it is as Append.
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

// A BatchError says which value of a batch, from 0, is not to be had as a record.
type BatchError struct {
	Value int
	Err   error
}

func (e *BatchError) Error() string { return fmt.Sprintf("value %d of the batch: %v", e.Value, e.Err) }
func (e *BatchError) Unwrap() error { return e.Err }

// A request is one call's records on their way into the log.
type request struct {
	policy  Policy
	scan    jsonscan.Scanner
	buf     []byte
	records []record
	acks    []Ack
	good    int   // how many records are in the log
	err     error // why the others are not
	turn    chan turn
}

// A record is what a request's buffer holds from one place to another.
type record struct {
	from, to int
	time     stamp
}

// maxPooledBuffer is how large a request's buffer may be to be used again.
const maxPooledBuffer = 4 << 20

var requests = sync.Pool{New: func() any { return &request{turn: make(chan turn, 1)} }}

func (w *Writer) newRequest() *request {
	r := requests.Get().(*request)
	r.policy, r.good, r.err = w.Policy(), 0, nil
	r.buf, r.records, r.acks = r.buf[:0], r.records[:0], r.acks[:0]
	if cap(r.buf) > maxPooledBuffer {
		r.buf = nil
	}
	return r
}

// read adds one value.
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
	if _, err := s.Peek(); err != io.EOF {
		return &SyntaxError{Offset: s.Offset(), Reason: "more than one value", Cause: ErrInvalid}
	}
	r.records = append(r.records, record{from, len(r.buf), timeOf(s.Captured(r.buf), r.policy.TimeZone)})
	return nil
}

// submit puts r in the log, or finds out why it can't be.
func (w *Writer) submit(ctx context.Context, r *request) {
	if !w.queue.join(r) && w.queue.wait(ctx, r) == answered {
		return
	}
	group := w.queue.take()
	w.mu.Lock()
	for _, r := range group {
		w.stageRequest(r)
	}
	switch {
	case len(w.waiters) == 0: // all were told already
		w.batchErr = nil
	case w.policy.Sync.Mode == SyncInterval:
		w.after(&w.commitTimer, w.policy.Sync.Interval, (*Writer).commit)
	default:
		_ = w.commit() // which tells them
	}
	w.mu.Unlock()
	w.queue.wakeNext()
	<-r.turn
}

// stageRequest stages the records of r and has it wait for the commit.
func (w *Writer) stageRequest(r *request) {
	w.waiters = append(w.waiters, r)
	for _, x := range r.records {
		ack, err := w.stage(r.buf[x.from:x.to], x.time)
		if err == nil {
			r.acks = append(r.acks, ack)
			continue
		}
		if w.batchErr == nil && slices.Contains(w.waiters, r) { // of this record alone
			w.waiters = w.waiters[:len(w.waiters)-1]
			r.reply(err)
		}
		return
	}
}

// answer tells those who wait what became of their records. A request that was
// told may be in other hands.
func (w *Writer) answer(err error) {
	waiting := w.waiters
	w.waiters = w.waiters[:0]
	for _, r := range waiting {
		if err == nil {
			for i := range r.acks {
				r.acks[i].Durable = w.policy.Sync.Mode != SyncNone
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
