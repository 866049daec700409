//go:build unix

package vfs

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// TryLock implements FS with flock.
func (h *holder) TryLock(name string) (func() error, bool, error) {
	d, rel := h.find(name)
	if d == nil {
		return h.OS.TryLock(name)
	}
	f, ok, err := d.flock(rel, os.O_RDONLY)
	// NFS gives a lock of a file only to a process that has it open for writing.
	if errors.Is(err, unix.EBADF) && rel != "." {
		f, ok, err = d.flock(rel, os.O_RDWR)
	}
	if err != nil {
		return nil, false, err
	}
	if ok {
		ok, err = d.leadsTo(rel, f)
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

// leadsTo reports whether a name still leads to the open file. The lock of a file that was
// replaced excludes no process: the new file has a lock of its own.
func (d *directory) leadsTo(rel string, f *os.File) (bool, error) {
	if rel == "." {
		err := d.current()
		return err == nil, err
	}
	held, err := f.Stat()
	if err != nil {
		return false, err
	}
	now, err := d.root.Lstat(rel)
	//mutant:lock-acquired-on-a-replaced-file-of-a-held-directory
	return err == nil && os.SameFile(held, now), nil
}

// flock opens and locks a file, and reports whether no other process holds its lock. After
// an error the file is closed.
func (d *directory) flock(rel string, flag int) (f *os.File, ok bool, err error) {
	if f, err = d.openat(rel, flag, 0); err != nil {
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
