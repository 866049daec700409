package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// widen enlarges the buffer of a pipe to the default maximum, so that writer and reader
// alternate less often. It has no effect on other files.
func widen(f *os.File) {
	const largest = 1 << 20
	_, _ = unix.FcntlInt(f.Fd(), unix.F_SETPIPE_SZ, largest)
}

// abandoned reports whether out is a pipe that no process can read any more.
func abandoned(out any) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	state := []unix.PollFd{{Fd: int32(f.Fd())}}
	n, err := unix.Poll(state, 0)
	return err == nil && n == 1 && state[0].Revents&unix.POLLERR != 0
}
