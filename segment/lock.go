package segment

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// holder is the content of LOCK, which is for messages only: the lock itself
// is the kernel's, on the directory, and ends with the process.
type holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
	Machine string    `json:"machine"` // where a writer was last, which has probed the file system
}

// lockPoll is how often a waiting writer tries again.
const lockPoll = 10 * time.Millisecond

// acquire takes the writer's lock of dir, waiting for it at most so long.
func acquire(ctx context.Context, fsys FS, dir string, wait time.Duration) (unlock func() error, err error) {
	deadline := time.Now().Add(wait)
	for {
		unlock, ok, err := fsys.TryLock(dir)
		if err != nil {
			return nil, err
		}
		if ok {
			return unlock, nil
		}
		if !time.Now().Before(deadline) {
			return nil, lockedBy(fsys, dir)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

func lockedBy(fsys FS, dir string) error {
	e := &LockedError{Dir: dir}
	h, err := readHolder(fsys, dir)
	if err == nil {
		e.PID, e.Command, e.Since = h.PID, h.Command, h.Since
	}
	return e
}

func readHolder(fsys FS, dir string) (h holder, err error) {
	b, err := readFile(fsys, filepath.Join(dir, lockName), 4096)
	if err == nil {
		err = json.Unmarshal(b, &h)
	}
	return h, err
}

// announce names the holder in LOCK, or nobody if its PID is 0. That it can't be
// written must not keep a writer from writing.
func announce(fsys FS, dir string, h holder, mode os.FileMode) {
	f, err := fsys.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return
	}
	defer f.Close()
	if f.Truncate(0) == nil {
		if b, err := json.Marshal(h); err == nil {
			_, _ = f.WriteAt(b, 0)
		}
	}
}
