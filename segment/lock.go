package segment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/vfs"
)

// lockInfo is the content of LOCK. The lock itself is the kernel's, on the directory,
// and ends with the process. LOCK names its holder in messages, and tells a writer of
// another one whose lock did not keep it out, see owned.
type lockInfo struct {
	Token   string    `json:"token,omitempty"` // of one Writer; comes first, see tokenBytes
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
	Machine string    `json:"machine"`           // where a writer was last, which has probed the file system
	Process string    `json:"process,omitempty"` // see processID; "": not known
	Written time.Time `json:"written,omitzero"`  // when LOCK was, by the machine's clock
}

const (
	// lockSize is how long LOCK is, always: a mount that remembers how long a file was
	// would show the beginning of a longer one. Earlier versions read 4096 bytes.
	lockSize = 2048
	// maxCommand bytes of a command line stand in LOCK, or fewer if JSON escapes them.
	maxCommand = 512
	// maxHolder is far more than LOCK holds.
	maxLockFile = 64 << 10
)

// lockPoll is how often a waiting writer tries again.
const lockPoll = 10 * time.Millisecond

// acquireLock takes the lock of a directory or a file, waiting for it at most so long.
func acquireLock(ctx context.Context, fsys FS, path string, wait time.Duration) (unlock func() error, err error) {
	deadline := time.Now().Add(wait)
	for {
		unlock, ok, err := fsys.TryLock(path)
		if ok || err != nil {
			return unlock, err
		}
		if !time.Now().Before(deadline) {
			return nil, lockedError(fsys, path)
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}

// acquireWriterLock takes the writer's lock of dir, waiting for it at most so long, in
// turn with others that wait.
func acquireWriterLock(ctx context.Context, fsys FS, dir string, wait time.Duration) (unlock func() error, err error) {
	deadline := time.Now().Add(wait)
	//mutant:lock-taken-past-those-that-wait
	if wait == 0 || !hasWaiter(fsys, dir) {
		unlock, err := tryWriterLock(fsys, dir)
		if wait == 0 || !errors.Is(err, ErrLocked) {
			return unlock, err
		}
	}
	leave, err := joinWaiters(ctx, fsys, dir, deadline)
	if err != nil {
		return nil, err
	}
	defer leave()
	for {
		unlock, err := tryWriterLock(fsys, dir)
		if !errors.Is(err, ErrLocked) || !time.Now().Before(deadline) {
			return unlock, err
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}

// tryWriterLock takes the writer's lock of dir if it is free. It is not while the
// process that LOCK names lives, for a process clears LOCK before it gives up the
// lock: then the two locks do not meet.
func tryWriterLock(fsys FS, dir string) (unlock func() error, err error) {
	unlock, ok, err := fsys.TryLock(dir)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, lockedError(fsys, dir)
	}
	h, err := readLockInfo(fsys, dir)
	//mutant:lock-a-copy-of-lock-is-believed
	//mutant:lock-a-process-that-lock-names-is-not-waited-for
	if err == nil && h.state() == processAlive && h.isOriginal(fsys, dir) {
		e := h.lockedError(dir)
		e.Apart = true
		return nil, errors.Join(e, unlock())
	}
	return unlock, nil
}

// isOriginal reports whether LOCK is as its holder wrote it, and no copy, which names
// the writer of another directory: a copy was made later, and nothing can hide that.
func (h lockInfo) isOriginal(fsys FS, dir string) bool {
	const coarse = time.Second // that the clock of files may differ by
	info, err := fsys.Lstat(filepath.Join(dir, lockName))
	if err != nil {
		return false
	}
	return changedAt(info).Sub(h.Written).Abs() <= coarse
}

// pause waits, or returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func lockedError(fsys FS, dir string) error {
	h, err := readLockInfo(fsys, dir)
	if err != nil {
		return &LockedError{Dir: dir}
	}
	return h.lockedError(dir)
}

func (h lockInfo) lockedError(dir string) *LockedError {
	return &LockedError{Dir: dir, PID: h.PID, Command: h.Command, Since: h.Since}
}

func readLockInfo(fsys FS, dir string) (h lockInfo, err error) {
	b, err := vfs.ReadFile(fsys, filepath.Join(dir, lockName), maxLockFile)
	if err == nil {
		err = json.NewDecoder(strings.NewReader(string(b))).Decode(&h) // what follows is left of a longer one
	}
	return h, err
}

// writeLockInfo names the holder in LOCK, or nobody if its PID is 0. That it can't be
// written must not keep a writer from writing. It is overwritten before it is
// shortened: so it is never empty, and a full disk has room for it.
func writeLockInfo(fsys FS, dir string, h lockInfo, mode os.FileMode) error {
	if h.PID != 0 {
		h.Written = time.Now()
	}
	b, err := h.encode()
	if err != nil {
		return err
	}
	f, err := fsys.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	return f.Truncate(lockSize)
}

// encode returns what stands in LOCK: an object, and spaces.
func (h lockInfo) encode() ([]byte, error) {
	for most := maxCommand; ; most /= 2 {
		h.Command = shortenCommand(h.Command, most)
		b, err := json.Marshal(h)
		if err != nil {
			return nil, err
		}
		if len(b) >= lockSize && most > 0 {
			continue
		}
		b = append(b, bytes.Repeat([]byte(" "), max(0, lockSize-1-len(b)))...)
		return append(b, '\n'), nil
	}
}

// shortenCommand returns at most so many bytes of a command line.
func shortenCommand(command string, most int) string {
	if len(command) <= most {
		return command
	}
	const more = "…"
	n := max(0, most-len(more))
	for n > 0 && !utf8.RuneStart(command[n]) {
		n--
	}
	return command[:n] + more
}
