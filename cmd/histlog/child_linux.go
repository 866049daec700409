package main

import (
	"math"

	"golang.org/x/sys/unix"
)

// closeOnExec keeps files that this process got from whoever started it, a lock
// among them perhaps, from its children.
func closeOnExec() {
	const firstOther = 3 // behind standard input, output and error
	_ = unix.CloseRange(firstOther, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
}
