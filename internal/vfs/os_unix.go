//go:build unix

package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// openFlags make open refuse a symbolic link and never wait for the other end of a FIFO.
const openFlags = unix.O_NOFOLLOW | unix.O_NONBLOCK

func openPath(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag, perm)
}

func renamePath(from, to string) error { return os.Rename(from, to) }

// Remove implements FS.
func (OS) Remove(name string) error { return os.Remove(name) }

// inherit gives a new file exactly perm, whatever the umask, and the owner of the directory
// parent, so that the pipeline can write what root created.
func inherit(f *os.File, parent fs.FileInfo, perm fs.FileMode) error {
	if err := f.Chmod(perm); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	owner := parent.Sys().(*syscall.Stat_t)
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

// Trusted reports whether a file belongs to the account of this process or to root: no other
// account has written it.
func Trusted(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t) // not so on a simulated disk
	return !ok || s.Uid == 0 || int(s.Uid) == os.Geteuid()
}

// owned reports whether a file belongs to this process.
func owned(info fs.FileInfo) bool { return int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid() }

// Mkdir implements FS. Owner and mode are set through the open directory: by its name,
// another account could replace it before.
func (OS) Mkdir(name string, perm fs.FileMode) error {
	name = filepath.Clean(name)
	d, err := openDir(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(d.mkdir(filepath.Base(name), perm), d.close())
}

// Link implements FS. It does not follow a symbolic link.
func (OS) Link(from, to string) error { return os.Link(from, to) }

// Links implements FS with the link count of the inode.
func (OS) Links(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Nlink) }

// SyncDir implements FS.
func (OS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// TryLock implements FS with flock.
func (OS) TryLock(name string) (func() error, bool, error) {
	open := func(flag int) (*os.File, error) { return os.OpenFile(name, flag, 0) }
	return tryLock(open, func(f *os.File) (bool, error) {
		held, err := f.Stat()
		if err != nil {
			return false, err
		}
		// The lock of a file that was replaced since it was opened excludes no process: the new
		// file has a lock of its own.
		now, err := os.Stat(name)
		//mutant:lock-acquired-on-a-directory-that-was-replaced
		return err == nil && os.SameFile(held, now), nil
	})
}
