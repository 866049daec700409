package testutil

import (
	"io/fs"

	"github.com/histlog/histlog/internal/vfs"
)

// A CountingFS is the file system of the machine that counts the opens and the reads at
// an offset.
type CountingFS struct {
	vfs.OS
	Calls *int
}

type countingFile struct {
	vfs.File
	calls *int
}

// OpenFile implements vfs.FS.
func (f CountingFS) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	*f.Calls++
	opened, err := f.OS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return countingFile{opened, f.Calls}, nil
}

// ReadAt implements vfs.File.
func (f countingFile) ReadAt(b []byte, off int64) (int, error) {
	*f.calls++
	return f.File.ReadAt(b, off)
}
