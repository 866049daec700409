package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
)

// Options say how a log is opened. The zero value is safe: the machine's file
// system and clock, the log's own settings, no waiting for the lock.
type Options struct {
	FS       FS               // nil: OS{}
	Now      func() time.Time // nil: time.Now
	Settings Settings         // hold before the log's own while it is open
	LockWait time.Duration    // how long OpenWriter waits for another writer
	Command  string           // what LOCK says of this process; "": its arguments
}

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = OS{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Command == "" {
		o.Command = filepath.Base(os.Args[0]) + " " + strings.Join(os.Args[1:], " ")
	}
	return o
}

// An Ack is where a record stands. Durable says that no power cut takes it back.
type Ack struct {
	Seq     Sequence
	Time    time.Time
	Segment string // file name
	Offset  Offset
	Bytes   int64 // compact, without the LF
	Durable bool
}

// A Writer appends records to a log, of which it holds the lock. Its methods
// may be called by several goroutines.
//
// After an error that leaves the disk in doubt (a failed fsync, another
// program in the segment) the Writer is poisoned: every later call returns
// that first error, and a new Writer recovers the log. A full disk does not
// poison: what was not acknowledged is taken back, and the next call tries again.
type Writer struct {
	fs       FS
	dir      string
	now      func() time.Time
	marker   Marker
	settings Settings // of Options: they hold before the log's
	policy   Policy
	mode     fs.FileMode // of new files
	unlock   func() error

	mu       sync.Mutex
	active   *active
	lines    []byte  // records staged and not yet given to the kernel
	pending  []Entry // of all records since the last commit
	staged   Offset  // where the last of them ends
	failed   error   // why records staged since the last commit were taken back: the next one's error
	err      error   // what poisoned the writer
	closed   bool
	behind   *time.Timer // syncs the index at most indexDelay behind
	recovery Recovery
	spoiled  bool // recovery found records, never durable, that differ from their entries
	scratch  []byte
}

// flushBytes is how much is staged before it is given to the kernel.
const flushBytes = 1 << 20

// indexDelay is how far the index may be behind on disk.
const indexDelay = time.Second

// Recovery says what opening found and mended.
func (w *Writer) Recovery() Recovery { return w.recovery }

// Policy returns the settings that the writer follows.
func (w *Writer) Policy() Policy { return w.policy }

// NextSeq returns the sequence that the next record gets.
func (w *Writer) NextSeq() Sequence {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.active.next() + Sequence(len(w.pending))
}

// Append checks and compacts one JSON value and appends it: Write, then Commit.
// value is not kept. What is no JSON value is a *jsonscan.SyntaxError.
func (w *Writer) Append(value []byte) (Ack, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return Ack{}, err
	}
	s := jsonscan.NewBytes(value, jsonscan.Options{MaxBytes: w.policy.MaxRecord, Capture: w.policy.TimeField})
	text, err := s.Value(w.scratch[:0])
	w.scratch = text
	if err == io.EOF {
		err = &jsonscan.SyntaxError{Reason: "no value", Cause: jsonscan.ErrCut}
	}
	if errors.Is(err, jsonscan.ErrTooLarge) {
		err = fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	if err != nil {
		return Ack{}, err
	}
	if _, err := s.Peek(); err != io.EOF {
		return Ack{}, &jsonscan.SyntaxError{Offset: s.Offset(), Reason: "more than one value", Cause: jsonscan.ErrInvalid}
	}
	ack, err := w.write(text, s.Captured(text))
	if err == nil {
		err = w.commit()
	}
	ack.Durable = err == nil && w.policy.Sync.Mode != SyncNone
	return ack, err
}

// Write stages one compact record, as jsonscan.Scanner made it, with the scalar
// at its time field or nil. Neither slice is kept. The record is nobody's until
// Commit returns nil, and the Ack counts from then on; its Durable is false. A
// Write that fails on the disk takes the whole group back: Commit says so.
func (w *Writer) Write(compact, timeScalar []byte) (Ack, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.write(compact, timeScalar)
}

func (w *Writer) write(compact, timeScalar []byte) (Ack, error) {
	if err := w.usable(); err != nil {
		return Ack{}, err
	}
	if int64(len(compact)) > w.policy.MaxRecord {
		return Ack{}, fmt.Errorf("%w: %d bytes, max-record is %d", ErrTooLarge, len(compact), w.policy.MaxRecord)
	}
	now := w.now()
	if w.full(len(compact)+1, now) {
		if err := w.commit(); err != nil {
			return Ack{}, err
		}
		if err := w.roll(); err != nil {
			return Ack{}, err
		}
	}
	from := len(w.lines)
	w.lines = append(append(w.lines, compact...), '\n')
	e := w.entry(w.staged+Offset(len(compact)+1), crc32.Checksum(w.lines[from:], castagnoli), timeScalar, now)
	ack := Ack{
		Seq: w.active.next() + Sequence(len(w.pending)), Time: e.Time, Segment: filepath.Base(w.active.path),
		Offset: w.staged, Bytes: int64(len(compact)),
	}
	w.staged = e.End
	w.pending = append(w.pending, e)
	if len(w.lines) >= flushBytes {
		return ack, w.flush()
	}
	return ack, nil
}

func (w *Writer) usable() error {
	if w.closed {
		return ErrClosed
	}
	return w.err
}

