package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/segment"
)

// startUpkeep starts compact --due as a child process, which lives on when this
// one ends. It holds nothing of this one's: no input, no output, no lock, and no
// file that this one got from whoever started it. What becomes of it stands in the
// log's diary, and check says so; only that it could not be started is an error.
func startUpkeep(dir string) (ended <-chan error, err error) {
	nothing, err := openNothing()
	if err != nil {
		return nil, err
	}
	defer nothing.Close()
	closeOnExec()
	for _, self := range programs() {
		c := exec.Command(self, "compact", "--due", "--", dir)
		c.Args[0] = os.Args[0]
		c.Stdin, c.Stdout, c.Stderr = nothing, nothing, nothing
		detach(c)
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
// The system does not know it where /proc is missing, as in a chroot.
func programs() (names []string) {
	if name, err := os.Executable(); err == nil {
		names = append(names, name)
	}
	if name, err := exec.LookPath(os.Args[0]); err == nil {
		names = append(names, name)
	}
	return append(names, "/proc/self/exe") // the program itself, though its file was removed
}

// maintain starts the upkeep of a log, once one of its segments was sealed and
// its acknowledgements are out, unless that of an earlier one goes on.
func (f *feeder) maintain() {
	if f.writer == nil || f.writer.Sealed() == f.sealed {
		return
	}
	f.sealed = f.writer.Sealed()
	if f.writer.Policy().Upkeep.Manual {
		return
	}
	select {
	case err := <-f.upkeep:
		f.upkeep = nil
		if err != nil {
			say(f.stderr, "warning: upkeep failed: %v; histlog check tells more", err)
		}
	default:
	}
	if f.upkeep != nil {
		return
	}
	var err error
	if f.upkeep, err = startUpkeep(f.dir); err != nil {
		err = fmt.Errorf("it could not be started: %w", err)
		say(f.stderr, "warning: upkeep failed: %v", err)
		eventlog.Log(f.dir, slog.LevelError, "upkeep failed", "error", err.Error())
		noteFailure(f.dir, err)
	}
}

// noteFailure leaves a note for check that upkeep failed. It waits only briefly for
// whoever is at work on the log: appending must go on.
func noteFailure(dir string, failure error) {
	const patience = 100 * time.Millisecond
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	l, err := segment.Open(dir)
	if err != nil {
		return
	}
	_ = l.UpdateStatus(ctx, func(n *segment.Status) { // for messages only
		n.Upkeep.Failed, n.Upkeep.Error = time.Now().UTC(), failure.Error()
	})
}
