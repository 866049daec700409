package feed

import (
	"io/fs"
	"os/exec"
)

func detach(*exec.Cmd, fs.FileInfo) {}

// LowerPriority does nothing on Windows.
func LowerPriority() {}
