package segment

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/histlog/histlog/internal/recordtime"
)

// An Ack is the acknowledgement of one record: its sequence and where it is stored.
type Ack struct {
	Seq       Sequence
	Time      time.Time // the time at the record's time field, or else when it arrived
	Segment   string    // file name of the segment, without a directory
	Offset    Offset    // where the record begins in the segment's plain text
	Bytes     int64     // length of the compact record, without the LF
	Durable   bool      // the record survives a power cut
	Duplicate bool      // Find found the record; nothing was appended
}

// A Writer appends records to a log whose writer's lock it holds. Its methods
// may be called by several goroutines at the same time.
//
// A full disk rolls back the records that are not yet acknowledged; the next
// call tries again. After an error that leaves the state of the disk in doubt
// (a failed fsync, another program in the segment) the Writer is poisoned: it
// writes nothing more and every later call returns that first error. Close it
// and open a new Writer, which recovers the log.
type Writer struct {
	fs           FS
	dir          string
	machine      string
	now          func() time.Time
	markerFile   markerFile
	overrides    Settings               // from Options; they take precedence over the log's settings
	sharedPolicy atomic.Pointer[Policy] // copy of policy that is read without mu
	releaseLock  func() error           // gives up the writer's lock
	lockInfo     lockInfo               // what this Writer wrote to LOCK; no token means nothing
	lockStart    []byte                 // first bytes of LOCK as this Writer wrote it; nil means unknown
	lockBuf      [lockStartSize]byte    // for reading LOCK without allocating
	queue        queue
	openCtx      context.Context // the context of OpenWriter; recovery stops when it ends
	maxMemory    int64           // maximum bytes of a record that recovery reads; 0 means no limit
	recovery     Recovery        // set by OpenWriter
	tailSuspect  bool            // recovery found records, never durable, that differ from their entries

	// mu guards the fields below. Whenever it is released, and the Writer is
	// neither poisoned nor closed, these ends are in order:
	//
	//	active.indexedEnd ≤ active.ackedEnd ≤ active.writtenEnd ≤ stagedEnd
	//
	// A record is staged by a call, written to the file, acknowledged, and
	// indexed: under SyncAlways and SyncInterval the last two come together,
	// after the sync; under SyncNone the index follows later. checkInvariants
	// checks this, and what the fields say, in builds with the tag
	// histlog_invariants.
	mu        sync.Mutex
	marker    Marker            // HISTLOG as it was when the active segment began
	policy    Policy            // the settings of marker with overrides
	times     recordtime.Parser // of the records that are staged one by one
	mode      fs.FileMode       // mode of new files
	active    *activeSegment
	buf       []byte     // text of [active.writtenEnd, stagedEnd)
	stagedEnd Offset     // end of the last staged record
	pending   []Entry    // entries of the records in [active.indexedEnd, stagedEnd)
	acked     int        // the first acked of pending are acknowledged; 0 unless SyncNone
	waiters   []*request // staged and not yet answered; commitTimer will

	// batchErr is why the records staged since the last commit were rolled back.
	// Disk and Writer agree; the next commit returns batchErr and clears it. err
	// poisons the Writer: it is unknown what the disk holds. err is never cleared,
	// and nothing is written any more, not even to roll back.
	batchErr error
	err      error

	closed         bool
	sealedCount    int   // segments sealed by this Writer
	commitTimer    timer // commits the records of an interval, under SyncInterval
	indexTimer     timer // writes the entries of pending, under SyncNone
	indexSyncTimer timer // syncs the index
}

const (
	// flushBytes is how many bytes are staged before they are written to the file.
	flushBytes = 1 << 20
	// indexSyncInterval is how long an index entry may stay unsynced.
	indexSyncInterval = time.Second
)

// lock acquires w.mu.
func (w *Writer) lock() { w.mu.Lock() }

// unlock checks the Writer's invariants, under the build tag, and releases w.mu.
func (w *Writer) unlock() {
	checkInvariants(w)
	w.mu.Unlock()
}

