//go:build unix

package vfs

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// tryLock locks the file that open opens, and returns a function that unlocks it. ok is false
// if another process holds the lock, or if leadsTo reports that the name no longer leads to
// the open file.
func tryLock(open func(flag int) (*os.File, error), leadsTo func(*os.File) (bool, error)) (unlock func() error, ok bool, err error) {
	f, ok, err := openLocked(open, os.O_RDONLY)
	// NFS gives a lock of a file only to a process that has it open for writing, which no
	// process can have a directory.
	if errors.Is(err, unix.EBADF) {
		if again, held, e := openLocked(open, os.O_RDWR); !errors.Is(e, unix.EISDIR) {
			f, ok, err = again, held, e
		}
	}
	if err != nil {
		return nil, false, err
	}
	if ok {
		ok, err = leadsTo(f)
	}
	if !ok {
		return nil, false, errors.Join(err, f.Close())
	}
	return sync.OnceValue(func() error {
		// The close alone does not unlock: a child between fork and exec has a copy of the
		// descriptor, and would hold the lock until exec.
		return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close())
	}), true, nil
}

// openLocked opens and locks a file, and reports whether no other process holds its lock.
// After an error the file is closed.
func openLocked(open func(flag int) (*os.File, error), flag int) (f *os.File, ok bool, err error) {
	if f, err = open(flag); err != nil {
		return nil, false, err
	}
	if ok, err = flockFile(f); err != nil {
		return nil, false, errors.Join(err, f.Close())
	}
	return f, ok, nil
}

// sysFlock is a variable, so that a test can replace it.
var sysFlock = unix.Flock

// flockFile locks an open file, and reports whether no other process holds its lock.
func flockFile(f *os.File) (bool, error) {
	for {
		err := sysFlock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}
