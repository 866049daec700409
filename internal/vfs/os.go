package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotRegular is returned by OS for a directory, a FIFO or a device, which it does not open.
var ErrNotRegular = errors.New("not a regular file")

// ErrMoved is returned if a name leads to another directory than the one that is held.
var ErrMoved = errors.New("another directory has taken its place")

// OS is the file system of the machine.
type OS struct{}

type osFile struct{ *os.File }

// OpenFile implements FS.
func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	open := func(flag int) (*os.File, error) { return openPath(name, flag|openFlags, perm) }
	return openFile(name, flag, open, func(f *os.File) error {
		info, err := os.Stat(filepath.Dir(name))
		if err != nil {
			return err
		}
		return inherit(f, info, perm)
	})
}

// openFile opens a regular file by calling open with flags, and adopts a file that it has
// created.
func openFile(name string, flag int, open func(flag int) (*os.File, error), adopt func(*os.File) error) (File, error) {
	f, created, err := openOrCreate(flag, open)
	if err != nil {
		return nil, err
	}
	refresh(f)
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: ErrNotRegular}
	}
	if err == nil && created {
		err = adopt(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return osFile{f}, nil
}

// openOrCreate opens a file and reports whether it created it, which open does not tell.
// Without O_CREATE it only opens.
func openOrCreate(flag int, open func(flag int) (*os.File, error)) (f *os.File, created bool, err error) {
	if flag&os.O_CREATE == 0 {
		f, err = open(flag)
		return f, false, err
	}
	for {
		f, err = open(flag | os.O_EXCL)
		if err == nil || flag&os.O_EXCL != 0 || !errors.Is(err, fs.ErrExist) {
			return f, err == nil, err
		}
		f, err = open(flag &^ os.O_CREATE)
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
	return syncRenamed(to, func() (*os.File, error) { return os.OpenFile(to, os.O_RDONLY|openFlags, 0) })
}
