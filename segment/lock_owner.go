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

	"github.com/histlog/histlog/internal/filename"
)

// ErrSecondWriter is returned, wrapped in an error that names the other writer, when
// another writer has opened the log although this one held the lock: two paths lead
// to the directory, and their locks do not exclude each other, as on some FUSE and
// network mounts. The record is not acknowledged.
var ErrSecondWriter = errors.New("a second writer has opened the log, past the lock")

// A processState is what is known of the process that LOCK names.
type processState uint8

const (
	processGone    processState = iota // it has ended, or LOCK names this process or none
	processAlive                       // it runs on this machine
	processUnknown                     // it may run on another machine, or in another container
)

func (h lockInfo) state() processState {
	switch {
	case h.PID == 0 || h.Token == "": // an earlier version wrote LOCK, too little to judge it by
		return processGone
	case h.Process == "":
		return processUnknown
	case h.Process == ownProcessID():
		return processGone
	case h.Process == processID(h.PID):
		return processAlive
	case sameSystem(h.Process):
		return processGone
	}
	return processUnknown
}

// settleTime is how long a writer waits after it has claimed LOCK from a writer that
// may be alive elsewhere: that one may be in a write that began after it last checked
// LOCK.
const settleTime = time.Second

// claimLock names this Writer in LOCK, before it reads the log: another writer, whose
// lock does not exclude this one's, then acknowledges nothing more.
func (w *Writer) claimLock(ctx context.Context, command string) error {
	before, err := readLockInfo(w.fs, w.dir)
	w.lockInfo = lockInfo{Token: uuid.NewString(), PID: os.Getpid(), Command: command, Since: w.now(), Machine: w.machine, Process: ownProcessID()}
	w.writeLockInfo()
	if err == nil && before.state() == processUnknown {
		return pause(ctx, settleTime)
	}
	return nil
}

// writeLockInfo writes LOCK and remembers how it begins.
func (w *Writer) writeLockInfo() {
	// On a full disk the writer goes on without LOCK: the kernel's lock is held, and LOCK only
	// catches a second writer that this lock does not exclude.
	_ = writeLockInfo(w.fs, w.dir, w.lockInfo, w.mode)
	var err error
	if w.lockStart, err = w.readLockStart(make([]byte, lockStartSize)); err != nil {
		w.lockStart = nil // checkOwner then compares nothing
	}
}

// clearLockInfo removes this Writer's name from LOCK. The writer's lock must still be
// held. If LOCK names another writer, it stays as it is.
func (w *Writer) clearLockInfo() {
	if w.lockInfo.Token == "" {
		return
	}
	if h, err := readLockInfo(w.fs, w.dir); err == nil && h.Token != w.lockInfo.Token {
		return
	}
	// A LOCK that still names this process would block every other writer while the
	// process is alive, so it is removed if it cannot be overwritten.
	if writeLockInfo(w.fs, w.dir, lockInfo{Machine: w.machine}, w.mode) != nil {
		_ = w.fs.Remove(filepath.Join(w.dir, filename.Lock))
	}
	w.lockInfo = lockInfo{}
}

// lockStartSize is the size of the beginning of LOCK that holds the token, in bytes.
const lockStartSize = 64

// readLockStart reads the beginning of LOCK into b. It opens the file each time,
// because some network file systems read it again only then.
func (w *Writer) readLockStart(b []byte) ([]byte, error) {
	f, err := w.fs.OpenFile(filepath.Join(w.dir, filename.Lock), os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := f.ReadAt(b, 0)
	// LOCK may be shorter than b: another program may have written it.
	if err == io.EOF {
		err = nil
	}
	return b[:n], err
}

// checkOwner returns ErrSecondWriter if LOCK names another writer, or if another one
// has been there and closed the log. A LOCK that is missing, unreadable or not
// histlog's is not evidence of a second writer. w.mu must be held.
func (w *Writer) checkOwner() error {
	if w.lockStart == nil {
		return nil
	}
	now, err := w.readLockStart(w.lockBuf[:])
	switch {
	case missing(err): // somebody removed it; without it nobody would notice this writer
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
