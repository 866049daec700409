package segment

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

// Link is refused: Links could not tell that a file has a second name.
func (OS) Link(from, to string) error {
	return &os.LinkError{Op: "link", Old: from, New: to, Err: errors.ErrUnsupported}
}

// Links knows of one name only.
func (OS) Links(fs.FileInfo) int { return 1 }

// SyncDir does nothing: Windows writes directory entries through.
func (OS) SyncDir(string) error { return nil }

// TryLock locks a file in the directory, or one beside a file: a directory
// can't be locked, and a locked file could not be read.
func (OS) TryLock(name string) (func() error, bool, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, false, err
	}
	lock := name + ".lock"
	if info.IsDir() {
		lock = filepath.Join(name, lockName+".writer")
	}
	l := flock.New(lock)
	ok, err := l.TryLock()
	return l.Unlock, ok, err
}
