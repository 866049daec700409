package segment

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Options say how a log is opened. The zero value is safe: the machine's file
// system and clock, the log's own settings, no waiting for the lock.
type Options struct {
	FS       FS               // nil: OS{}
	Now      func() time.Time // nil: time.Now
	Settings Settings         // hold before the log's own while it is open
	LockWait time.Duration    // how long OpenWriter waits for another writer
	Command  string           // what LOCK says of this process; "": its arguments
	Machine  string           // and of where it runs; "": the host's name
	Compress Codec            // of a Draft: its full segments are stored so
	Memory   int64            // the largest record that is read while a log is recovered or repaired, in bytes; 0: any
	ID       uuid.UUID        // of upkeep: the log must have it; zero: any
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
	if o.Machine == "" {
		o.Machine, _ = os.Hostname() // without a name each writer probes the file system
	}
	return o
}

// An Ack is where a record stands.
type Ack struct {
	Seq       Sequence
	Time      time.Time
	Segment   string // file name
	Offset    Offset
	Bytes     int64 // compact, without the LF
	Durable   bool  // no power cut takes it back
	Duplicate bool  // Find found it
}

// A Writer appends records to a log, of which it holds the lock. Its methods
// may be called by several goroutines.
//
// After an error that leaves the disk in doubt (a failed fsync, another
// program in the segment) the Writer is poisoned: every later call returns
// that first error, and a new Writer recovers the log. A full disk does not
// poison: what was not acknowledged is taken back, and the next call tries again.
type Writer struct {
	fs           FS
	dir          string
	machine      string
	now          func() time.Time
	marker       Marker
	markerFile   markerFile
	overrides    Settings // of Options: they hold before the log's
	policy       Policy
	sharedPolicy atomic.Pointer[Policy] // the same, for those who do not hold mu
	mode         fs.FileMode            // of new files
	releaseLock  func() error
	lockInfo     lockInfo            // what LOCK says of this writer; without a token: nothing
	lockStart    []byte              // how LOCK began when that was written; nil: not known
	lockBuf      [lockStartSize]byte // how it begins now
	queue        queue
	openCtx      context.Context // of OpenWriter, which ends recovery
	maxMemory    int64           // the largest record that recovery may hold; 0: any

	mu             sync.Mutex
	active         *activeSegment
	buf            []byte     // records staged and not yet given to the kernel
	pending        []Entry    // of all records that the index has not
	acked          int        // how many of these are acknowledged, under SyncNone
	stagedEnd      Offset     // where the last of them ends
	waiters        []*request // whose records are pending, and who wait for their fate
	batchErr       error      // why records staged since the last commit were taken back: the next one's error
	err            error      // what poisoned the writer
	closed         bool
	sealedCount    int   // segments
	indexSyncTimer timer // of the index: it is never far behind on disk
	indexTimer     timer // of pending records, under SyncNone
	commitTimer    timer // of the commit that all records of an interval share
	recovery       Recovery
	tailSuspect    bool // recovery found records, never durable, that differ from their entries
}

// flushBytes is how much is staged before it is given to the kernel.
const flushBytes = 1 << 20

// indexSyncInterval is how far the index may be behind on disk.
const indexSyncInterval = time.Second

// Recovery says what opening found and mended.
func (w *Writer) Recovery() Recovery { return w.recovery }

// Policy returns the settings that the writer follows.
func (w *Writer) Policy() Policy { return *w.sharedPolicy.Load() }

// Sealed returns how many segments the writer has sealed.
func (w *Writer) Sealed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sealedCount
}

// NextSeq returns the sequence that the next record gets.
func (w *Writer) NextSeq() Sequence {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nextSeq()
}

func (w *Writer) nextSeq() Sequence { return w.active.nextSeq() + Sequence(len(w.pending)) }

func (w *Writer) usable() error {
	if w.closed {
		return ErrClosed
	}
	return w.err
}

// poison makes every later call return err. Nothing will be committed any more, not
// even by a timer, so whoever waits for a commit gets the error now.
func (w *Writer) poison(err error) error {
	w.err = err
	//mutant:append-those-who-wait-are-not-told-that-the-writer-is-poisoned
	w.answer(err)
	return err
}

// diskError says what could not be done to path, while the records since the
// last commit were at stake.
func (w *Writer) diskError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &DiskError{Op: op, Path: path, Seq: w.active.nextSeq() + Sequence(w.acked), Offset: w.active.ackedEnd, Err: err}
}

// checkIntact poisons unless the active segment is as this process left it, and LOCK
// too. That it could not be looked at is the disk's error, and no other program's.
func (w *Writer) checkIntact() error {
	err := w.active.checkIntact()
	if err == nil {
		//mutant:lock-anothers-lock-is-not-noticed
		err = w.checkOwner()
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrSecondWriter) {
		return w.poison(err)
	}
	if !errors.Is(err, ErrForeign) {
		err = w.diskError("look at", w.active.path, err)
	}
	return w.poison(err)
}

// timer runs something once, a while after it was first asked to.
type timer struct{ *time.Timer }

// after has fn called, under w.mu, unless that is to come already. An error of
// it poisons: the next call returns it.
func (w *Writer) after(t *timer, d time.Duration, fn func(*Writer) error) {
	if t.Timer != nil {
		return
	}
	t.Timer = time.AfterFunc(d, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		t.Timer = nil
		if w.usable() == nil {
			_ = fn(w)
		}
	})
}

func (t *timer) stop() {
	if t.Timer != nil {
		t.Stop()
	}
}

// Close commits what is staged, makes all of it durable, under SyncNone too, and
// gives up the lock.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	err := w.commit()
	if err == nil {
		err = w.syncAll()
	}
	w.closed = true
	for _, t := range []*timer{&w.indexSyncTimer, &w.indexTimer, &w.commitTimer} {
		t.stop()
	}
	//mutant:lock-lock-stays-when-a-poisoned-writer-is-closed
	w.clearLockInfo()
	return errors.Join(err, w.closeFiles())
}

// closeFiles closes whatever is open. A poisoned writer's index is not synced:
// its entries may claim what the disk does not hold.
func (w *Writer) closeFiles() error {
	var err error
	if a := w.active; a != nil {
		if w.err == nil {
			err = a.syncIndex()
		}
		err = errors.Join(err, a.close())
	}
	return errors.Join(err, w.releaseLock())
}
