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

// TryLock locks a file in the directory, for a directory itself can't be locked.
func (OS) TryLock(dir string) (func() error, bool, error) {
	l := flock.New(filepath.Join(dir, lockName+".writer"))
	ok, err := l.TryLock()
	return l.Unlock, ok, err
}
