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

// life is what is known of the process that LOCK names.
type life uint8

const (
	gone    life = iota // or nobody is named, or this process itself
	alive               // it runs on this machine
	unknown             // it may run on another machine, or in another container
)

func (h holder) life() life {
	switch {
	case h.PID == 0 || h.Token == "": // an earlier version wrote it, which can't be judged
		return gone
	case h.Process == "":
		return unknown
	case h.Process == processID(os.Getpid()):
		return gone
	case h.Process == processID(h.PID):
		return alive
	case sameSystem(h.Process):
		return gone
	}
	return unknown
}

// settleTime is how long a writer waits that opens the log while another may be
// writing it elsewhere: until that one has completed a write that was on its way
// past its last look at LOCK.
const settleTime = time.Second

// claim names this writer in LOCK before it reads the log, so that one whose lock
// does not meet this one's notices before it acknowledges anything more.
func (w *Writer) claim(ctx context.Context, command string) error {
	before, err := readHolder(w.fs, w.dir)
	w.holder = holder{Token: uuid.NewString(), PID: os.Getpid(), Command: command, Since: w.now(), Machine: w.machine, Process: processID(os.Getpid())}
	w.announce()
	if err == nil && before.life() == unknown {
		return pause(ctx, settleTime)
	}
	return nil
}

// announce names this writer in LOCK and remembers how LOCK begins.
func (w *Writer) announce() {
	_ = announce(w.fs, w.dir, w.holder, w.mode)
	var err error
	if w.claimed, err = w.lockBegins(make([]byte, tokenBytes)); err != nil {
		w.claimed = nil // so that LOCK says nothing
	}
}

// disclaim names nobody in LOCK, before the lock is given up. LOCK that is another
// writer's stays as it is.
func (w *Writer) disclaim() {
	if w.holder.Token == "" {
		return
	}
	if h, err := readHolder(w.fs, w.dir); err == nil && h.Token != w.holder.Token {
		return
	}
	if announce(w.fs, w.dir, holder{Machine: w.machine}, w.mode) != nil {
		_ = w.fs.Remove(filepath.Join(w.dir, lockName)) // or it would name this process while that lives
	}
	w.holder = holder{}
}

// tokenBytes is how much of LOCK holds the token.
const tokenBytes = 64

// lockBegins reads the first bytes of LOCK into b. It opens the file each time: some
// network file systems read it anew only then.
func (w *Writer) lockBegins(b []byte) ([]byte, error) {
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

// owned is ErrSecondWriter if LOCK names another writer than this one. Anything
// else that stands there, and that it can't be read, says nothing.
func (w *Writer) owned() error {
	if w.claimed == nil {
		return nil
	}
	now, err := w.lockBegins(w.look[:])
	switch {
	case missing(err): // somebody removed it, which harms nothing
		w.announce()
		return nil
	case err != nil, bytes.Equal(now, w.claimed):
		return nil
	}
	h, err := readHolder(w.fs, w.dir)
	switch {
	case err != nil || h.PID == 0 && h.Machine == "", h.Token == w.holder.Token:
		return nil
	case h.PID == 0:
		return fmt.Errorf("%s: %w, and closed it", w.dir, ErrSecondWriter)
	}
	return fmt.Errorf("%s: %w: pid %d (%s) on %q since %s", w.dir, ErrSecondWriter, h.PID, h.Command, h.Machine, h.Since.UTC().Format(time.RFC3339))
}
