package segment

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

const openFlags = 0

func inherit(*os.File, string, fs.FileMode) error { return nil }
func inheritDir(string, fs.FileMode) error        { return nil }

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
