//go:build !linux

package feed

import "os"

func closeOnExec() {}

// openNothing opens the stdin and stdout of the child.
func openNothing() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) }
