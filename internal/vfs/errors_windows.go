package vfs

import (
	"errors"
	"slices"
	"syscall"

	"golang.org/x/sys/windows"
)

// NoRoom reports whether err comes from a full disk, a quota or a limit on file size. The
// constants that begin with E are those of simulated disks; Windows returns the others.
func NoRoom(err error) bool {
	return isErrno(err, syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED, windows.ERROR_FILE_TOO_LARGE)
}

// ReadOnly reports whether err comes from a disk that is write-protected.
func ReadOnly(err error) bool { return isErrno(err, syscall.EROFS, windows.ERROR_WRITE_PROTECT) }

func isErrno(err error, list ...syscall.Errno) bool {
	return slices.ContainsFunc(list, func(e syscall.Errno) bool { return errors.Is(err, e) })
}
