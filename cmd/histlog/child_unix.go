//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// detach keeps signals of this process's terminal and group from the child.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// beGentle lets every other process go first: all threads of the group, which is
// this process's own if detach made it.
func beGentle() {
	const nice = 10
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice)
	if syscall.Getpgrp() == syscall.Getpid() {
		_ = syscall.Setpriority(syscall.PRIO_PGRP, 0, nice)
	}
}
