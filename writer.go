package histlog

import (
	"context"

	"github.com/histlog/histlog/segment"
)

// A Writer appends records to a log and keeps other processes from writing it.
// Several goroutines may use it; values that they append at the same time share a write
// and a sync.
//
// After a failed sync, or when another program has changed the log, each call
// returns that first error: open a new Writer, which recovers the log. If the
// disk is full, no acknowledged record is lost, and the next call tries again.
type Writer struct{ w *segment.Writer }

// Create makes an empty log at dir, which must be missing or empty, and opens it. The
// error is ErrExists if the directory holds anything. While another process makes a log
// there, Create waits, until ctx ends.
func Create(ctx context.Context, dir string, o Options) (*Writer, error) {
	return wrap(segment.Create(ctx, dir, o.segment()))
}

// OpenWriter opens the log at dir for appending. If its last writer was killed it
// first recovers the log: every acknowledged record is kept, and an incomplete one is
// moved to quarantine/. The error is ErrNoLog if there is none, and ErrLocked, in a *LockedError that
// names the process, if another one writes it.
func OpenWriter(ctx context.Context, dir string, o Options) (*Writer, error) {
	return wrap(segment.OpenWriter(ctx, dir, o.segment()))
}

func (o Options) segment() segment.Options {
	return segment.Options{Settings: o.Settings, LockWait: o.Wait}
}

func wrap(w *segment.Writer, err error) (*Writer, error) {
	if err != nil {
		return nil, err
	}
	return &Writer{w}, nil
}

// Append appends one JSON value. When it returns nil the record is on disk and
// survives a power cut, unless the log's sync setting says otherwise: see
// Ack.Durable. The error is a *SyntaxError if value is not JSON, and ErrTooLarge if it
// is larger than the setting max-record. If ctx ends before the record is written,
// Append returns its error. value is the caller's again when Append returns.
func (w *Writer) Append(ctx context.Context, value []byte) (Ack, error) {
	return w.w.Append(ctx, value)
}

// AppendBatch appends values as consecutive records with one sync. If one of them is not
// JSON, nothing is written. After a crash or an error of the disk the log may have only
// the first of the values; AppendBatch returns their Acks together with the error.
func (w *Writer) AppendBatch(ctx context.Context, values [][]byte) ([]Ack, error) {
	return w.w.AppendBatch(ctx, values)
}

// Close makes all appended records durable and lets other processes write.
func (w *Writer) Close() error { return w.w.Close() }
