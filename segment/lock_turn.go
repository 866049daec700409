package segment

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// A writer that waits for the lock says so by a lock on a file, the note, which
// ends with the process. The first in the queue holds it until it has the writer's
// lock; the others wait for the note. Nobody takes the writer's lock past them, so
// one that gives it up and wants it back comes after the first.

// Wanted reports whether another writer waits for the lock, so that a writer that
// would keep it for long can be closed and opened again. It takes some system calls.
func (w *Writer) Wanted() bool { return hasWaiter(w.fs, w.dir) }

// hasWaiter reports whether a writer waits for the lock of dir. A note that nobody
// holds was left by a killed process, and is removed.
func hasWaiter(fsys FS, dir string) bool {
	note := filepath.Join(dir, waitingName)
	unlock, ok, err := fsys.TryLock(note)
	if ok {
		_ = fsys.Remove(note)
		_ = unlock()
	}
	return err == nil && !ok
}

// joinWaiters takes the note of dir. Where it can't be made, on a full disk or for want
// of permission, the writer waits without.
func joinWaiters(ctx context.Context, fsys FS, dir string, deadline time.Time) (leave func(), err error) {
	note := filepath.Join(dir, waitingName)
	for {
		unlock, ok, err := fsys.TryLock(note)
		if missing(err) {
			if err = createWaitFile(fsys, dir, note); missing(err) { // so is the directory
				return nil, err
			} else if err == nil {
				continue
			}
		}
		switch {
		case err != nil:
			return func() {}, nil
		case ok:
			return func() {
				_ = fsys.Remove(note) // first, or it would be another's
				_ = unlock()
			}, nil
		case !time.Now().Before(deadline):
			return nil, lockedError(fsys, dir)
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, err
		}
	}
}

func createWaitFile(fsys FS, dir, note string) error {
	mode, err := fileMode(fsys, dir, Policy{})
	if err != nil {
		return err
	}
	f, err := fsys.OpenFile(note, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return err
	}
	return f.Close()
}
