package feed

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// closeOnExec keeps files that this process inherited, perhaps a lock among them, from
// its children.
func closeOnExec() {
	const firstOther = 3 // after stdin, stdout and stderr
	_ = unix.CloseRange(firstOther, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
}

// openNothing opens the stdin and stdout of the child: the null device, or memory in a
// chroot without devices.
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
