package reader

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// poll is how often a Watch looks although nothing was notified: for network
// file systems, and where the kernel's watches are used up.
const poll = time.Second

// A Watch waits for changes in a log's directory. It must not be used by several
// goroutines at once.
type Watch struct {
	dir    string
	notify *fsnotify.Watcher // nil: polls alone
	lost   bool              // the directory was moved or removed: notify watches nothing
}

// NewWatch begins to watch dir. If the system cannot notify the Watch, the Watch polls.
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

// Wait returns nil when something may have changed, at the latest after a second. When ctx
// ends, Wait returns its error.
func (w *Watch) Wait(ctx context.Context) error {
	var events chan fsnotify.Event
	var errs chan error
	if w.lost && w.notify.Add(w.dir) == nil { // another directory stands there by now
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
	case <-errs: // an overflow: look
	case e := <-events:
		w.take(e)
	}
	return nil
}

// take takes an event and those that belong to it.
func (w *Watch) take(e fsnotify.Event) {
	for {
		w.lost = w.lost || e.Name == filepath.Clean(w.dir) && e.Op&(fsnotify.Remove|fsnotify.Rename) != 0
		select {
		case e = <-w.notify.Events:
		default:
			return
		}
	}
}

// Close ends the watching.
func (w *Watch) Close() error {
	if w.notify == nil {
		return nil
	}
	return w.notify.Close()
}
