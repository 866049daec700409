package reader

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// poll is the longest that Wait waits without a notification. Network file systems send
// none, and the kernel limits the number of watches.
const poll = time.Second

// A Watch waits for changes in a log's directory. It must not be used by several
// goroutines at once.
type Watch struct {
	dir    string
	notify *fsnotify.Watcher // nil means that the Watch only polls
	lost   bool              // dir was moved or removed, so notify no longer watches it
}

// NewWatch returns a Watch of the log's directory dir. If the system cannot send
// notifications, the Watch polls once a second. To miss no record, call NewWatch before the
// first record is read.
func NewWatch(dir string) *Watch {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return &Watch{dir: dir}
	}
	if err := n.Add(dir); err != nil {
		_ = n.Close()
		return &Watch{dir: dir}
	}
	return &Watch{dir: dir, notify: n}
}

// Wait waits until the directory may have changed, for one second at most, and returns nil.
// If ctx ends first, Wait returns ctx.Err().
func (w *Watch) Wait(ctx context.Context) error {
	var events chan fsnotify.Event
	var errs chan error
	if w.lost && w.notify.Add(w.dir) == nil { // there is a directory at dir again
		w.lost = false
		return nil
	}
	if w.notify != nil {
		events, errs = w.notify.Events, w.notify.Errors
	}
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	case <-errs: // notifications were dropped, so anything may have changed
	case e := <-events:
		w.drain(e)
	}
	return nil
}

// drain handles e and all events that are queued, so that a burst of them, such as the
// writes of one append, makes Wait return only once.
func (w *Watch) drain(e fsnotify.Event) {
	for {
		w.lost = w.lost || e.Name == filepath.Clean(w.dir) && e.Op&(fsnotify.Remove|fsnotify.Rename) != 0
		select {
		case e = <-w.notify.Events:
		default:
			return
		}
	}
}

// Close releases the resources of the Watch.
func (w *Watch) Close() error {
	if w.notify == nil {
		return nil
	}
	return w.notify.Close()
}
