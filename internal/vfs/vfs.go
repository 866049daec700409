// Package vfs is the file system as a log sees it. All file access of package
// segment goes through [FS], so that a test can simulate any disk: [OS] is the
// machine's own file system, and package faultfs has one in memory that fails and
// loses power on request.
//
// The functions of this package build the usual durable operations from the
// few that FS has: read a small file, replace a file atomically, copy a file.
package vfs

import (
	"io"
	"io/fs"
)

// LockName is a file that exists on Windows while a lock is held, in the directory of the
// lock. Windows cannot lock a directory, and on some of its file systems a file cannot be
// replaced while it is open for its lock.
const LockName = ".lock"

// FS is everything that a log asks of a file system. Errors are those of
// package os, or wrap them.
type FS interface {
	// OpenFile opens a regular file and refuses anything else without blocking.
	// A file that it creates (os.O_CREATE) gets its directory's owner and exactly perm.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Lstat returns the file info of name. It does not follow a symbolic link.
	Lstat(name string) (fs.FileInfo, error)
	// SameFile reports whether two infos describe the same file.
	SameFile(a, b fs.FileInfo) bool
	// ReadDir returns the entries of a directory, sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Mkdir creates a directory with its parent's owner and exactly perm; a perm
	// of 0 means 0755 less the umask.
	Mkdir(name string, perm fs.FileMode) error
	// Rename gives a file another name and replaces the file that had that name.
	Rename(from, to string) error
	// Link gives a file a second name. It fails on a file system without hard links,
	// and where the two names are on different file systems.
	Link(from, to string) error
	// Links returns how many names a file has, as far as the file system tells.
	Links(info fs.FileInfo) int
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// SyncDir makes the entries of a directory durable.
	SyncDir(name string) error
	// TryLock takes an exclusive lock on a directory or a file. The lock ends with the
	// process. ok is false if another process holds the lock, or if name leads to
	// another file by the time the lock is held.
	TryLock(name string) (unlock func() error, ok bool, err error)
}

// File is an open regular file.
type File interface {
	io.Reader
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Stat returns the file info.
	Stat() (fs.FileInfo, error)
	// Sync makes the bytes and the metadata of the file durable, but not its name.
	Sync() error
	// Datasync makes the bytes durable, and of the metadata what is needed to find them.
	Datasync() error
	// Truncate changes the length of the file.
	Truncate(size int64) error
}
