package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotRegular is returned by OS for a directory, a FIFO or a device, which it does not open.
var ErrNotRegular = errors.New("not a regular file")

// OS is the file system of the machine.
type OS struct{}

type osFile struct{ *os.File }

// OpenFile implements FS.
func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, created, err := openOrCreate(name, flag|openFlags, perm)
	if err != nil {
		return nil, err
	}
	refresh(f)
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: ErrNotRegular}
	}
	if err == nil && created {
		err = inherit(f, filepath.Dir(name), perm)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return osFile{f}, nil
}

// openOrCreate opens a file and reports whether it created it, which openPath does not
// tell. Without O_CREATE it only opens.
func openOrCreate(name string, flag int, perm fs.FileMode) (f *os.File, created bool, err error) {
	if flag&os.O_CREATE == 0 {
		f, err = openPath(name, flag, perm)
		return f, false, err
	}
	for {
		f, err = openPath(name, flag|os.O_EXCL, perm)
		if err == nil || flag&os.O_EXCL != 0 || !errors.Is(err, fs.ErrExist) {
			return f, err == nil, err
		}
		f, err = openPath(name, flag&^os.O_CREATE, perm)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, false, err
		}
		// The file was removed between the two calls: create it after all.
	}
}

// SameFile implements FS.
func (OS) SameFile(a, b fs.FileInfo) bool { return os.SameFile(a, b) }

// ReadDir implements FS.
func (OS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

// Rename implements FS.
func (OS) Rename(from, to string) error {
	if err := renamePath(from, to); err != nil {
		return err
	}
	return syncRenamed(to)
}

// Mkdir implements FS.
func (OS) Mkdir(name string, perm fs.FileMode) error {
	if err := os.Mkdir(name, 0o755); err != nil {
		return err
	}
	return inheritDir(name, perm)
}
