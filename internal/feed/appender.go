// Package feed appends a stream of JSON values to a log and acknowledges each record
// once it is durable: the engine of the append command. It groups the values that are
// ready into one commit, gives the writer's lock to waiting writers, finds the record
// of a retried value, and starts the maintenance of the log as a child process.
package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/segment"
)

// Options of an Appender. The functions are called by the goroutine that calls Run.
type Options struct {
	segment.Options
	Accept      jsonscan.Options                        // what input is accepted; New sets MaxBytes and Capture
	Create      bool                                    // create the log if there is none
	Exclusive   bool                                    // hold the writer's lock from start to end
	RetryAfter  *segment.Sequence                       // the first value may already have been appended after this record; nil means that it was not
	NewSettings func(segment.Settings) segment.Settings // completes the settings of a log that is created
	Acknowledge func(segment.Ack) error                 // called for each record in order; an error ends Run
	OnZoneless  func()                                  // called if the first record of a created log has a time without a zone
	Warn        func(message string)
}

// An Appender appends to one log.
type Appender struct {
	dir     string
	options Options
	sync    segment.Sync

	writer  *segment.Writer // nil unless the lock is held
	created bool            // this Appender created the log; false again after its first record
	retry   *segment.Sequence
	waiting []segment.Ack // acknowledgements of records that are written and not yet committed
	bytes   int64         // size of these records
	count   uint64        // number of records appended or found
	outErr  error         // error of Acknowledge

	nextYield   time.Time    // when to check whether another writer waits
	sealed      int          // number of segments that writer had sealed when maintenance was last started
	maintenance <-chan error // result of the running child; nil means that none runs
}

// An AckError is returned if a record was appended but Acknowledge failed.
type AckError struct {
	Dir string
	Seq segment.Sequence
	Err error
}

func (e *AckError) Error() string {
	return fmt.Sprintf("append to %s: record %d is in the log, but its acknowledgement could not be written: %v", e.Dir, e.Seq, e.Err)
}

func (e *AckError) Unwrap() error { return e.Err }

// New returns an Appender to the log at dir. It fails if there is no log and none may
// be created.
func New(dir string, o Options) (*Appender, error) {
	a := &Appender{dir: dir, options: o, retry: o.RetryAfter}
	policy, err := a.policy()
	if err != nil {
		return nil, err
	}
	a.sync = policy.Sync
	a.options.Accept.MaxBytes, a.options.Accept.Capture = policy.MaxRecord, policy.TimeField
	return a, nil
}

// policy returns the policy under which the log is, or will be, written.
func (a *Appender) policy() (segment.Policy, error) {
	l, err := segment.Open(a.dir)
	defer func() { l.Close() }() // also after an error
	switch {
	case err == nil:
		return l.Marker.Settings.With(a.options.Settings).Policy()
	case a.options.Create && errors.Is(err, segment.ErrNoLog) && !isMigration(a.dir), errors.Is(err, segment.ErrCorrupt) && l.Marker.Format != "":
		return a.options.Settings.Policy()
	}
	return segment.Policy{}, err
}

// isMigration reports whether dir holds an incomplete migration. Only the next migrate
// may remove it.
func isMigration(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, filename.Origin))
	return err == nil
}

// Count returns the number of values that were appended, or found to be appended.
func (a *Appender) Count() uint64 { return a.count }

// Run appends the values of the files, one after another, until their end. The name -
// is standard input, as is an empty list.
func (a *Appender) Run(ctx context.Context, files []string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var err error
	if a.options.Exclusive {
		err = a.open(ctx)
	}
	if err == nil {
		err = a.feed(ctx, readValues(ctx, files, a.options.Accept))
	}
	if e := a.commit(); err == nil {
		err = e // otherwise e is the same error, or a consequence of it
	}
	if e := a.releaseLock(); err == nil {
		err = e
	}
	return err
}

// CreateEmpty creates the log, unless there is one, and appends nothing. created
// reports whether it was created.
func (a *Appender) CreateEmpty(ctx context.Context) (created bool, err error) {
	err = a.open(ctx)
	created = a.created
	return created, errors.Join(err, a.releaseLock())
}

// groupBytes is the size of records that is committed although more values are ready.
const groupBytes = 4 << 20

// feed appends values as they arrive. It takes the lock for a value and releases it
// when none has arrived for a while.
func (a *Appender) feed(ctx context.Context, values *valueStream) error {
	idle := time.NewTimer(idleTime)
	defer idle.Stop()
	var due <-chan time.Time // fires when the waiting records must be committed; nil under other policies than interval
	for a.outErr == nil {
		var v value
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-due:
			due = nil
			if err := a.commit(); err != nil {
				return err
			}
			continue
		case <-idle.C:
			if !a.options.Exclusive {
				due = nil
				if err := errors.Join(a.commit(), a.releaseLock()); err != nil {
					return err
				}
			}
			continue
		case v = <-values.next:
		}
		if v.err == io.EOF {
			return nil
		}
		if v.err != nil {
			return v.err
		}
		err := a.write(ctx, v)
		values.done <- v.text
		if err != nil {
			return err
		}
		idle.Reset(idleTime)
		switch delay := a.sync.CommitDelay(); {
		case delay > 0 && due == nil:
			due = time.After(delay)
		case delay > 0:
		case len(values.next) == 0 || a.bytes >= groupBytes:
			if err := a.commit(); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes one value, which then waits for the commit.
func (a *Appender) write(ctx context.Context, v value) error {
	if a.writer == nil {
		if err := a.open(ctx); err != nil {
			return err
		}
	}
	if a.created && a.isZoneless(v.time) {
		a.options.OnZoneless()
	}
	a.created = false
	if found, err := a.findDuplicate(ctx, v); found || err != nil {
		return err
	}
	ack, err := a.writer.Write(v.text, v.time)
	if err != nil {
		return a.failed(err)
	}
	a.count++
	a.waiting = append(a.waiting, ack)
	a.bytes += ack.Bytes
	return nil
}

// failed adds the log's directory to an error of the writer. A failure of the disk already
// names the operation and the file.
func (a *Appender) failed(err error) error {
	if disk := (*segment.DiskError)(nil); errors.As(err, &disk) {
		return err
	}
	return fmt.Errorf("append to %s: %w", a.dir, err)
}

// isZoneless reports whether the scalar at the time field is a time that names no zone.
func (a *Appender) isZoneless(scalar []byte) bool {
	times := recordtime.Parser{Format: a.writer.Policy().TimeFormat}
	return times.IsZoneless(scalar)
}

// commit makes the waiting records durable and acknowledges them.
func (a *Appender) commit() error {
	if a.writer == nil || a.outErr != nil || len(a.waiting) == 0 {
		return nil
	}
	acks := a.waiting
	a.waiting, a.bytes = a.waiting[:0], 0
	if err := a.writer.Commit(); err != nil {
		return a.failed(err)
	}
	durable := a.writer.Policy().Sync.Durable()
	for _, ack := range acks {
		ack.Durable = durable
		if err := a.acknowledge(ack); err != nil {
			return err
		}
	}
	a.startMaintenance()
	return a.yieldLock()
}

func (a *Appender) acknowledge(ack segment.Ack) error {
	if a.outErr = a.options.Acknowledge(ack); a.outErr != nil {
		return &AckError{a.dir, ack.Seq, a.outErr}
	}
	return nil
}
