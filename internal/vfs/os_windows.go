package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

const openFlags = 0

func inherit(*os.File, string, fs.FileMode) error { return nil }
func inheritDir(string, fs.FileMode) error        { return nil }

// Link implements FS. It always fails, because Links could not tell that a file
// has a second name.
func (OS) Link(from, to string) error {
	return &os.LinkError{Op: "link", Old: from, New: to, Err: errors.ErrUnsupported}
}

// Links implements FS.
func (OS) Links(fs.FileInfo) int { return 1 }

// SyncDir implements FS. It does nothing: Windows writes directory entries through.
func (OS) SyncDir(string) error { return nil }

// dirLock is the file in a directory that is locked in its place.
const dirLock = "LOCK.writer"

// TryLock implements FS. It locks a file in the directory, or one beside a file: a
// directory cannot be locked, and a locked file could not be read.
func (OS) TryLock(name string) (func() error, bool, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, false, err
	}
	lock := name + ".lock"
	if info.IsDir() {
		lock = filepath.Join(name, dirLock)
	}
	l := flock.New(lock)
	ok, err := l.TryLock()
	return l.Unlock, ok, err
}
