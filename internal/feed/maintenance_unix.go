//go:build unix

package feed

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// detach starts the child in a session of its own, so that it gets no signals from the
// terminal.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// LowerPriority gives every other process precedence over this one. If detach made this
// process a session of its own, its process group is all of its threads.
func LowerPriority() {
	const nice = 10
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice)
	if session, err := unix.Getsid(0); err == nil && session == syscall.Getpid() {
		_ = syscall.Setpriority(syscall.PRIO_PGRP, 0, nice)
	}
}