// full says whether a record of n bytes with its LF belongs into the next segment.
func (w *Writer) full(n int, now time.Time) bool {
	return w.staged > 0 && (int64(w.staged)+int64(n) > w.policy.SegmentSize || now.Sub(w.active.header.created) >= w.policy.SegmentAge)
}

// entry makes the index entry of a record.
func (w *Writer) entry(end Offset, crc uint32, timeScalar []byte, now time.Time) Entry {
	return newEntry(end, crc, timeScalar, w.policy.TimeZone, now)
}

func newEntry(end Offset, crc uint32, timeScalar []byte, zone *time.Location, now time.Time) Entry {
	e := Entry{End: end, Arrived: now, CRC: crc, Time: now, Flags: ClockTime}
	if t, ok := ParseTime(timeScalar, zone); ok {
		e.Time, e.Flags = t, 0
	}
	return e
}

// admitLazy notes in the index, durably and before the first such record, that
// records are written whose order on disk nothing ensures: the second of a
// group may be there without the first.
func (w *Writer) admitLazy() error {
	if w.policy.Sync.Mode == SyncAlways && len(w.pending) == 1 {
		return nil
	}
	return w.flag(headerLazy)
}

// flag sets a flag in the active index's header, durably.
func (w *Writer) flag(f headerFlags) error {
	a := w.active
	if a.header.flags&f != 0 {
		return nil
	}
	h := a.header
	h.flags |= f
	if _, err := a.index.WriteAt(h.encode(), 0); err != nil {
		return fmt.Errorf("index %s: %w", a.indexPath, err)
	}
	if err := a.index.Sync(); err != nil {
		return w.poison(fmt.Errorf("sync %s: %w", a.indexPath, err))
	}
	a.header = h
	return nil
}

// flush gives the staged records to the kernel.
func (w *Writer) flush() error {
	if len(w.lines) == 0 {
		return nil
	}
	if err := w.active.intact(); err != nil {
		return w.poison(err)
	}
	if err := w.admitLazy(); err != nil {
		if w.err != nil {
			return err
		}
		return w.takeBack(err)
	}
	if err := w.active.write(w.lines); err != nil {
		return w.takeBack(fmt.Errorf("append to %s at offset %d: %w", w.active.path, w.active.written, err))
	}
	w.lines = w.lines[:0]
	if cap(w.lines) > 4*flushBytes {
		w.lines = nil
	}
	return nil
}

// Commit makes all that was staged a part of the log, under the sync policy:
// durable when it returns, or with SyncNone handed to the kernel. On an error
// none of it is acknowledged, and what can be is taken back.
func (w *Writer) Commit() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.commit()
}

func (w *Writer) commit() error {
	if err := w.usable(); err != nil {
		return err
	}
	if err := w.failed; err != nil {
		w.failed = nil
		return err
	}
	if err := w.flush(); err != nil {
		w.failed = nil
		return err
	}
	if len(w.pending) == 0 {
		return nil
	}
	a := w.active
	if w.policy.Sync.Mode != SyncNone {
		if err := a.file.Datasync(); err != nil {
			return w.poison(fmt.Errorf("sync %s: %w", a.path, err))
		}
		for i := range w.pending {
			w.pending[i].Flags |= Durable
		}
	}
	if err := a.intact(); err != nil {
		return w.poison(err)
	}
	if err := a.enter(w.pending); err != nil {
		err = fmt.Errorf("index %s: %w", a.indexPath, err)
		if errors.Is(err, errIndexTorn) {
			return w.poison(err)
		}
		err = w.takeBack(err)
		w.failed = nil
		return err
	}
	w.pending = w.pending[:0]
	w.syncIndexSoon()
	return nil
}

// Rollback takes back all that was staged since the last Commit.
func (w *Writer) Rollback() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	err := w.takeBack(nil)
	w.failed = nil
	return err
}

// takeBack removes what was staged since the last commit, because of err.
func (w *Writer) takeBack(err error) error {
	w.lines, w.pending, w.staged, w.failed = w.lines[:0], w.pending[:0], w.active.end, err
	if e := w.active.takeBack(); e != nil {
		return w.poison(errors.Join(err, e))
	}
	return err
}

// poison ends the writer's life because of err.
func (w *Writer) poison(err error) error {
	w.err = err
	return err
}

// syncIndexSoon sees to it that the index is never far behind on disk.
func (w *Writer) syncIndexSoon() {
	if w.behind != nil {
		return
	}
	w.behind = time.AfterFunc(indexDelay, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.behind = nil
		if w.usable() != nil {
			return
		}
		if err := w.active.syncIndex(); err != nil {
			_ = w.poison(fmt.Errorf("sync %s: %w", w.active.indexPath, err)) // the next call returns it
		}
	})
}

// Close commits what is staged, makes the index durable and gives up the lock.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	err := w.commit()
	w.closed = true
	if w.behind != nil {
		w.behind.Stop()
	}
	if w.err == nil {
		announce(w.fs, w.dir, nil, w.mode)
	}
	return errors.Join(err, w.release())
}

// release closes whatever is open. A poisoned writer's index is not synced:
// its entries may claim what the disk does not hold.
func (w *Writer) release() error {
	var err error
	if a := w.active; a != nil {
		if w.err == nil {
			err = a.syncIndex()
		}
		err = errors.Join(err, a.close())
	}
	return errors.Join(err, w.unlock())
}
