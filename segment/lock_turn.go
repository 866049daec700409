package segment

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/histlog/histlog/internal/filename"
)

// Writers that wait for the writer's lock wait in turn. The first of them holds a lock
// on the wait file, .waiting, until it has the writer's lock; the others wait for the
// lock on the wait file. A writer that comes while the wait file is locked joins
// them, and so does a writer that gave up the writer's lock and wants it back. A
// process that is killed loses its place.

// Wanted reports whether another writer waits for the lock. A process that keeps a
// Writer open for long can then close it and open it again, to let the other write in
// between. The cost is a few system calls.
func (w *Writer) Wanted() bool { return hasWaiter(w.fs, w.dir) }

// hasWaiter reports whether a writer waits for the writer's lock of dir. It removes a
// wait file that is not locked: its process was killed.
func hasWaiter(fsys FS, dir string) bool {
	path := filepath.Join(dir, filename.Waiting)
	unlock, ok, err := fsys.TryLock(path)
	if ok {
		// This process has the file's lock, so no waiting writer uses the file. If the
		// file cannot be removed, it does no harm.
		_ = fsys.Remove(path)
		_ = unlock()
	}
	return err == nil && !ok
}

// joinWaiters waits until this writer is the first of the waiting ones, and returns a
// function that leaves its place to the next. If no wait file can be created, because
// the disk is full or permission is denied, it returns at once: the order of the
// writers is a courtesy.
func joinWaiters(ctx context.Context, fsys FS, dir string, deadline time.Time) (leave func(), err error) {
	path := filepath.Join(dir, filename.Waiting)
	for {
		unlock, ok, err := fsys.TryLock(path)
		if missing(err) {
			if err = createWaitFile(fsys, dir, path); missing(err) { // the directory is gone
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
				// Removed under the lock: afterwards the file may be the next writer's.
				_ = fsys.Remove(path)
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

func createWaitFile(fsys FS, dir, path string) error {
	mode, err := fileMode(fsys, dir, Policy{})
	if err != nil {
		return err
	}
	f, err := fsys.OpenFile(path, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return err
	}
	return f.Close()
}
