//go:build unix

package vfs

import (
	"errors"
	"syscall"
)

// NoRoom reports whether err comes from a full disk, a quota or a limit on file size.
func NoRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// ReadOnly reports whether err comes from a file system that is mounted read-only.
func ReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
