package segment

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// A lockInfo is the content of LOCK: who holds the writer's lock. Messages name the
// holder, and a writer learns from it of another one that its lock did not exclude;
// see checkOwner.
type lockInfo struct {
	Token   string    `json:"token,omitempty"`   // unique to one Writer; first, because of lockStartSize
	PID     int       `json:"pid"`               // 0 means that nobody holds the lock
	Command string    `json:"command"`           // command line, or Options.Command
	Since   time.Time `json:"since"`             // when the log was opened
	Machine string    `json:"machine"`           // the machine on which the last writer probed the file system
	Process string    `json:"process,omitempty"` // processID of PID; "" means unknown
	Written time.Time `json:"written,omitzero"`  // when LOCK was written, by the clock of the machine
}

const (
	// lockSize is the size of LOCK, in bytes. It is constant: a network file system
	// that caches sizes would otherwise show the beginning of a longer content. It is
	// less than 4096, because earlier versions of histlog read only so many bytes.
	lockSize = 2048
	// maxCommand is the maximum size of a command line in LOCK, in bytes.
	maxCommand = 512
	// maxLockFile is the maximum size of LOCK that is read, in bytes.
	maxLockFile = 64 << 10
)

// LockHolder returns the writer that LOCK names. The process may have been killed;
// the caller must check whether it is alive. pid is 0 if LOCK names no writer.
func (l *Log) LockHolder() (pid int, command string, since time.Time) {
	h, err := readLockInfo(l.fs, l.Dir)
	if err != nil {
		return 0, "", time.Time{}
	}
	return h.PID, h.Command, h.Since
}

func readLockInfo(fsys FS, dir string) (h lockInfo, err error) {
	b, err := vfs.ReadFile(fsys, filepath.Join(dir, filename.Lock), maxLockFile)
	if err == nil {
		// A Decoder ignores the bytes after the object: earlier versions left the end
		// of a longer object there.
		err = json.NewDecoder(strings.NewReader(string(b))).Decode(&h)
	}
	return h, err
}

// writeLockInfo writes LOCK. Its error must not prevent a writer from writing: the
// kernel's lock is held. LOCK is not synced, because after a power cut no process is
// alive that it could name.
func writeLockInfo(fsys FS, dir string, h lockInfo, mode os.FileMode) error {
	if h.PID != 0 {
		h.Written = time.Now()
	}
	b, err := h.encode()
	if err != nil {
		return err
	}
	f, err := fsys.OpenFile(filepath.Join(dir, filename.Lock), os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	// LOCK is overwritten first and truncated afterwards. So it is never empty for a
	// process that reads it in between, and on a full disk it needs no new block.
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	return f.Truncate(lockSize)
}

// encode returns the content of LOCK: a JSON object, padded with spaces to lockSize.
// The command line is shortened until it fits, because JSON may escape it.
func (h lockInfo) encode() ([]byte, error) {
	// limit halves until the object fits or limit is 0, so the loop ends.
	for limit := maxCommand; ; limit /= 2 {
		h.Command = shortenCommand(h.Command, limit)
		b, err := json.Marshal(h)
		if err != nil {
			return nil, err
		}
		if len(b) >= lockSize && limit > 0 {
			continue
		}
		b = append(b, bytes.Repeat([]byte(" "), max(0, lockSize-1-len(b)))...)
		return append(b, '\n'), nil
	}
}

// shortenCommand returns the beginning of a command line, at most limit bytes.
func shortenCommand(command string, limit int) string {
	if len(command) <= limit {
		return command
	}
	const ellipsis = "…"
	n := max(0, limit-len(ellipsis))
	for n > 0 && !utf8.RuneStart(command[n]) {
		n--
	}
	return command[:n] + ellipsis
}

// isOriginal reports whether LOCK was written by the process that it names. A copy of
// a log has a LOCK too, which names the writer of another directory; the copy's change
// time is later, and no program can set it.
func (h lockInfo) isOriginal(fsys FS, dir string) bool {
	const tolerance = time.Second // between the clocks of process and file system
	info, err := fsys.Lstat(filepath.Join(dir, filename.Lock))
	if err != nil {
		return false
	}
	return changedAt(info).Sub(h.Written).Abs() <= tolerance
}

// lockedError returns the *LockedError for a lock at path that another process holds.
func lockedError(fsys FS, path string) error {
	h, err := readLockInfo(fsys, path)
	if err != nil {
		return &LockedError{Dir: path}
	}
	return h.lockedError(path)
}

func (h lockInfo) lockedError(dir string) *LockedError {
	return &LockedError{Dir: dir, PID: h.PID, Command: h.Command, Since: h.Since}
}
