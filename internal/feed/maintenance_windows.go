package feed

import (
	"io/fs"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// detach starts the child without a console, so that it gets no Ctrl-C and does not end when
// the window is closed.
func detach(c *exec.Cmd, _ string, _ fs.FileInfo) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}

// LowerPriority gives every other process precedence over this one.
func LowerPriority() {
	_ = windows.SetPriorityClass(windows.CurrentProcess(), windows.BELOW_NORMAL_PRIORITY_CLASS)
}
