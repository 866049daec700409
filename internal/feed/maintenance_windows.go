package feed

import "os/exec"

func detach(*exec.Cmd) {}

// LowerPriority does nothing on Windows.
func LowerPriority() {}
