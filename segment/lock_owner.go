package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
)

// ErrSecondWriter is returned when another writer has opened the log although this
// one held the lock: two paths lead to the directory, and their locks do not meet,
// as on some FUSE and network mounts. The record is not acknowledged. It comes
// inside an error that names the other writer.
var ErrSecondWriter = errors.New("a second writer has opened the log, past the lock")

// processState is what is known of the process that LOCK names.
type processState uint8

const (
	processGone    processState = iota // or nobody is named, or this process itself
	processAlive                       // it runs on this machine
	processUnknown                     // it may run on another machine, or in another container
)

func (h lockInfo) state() processState {
	switch {
	case h.PID == 0 || h.Token == "": // an earlier version wrote it, which can't be judged
		return processGone
	case h.Process == "":
		return processUnknown
	case h.Process == processID(os.Getpid()):
		return processGone
	case h.Process == processID(h.PID):
		return processAlive
	case sameSystem(h.Process):
		return processGone
	}
	return processUnknown
}

// settleTime is how long a writer waits that opens the log while another may be
// writing it elsewhere: until that one has completed a write that was on its way
// past its last look at LOCK.
const settleTime = time.Second

// claimLock names this writer in LOCK before it reads the log, so that one whose lock
// does not meet this one's notices before it acknowledges anything more.
func (w *Writer) claimLock(ctx context.Context, command string) error {
	before, err := readLockInfo(w.fs, w.dir)
	w.lockInfo = lockInfo{Token: uuid.NewString(), PID: os.Getpid(), Command: command, Since: w.now(), Machine: w.machine, Process: processID(os.Getpid())}
	w.writeLockInfo()
	if err == nil && before.state() == processUnknown {
		return pause(ctx, settleTime)
	}
	return nil
}

// writeLockInfo names this writer in LOCK and remembers how LOCK begins.
func (w *Writer) writeLockInfo() {
	_ = writeLockInfo(w.fs, w.dir, w.lockInfo, w.mode)
	var err error
	if w.lockStart, err = w.readLockStart(make([]byte, lockStartSize)); err != nil {
		w.lockStart = nil // so that LOCK says nothing
	}
}

// clearLockInfo names nobody in LOCK, before the lock is given up. LOCK that is another
// writer's stays as it is.
func (w *Writer) clearLockInfo() {
	if w.lockInfo.Token == "" {
		return
	}
	if h, err := readLockInfo(w.fs, w.dir); err == nil && h.Token != w.lockInfo.Token {
		return
	}
	if writeLockInfo(w.fs, w.dir, lockInfo{Machine: w.machine}, w.mode) != nil {
		_ = w.fs.Remove(filepath.Join(w.dir, lockName)) // or it would name this process while that lives
	}
	w.lockInfo = lockInfo{}
}

// lockStartSize is how much of LOCK holds the token.
const lockStartSize = 64

// readLockStart reads the first bytes of LOCK into b. It opens the file each time: some
// network file systems read it anew only then.
func (w *Writer) readLockStart(b []byte) ([]byte, error) {
	f, err := w.fs.OpenFile(filepath.Join(w.dir, lockName), os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := f.ReadAt(b, 0)
	if err == io.EOF {
		err = nil
	}
	return b[:n], err
}

// checkOwner is ErrSecondWriter if LOCK names another writer than this one. Anything
// else that stands there, and that it can't be read, says nothing.
func (w *Writer) checkOwner() error {
	if w.lockStart == nil {
		return nil
	}
	now, err := w.readLockStart(w.lockBuf[:])
	switch {
	case missing(err): // somebody removed it, which harms nothing
		w.writeLockInfo()
		return nil
	case err != nil, bytes.Equal(now, w.lockStart):
		return nil
	}
	h, err := readLockInfo(w.fs, w.dir)
	switch {
	case err != nil || h.PID == 0 && h.Machine == "", h.Token == w.lockInfo.Token:
		return nil
	case h.PID == 0:
		return fmt.Errorf("%s: %w, and closed it", w.dir, ErrSecondWriter)
	}
	return fmt.Errorf("%s: %w: pid %d (%s) on %q since %s", w.dir, ErrSecondWriter, h.PID, h.Command, h.Machine, h.Since.UTC().Format(time.RFC3339))
}
