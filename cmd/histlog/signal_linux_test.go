package main

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A shell has what runs in its background ignore SIGINT: it goes on then, and
// SIGTERM still ends it.
func TestIgnoredInterrupt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	histlog(t, strings.NewReader(records2025(1)), "append", "--create", dir)
	c := exec.Command("sh", "-c", `trap "" INT; exec histlog tail -f "$0"`, dir)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range 2 { // the header and the record
		lines.Scan()
	}
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		if err := c.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		if s == syscall.SIGINT {
			histlog(t, strings.NewReader(records2025(1)), "append", dir)
			if !lines.Scan() {
				t.Fatal("SIGINT, which it ignores, has ended it")
			}
		}
	}
	_ = c.Wait() // the state says it
	if state := c.ProcessState.Sys().(syscall.WaitStatus); state.Signal() != syscall.SIGTERM {
		t.Errorf("%v", c.ProcessState)
	}
}
