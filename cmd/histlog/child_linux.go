package main

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// closeOnExec keeps files that this process got from whoever started it, a lock
// among them perhaps, from its children.
func closeOnExec() {
	const firstOther = 3 // behind standard input, output and error
	_ = unix.CloseRange(firstOther, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
}

// openNothing opens what a child is given to read from and to write to: the null
// device, or memory in a chroot that has no devices.
func openNothing() (*os.File, error) {
	f, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err == nil {
		return f, nil
	}
	if fd, e := unix.MemfdCreate("nothing", unix.MFD_CLOEXEC); e == nil {
		return os.NewFile(uintptr(fd), "nothing"), nil
	}
	return nil, err
}
