//go:build unix

package main

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// detach keeps signals of this process's terminal and group from the child.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// beGentle lets every other process go first. Where detach has made this one a
// session of its own, its group is all of its threads.
func beGentle() {
	const nice = 10
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice)
	if session, err := unix.Getsid(0); err == nil && session == syscall.Getpid() {
		_ = syscall.Setpriority(syscall.PRIO_PGRP, 0, nice)
	}
}
