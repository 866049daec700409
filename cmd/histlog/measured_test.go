//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// What the environment tells a measured histlog.
const (
	figuresEnv = "HISTLOG_TEST_FIGURES" // a file that gets a line for each process: its peak of resident KiB, how it ended, its command
	seedEnv    = "HISTLOG_TEST_SEED"    // of the random times after which append is killed
)

// longestLife is how long an append process may run before it is killed.
const longestLife = time.Second

// measuredMain runs histlog, kills it after a while if it appends, notes what
// memory it took at most, and ends as it did.
func measuredMain() {
	state, err := measure(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "measured:", err)
		os.Exit(exitFailure)
	}
	if status := state.Sys().(syscall.WaitStatus); status.Signaled() {
		dieOf(status.Signal())
	}
	os.Exit(state.ExitCode())
}

func measure(args []string) (*os.ProcessState, error) {
	figures, err := os.OpenFile(os.Getenv(figuresEnv), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	defer figures.Close()
	if err := syscall.Flock(int(figures.Fd()), syscall.LOCK_SH); err != nil { // who takes it exclusively, waits for all
		return nil, err
	}
	runtime.LockOSThread() // Pdeathsig is about the thread
	c := exec.Command("histlog", args...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		return nil, err
	}
	if args[0] == "append" {
		defer killLater(c.Process).Stop()
	}
	_ = c.Wait() // the state says it
	peak := c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	_, err = fmt.Fprintf(figures, "%d %q %q\n", peak, c.ProcessState, args)
	return c.ProcessState, err
}

func killLater(p *os.Process) *time.Timer {
	seed, err := strconv.ParseUint(os.Getenv(seedEnv), 10, 64)
	if err != nil {
		panic(err)
	}
	random := rand.New(rand.NewPCG(seed, uint64(os.Getpid())))
	return time.AfterFunc(time.Duration(random.Int64N(int64(longestLife))), func() { _ = p.Kill() })
}