// ID returns the id of the log.
func (w *Writer) ID() uuid.UUID {
	w.lock()
	defer w.unlock()
	return w.marker.ID
}

// FS returns the file system that the Writer uses, until it is closed.
func (w *Writer) FS() FS { return w.fs }

// Recovery returns what OpenWriter found and repaired.
func (w *Writer) Recovery() Recovery { return w.recovery }

// Policy returns the settings in effect. After Configure they change when the next
// segment begins. Policy does not wait for an append.
func (w *Writer) Policy() Policy { return *w.sharedPolicy.Load() }

// Sealed returns the number of segments that this Writer has sealed.
func (w *Writer) Sealed() int {
	w.lock()
	defer w.unlock()
	return w.sealedCount
}

// NextSeq returns the sequence of the next record, after those that are staged.
func (w *Writer) NextSeq() Sequence {
	w.lock()
	defer w.unlock()
	return w.nextSeq()
}

func (w *Writer) nextSeq() Sequence { return w.active.nextSeq() + Sequence(len(w.pending)) }

// usable returns ErrClosed, or the error that poisoned the Writer. w.mu must be held.
func (w *Writer) usable() error {
	if w.closed {
		return ErrClosed
	}
	return w.err
}

// poison makes every later call return err. Nothing will be committed any more, not
// even by a timer, so all waiters get the error now. w.mu must be held.
func (w *Writer) poison(err error) error {
	w.err = err
	//mutant:append-waiting-callers-are-not-told-that-the-writer-is-poisoned
	w.answer(err)
	return err
}

// diskError returns err, if not nil, as a *DiskError of op on path. Its record is
// the first that is not acknowledged. w.mu must be held.
func (w *Writer) diskError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &DiskError{Op: op, Path: path, Seq: w.active.nextSeq() + Sequence(w.acked), Offset: w.active.ackedEnd, Err: err}
}

// checkIntact poisons the Writer unless the active segment and LOCK are as this
// process left them. w.mu must be held.
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
	// A failed stat is an error of the disk; it does not show another program.
	if !errors.Is(err, ErrForeign) {
		err = w.diskError(OpExamine, w.active.path, err)
	}
	return w.poison(err)
}

// A timer runs a function once, some time after it was first asked to.
type timer struct{ *time.Timer }

// after schedules fn to run under w.mu after d, unless t is already scheduled. An
// error of fn reaches a caller through w.err, batchErr or the waiters. w.mu must be
// held.
func (w *Writer) after(t *timer, d time.Duration, fn func(*Writer) error) {
	if t.Timer != nil {
		return
	}
	t.Timer = time.AfterFunc(d, func() {
		w.lock()
		defer w.unlock()
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

// Close commits the staged records, makes all records durable, under SyncNone too,
// and gives up the lock. The lock is free when Close returns, even on an error; the
// error is that of the last commit or sync, or of the poisoned Writer. A second
// Close returns nil.
//
// Close waits for the commit of another goroutine that has begun, and then for its own
// writes and syncs. No context ends them: on a disk that hangs, Close hangs.
func (w *Writer) Close() error {
	w.lock()
	defer w.unlock()
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
	// LOCK is cleared while the lock is held: afterwards it may be the next
	// writer's, and a kill in between only leaves the name of a dead process.
	//mutant:lock-lock-stays-when-a-poisoned-writer-is-closed
	w.clearLockInfo()
	return errors.Join(err, w.closeFiles())
}

// closeFiles closes the active segment, if any, and releases the writer's lock.
func (w *Writer) closeFiles() error {
	var err error
	if a := w.active; a != nil {
		// A poisoned Writer leaves its index unsynced: the entries may claim
		// records that the disk does not hold.
		if w.err == nil {
			err = w.diskError(OpSync, a.indexPath, a.syncIndex())
		}
		err = errors.Join(err, w.diskError(OpClose, a.path, a.close()))
	}
	return errors.Join(err, w.releaseLock())
}
