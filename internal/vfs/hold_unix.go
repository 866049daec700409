//go:build unix

package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Hold opens the directory dir and returns fsys with every name below dir resolved from
// the open directory: afterwards nobody can lead an operation out of it by renaming the
// directory or by a symbolic link. No link below dir is followed. release closes the
// directory; without it the garbage collector does.
//
// Only OS, or an FS that Hold returned, can hold a directory. Hold returns any other FS
// as it is, and an FS that holds dir already.
func Hold(fsys FS, dir string) (held FS, release func() error, err error) {
	nothing := func() error { return nil }
	outer, isHeld := fsys.(*holder)
	if _, plain := fsys.(OS); !isHeld && !plain || isHeld && outer.holds(dir) {
		return fsys, nothing, nil
	}
	d, err := openDir(dir)
	if err != nil {
		return nil, nil, err
	}
	h := &holder{dirs: []*directory{d}}
	if isHeld {
		h.dirs = append(h.dirs, outer.dirs...)
	}
	return h, sync.OnceValue(d.close), nil
}

// Moved reports whether fsys holds dir, and the name dir now leads elsewhere.
func Moved(fsys FS, dir string) bool {
	h, ok := fsys.(*holder)
	return ok && h.holds(dir) && h.dirs[h.index(dir)].current() != nil
}

// ByName returns fsys without the directories that it holds: it resolves every name again.
func ByName(fsys FS) FS {
	if _, ok := fsys.(*holder); ok {
		return OS{}
	}
	return fsys
}

// A holder is OS with some directories held open. A name outside of them is resolved as by
// OS.
type holder struct {
	OS
	dirs []*directory
}

// index returns the index in dirs of the held directory that is name, or -1.
func (h *holder) index(name string) int {
	return slices.IndexFunc(h.dirs, func(d *directory) bool { return filepath.Clean(d.name) == filepath.Clean(name) })
}

func (h *holder) holds(dir string) bool { return h.index(dir) >= 0 }

// find returns the held directory that name is below, or nil.
func (h *holder) find(name string) (*directory, string) {
	for _, d := range h.dirs {
		if rel, ok := d.below(name); ok {
			return d, rel
		}
	}
	return nil, ""
}

// OpenFile implements FS.
func (h *holder) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	d, rel := h.find(name)
	if d == nil {
		return h.OS.OpenFile(name, flag, perm)
	}
	return openFile(name, flag, func(flag int) (*os.File, error) { return d.openat(rel, flag, perm) },
		func(f *os.File) error { return d.inherit(f, rel, perm) })
}

// Lstat implements FS.
func (h *holder) Lstat(name string) (fs.FileInfo, error) {
	d, rel := h.find(name)
	if d == nil {
		return h.OS.Lstat(name)
	}
	refreshAt(d.file, rel)
	info, err := d.root.Lstat(rel)
	return info, renamed(err, "lstat", name)
}

// ReadDir implements FS.
func (h *holder) ReadDir(name string) ([]fs.DirEntry, error) {
	d, rel := h.find(name)
	if d == nil {
		return h.OS.ReadDir(name)
	}
	f, err := d.openat(rel, unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// openFolder opens a directory of the machine's own file system. f is nil if fsys is
// another one.
func openFolder(fsys FS, name string) (f *os.File, err error) {
	switch fsys := fsys.(type) {
	case OS:
		return os.Open(name)
	case *holder:
		if d, rel := fsys.find(name); d != nil {
			return d.openat(rel, unix.O_DIRECTORY, 0)
		}
		return os.Open(name)
	}
	return nil, nil
}

// Mkdir implements FS.
func (h *holder) Mkdir(name string, perm fs.FileMode) error {
	d, rel := h.find(name)
	if d == nil {
		return h.OS.Mkdir(name, perm)
	}
	return d.mkdir(rel, perm)
}

// Rename implements FS.
func (h *holder) Rename(from, to string) error {
	d, old := h.find(from)
	e, rel := h.find(to)
	if d == nil || d != e {
		return h.OS.Rename(from, to)
	}
	err := d.root.Rename(old, rel)
	var link *os.LinkError
	if errors.As(err, &link) {
		err = &os.LinkError{Op: "rename", Old: from, New: to, Err: link.Err}
	}
	if err != nil {
		return err
	}
	return syncRenamed(to, func() (*os.File, error) { return d.openat(rel, os.O_RDONLY, 0) })
}

// Link implements FS. It does not follow a symbolic link.
func (h *holder) Link(from, to string) error {
	d, old := h.find(from)
	e, rel := h.find(to)
	if d == nil || e == nil {
		return h.OS.Link(from, to)
	}
	return d.at(old, func(folder int, last string) error {
		return e.at(rel, func(other int, name string) error {
			if err := unix.Linkat(folder, last, other, name, 0); err != nil {
				return &os.LinkError{Op: "link", Old: from, New: to, Err: err}
			}
			return nil
		})
	})
}

// Remove implements FS.
func (h *holder) Remove(name string) error {
	d, rel := h.find(name)
	if d == nil || rel == "." { // the directory itself is an entry of its parent
		return h.OS.Remove(name)
	}
	return renamed(d.root.Remove(rel), "remove", name)
}

// SyncDir implements FS.
func (h *holder) SyncDir(name string) error {
	d, rel := h.find(name)
	if d == nil {
		return h.OS.SyncDir(name)
	}
	f, err := d.openat(rel, unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// NameOf returns a name by which a library opens the very file that is open as f.
func NameOf(f File) (string, error) {
	file, ok := f.(osFile)
	if !ok {
		return "", errors.ErrUnsupported
	}
	name := fmt.Sprintf("/dev/fd/%d", file.Fd())
	own, err := file.Stat()
	if err != nil {
		return "", err
	}
	now, err := os.Stat(name)
	if err == nil && !os.SameFile(own, now) { // as in a chroot
		err = errors.ErrUnsupported
	}
	return name, err
}
