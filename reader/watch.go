package reader

import (
	"context"
	"time"

	"github.com/fsnotify/fsnotify"
)

// poll is how often a Watch looks although nothing was notified: for network
// file systems, and where the kernel's watches are used up.
const poll = time.Second

// A Watch waits for changes in a log's directory.
type Watch struct {
	notify *fsnotify.Watcher // nil: polls alone
}

// NewWatch begins to watch dir. Where the system can't, it polls.
func NewWatch(dir string) *Watch {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return &Watch{}
	}
	if err := n.Add(dir); err != nil {
		_ = n.Close()
		return &Watch{}
	}
	return &Watch{notify: n}
}

// Wait returns when something may have changed, at most after a second, or
// with the context's error when it ends.
func (w *Watch) Wait(ctx context.Context) error {
	var events chan fsnotify.Event
	var errs chan error
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
	case <-events:
		w.drain()
	}
	return nil
}

// drain takes the events that belong together.
func (w *Watch) drain() {
	for {
		select {
		case <-w.notify.Events:
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
