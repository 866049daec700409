//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// detach keeps signals of this process's terminal and group from the child.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// beGentle lets every other process go first.
func beGentle() {
	const nice = 10
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, nice)
}
