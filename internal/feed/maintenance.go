package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/segment"
)

// startChild starts compact --due as a child process, which may outlive this process. It
// inherits no stdin, stdout, lock or other file descriptor of this process. If root appends
// to another account's log, the child runs as that account if it can, because the settings of
// the log are that account's. Its outcome is written to the event log and to the status that check
// reports.
func startChild(dir string, w *segment.Writer) (ended <-chan error, err error) {
	owner, err := w.FS().Lstat(dir + string(filepath.Separator) + ".")
	if err != nil {
		return nil, err
	}
	nothing, err := openNothing()
	if err != nil {
		return nil, err
	}
	defer nothing.Close()
	closeOnExec()
	for _, self := range programs() {
		c := exec.Command(self, "compact", "--log-id", w.ID().String(), "--due", "--", dir)
		c.Args[0] = os.Args[0]
		c.Stdin, c.Stdout, c.Stderr = nothing, nothing, nothing
		detach(c, dir, owner)
		e := c.Start()
		if e == nil {
			done := make(chan error, 1)
			go func() { done <- c.Wait() }() // ends with the child, or with this process
			return done, nil
		}
		err = errors.Join(err, e)
	}
	return nil, err
}

// programs returns the names under which this program may be found, best first.
// os.Executable fails where /proc is missing, as in a chroot.
func programs() (names []string) {
	if name, err := os.Executable(); err == nil {
		names = append(names, name)
	}
	if name, err := exec.LookPath(os.Args[0]); err == nil {
		names = append(names, name)
	}
	return append(names, "/proc/self/exe") // works even if the file of the program was removed
}

// startMaintenance starts the maintenance of the log after a segment was sealed and its
// records were acknowledged, unless an earlier one is still running.
func (a *Appender) startMaintenance() {
	if a.writer == nil || a.writer.Sealed() == a.sealed {
		return
	}
	a.sealed = a.writer.Sealed()
	if a.writer.Policy().Upkeep.Manual {
		return
	}
	select {
	case err := <-a.maintenance:
		a.maintenance = nil
		if err != nil {
			a.warn("maintenance failed: %v; histlog check says why", err)
		}
	default:
	}
	if a.maintenance != nil {
		return
	}
	var err error
	if a.maintenance, err = startChild(a.dir, a.writer); err != nil {
		err = fmt.Errorf("it could not be started: %w", err)
		a.warn("maintenance failed: %v", err)
		eventlog.Log(a.writer.FS(), a.dir, slog.LevelError, "maintenance failed", "error", err.Error())
		recordFailure(a.dir, a.writer.FS(), err)
	}
}

// recordFailure updates the status that check reports. It waits only briefly for the
// maintenance lock, because appending must go on.
func recordFailure(dir string, fsys segment.FS, failure error) {
	const patience = 100 * time.Millisecond
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	l, err := segment.OpenContext(context.Background(), dir, fsys)
	defer func() { l.Close() }() // also after an error
	if err != nil {
		return
	}
	_ = l.UpdateStatus(ctx, func(n *segment.Status) { // the status is informational
		n.Upkeep.Failed, n.Upkeep.Error = time.Now().UTC(), failure.Error()
	})
}
