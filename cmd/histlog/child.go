package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
)

// startUpkeep starts compact --due as a child process, which lives on when this
// one ends. It holds nothing of this one's: no input, no output, no lock, and no
// file that this one got from whoever started it. What becomes of it stands in the
// log's diary, and check says so; only that it could not be started is an error.
func startUpkeep(dir string) (ended <-chan error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	c := exec.Command(self, "compact", "--due", "--", dir)
	c.Args[0] = os.Args[0]
	detach(c)
	closeOnExec()
	if err := c.Start(); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }() // ends with the child, or with this process
	return done, nil
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
		say(f.stderr, "warning: upkeep could not be started: %v", err)
		record(f.dir, slog.LevelError, "upkeep failed", "error", err.Error())
	}
}
