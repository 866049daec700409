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

// A directory is a directory that is held open.
type directory struct {
	name string
	root *os.Root
	file *os.File // the same directory: os.Root does not give its descriptor
	info fs.FileInfo
}

func openDir(name string) (*directory, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	d := &directory{name: name, root: root}
	if d.file, err = root.Open("."); err == nil {
		d.info, err = d.file.Stat()
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *directory) close() error {
	err := d.root.Close()
	if d.file != nil {
		err = errors.Join(err, d.file.Close())
	}
	return err
}

// current returns ErrMoved if the name of the directory now leads to another one.
func (d *directory) current() error {
	now, err := os.Stat(d.name)
	//mutant:lock-acquired-on-a-held-directory-that-was-moved
	if err == nil && !os.SameFile(d.info, now) {
		err = &fs.PathError{Op: "lock", Path: d.name, Err: ErrMoved}
	}
	return err
}

// below returns name relative to the directory, "." for the directory itself. ok is false
// if name does not begin with the directory's name, or has "..", which is resolved only by
// the kernel.
func (d *directory) below(name string) (rel string, ok bool) {
	const separator = string(filepath.Separator)
	for _, prefix := range []string{d.name, filepath.Clean(d.name)} {
		rest, found := strings.CutPrefix(name, prefix)
		if !found && prefix == "." { // filepath.Join removes it
			rest, found = separator+name, !filepath.IsAbs(name)
		}
		if !found || rest != "" && rest[0] != filepath.Separator && !strings.HasSuffix(prefix, separator) {
			continue
		}
		rel = strings.TrimLeft(rest, separator)
		if rel == "" {
			rel = "."
		}
		return rel, filepath.IsLocal(rel) && filepath.Clean(rel) == rel
	}
	return "", false
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

// path returns the name of a file, for messages.
func (d *directory) path(rel string) string { return filepath.Join(d.name, rel) }

// at calls fn with the open folder that holds rel, and the last part of rel. A folder that
// is a link is refused.
func (d *directory) at(rel string, fn func(folder int, last string) error) error {
	folder, last := filepath.Split(rel)
	if folder == "" {
		return fn(int(d.file.Fd()), last)
	}
	f, err := d.openat(filepath.Clean(folder), unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return fn(int(f.Fd()), last)
}

// openat opens a name relative to the directory. It follows no link.
func (d *directory) openat(rel string, flag int, perm fs.FileMode) (f *os.File, err error) {
	err = d.at(rel, func(folder int, last string) error {
		for {
			//mutant:hold-a-link-is-followed
			fd, err := unix.Openat(folder, last, flag|openFlags|unix.O_CLOEXEC, uint32(perm))
			switch {
			case err == nil:
				f = os.NewFile(uintptr(fd), d.path(rel))
				return nil
			case !errors.Is(err, unix.EINTR):
				return &fs.PathError{Op: "open", Path: d.path(rel), Err: err}
			}
		}
	})
	return f, err
}

// inherit gives a new file or folder the owner of the one that holds it.
func (d *directory) inherit(f *os.File, rel string, perm fs.FileMode) error {
	info, err := d.root.Lstat(filepath.Dir(rel))
	if err != nil {
		return err
	}
	return inherit(f, info, perm)
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

func (d *directory) mkdir(rel string, perm fs.FileMode) error {
	if err := d.root.Mkdir(rel, 0o755); err != nil {
		return renamed(err, "mkdir", d.path(rel))
	}
	f, err := d.openat(rel, unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	made, err := f.Stat()
	if err != nil {
		return err
	}
	// Another account may have put a directory in the place of the new one. That one stays as
	// it is, as does one on a file system that chooses the owner itself.
	//mutant:hold-a-directory-that-was-not-made-is-given-away
	if !owned(made) {
		return nil
	}
	if perm == 0 { // as the umask made it
		perm = made.Mode().Perm()
	}
	return d.inherit(f, rel, perm|made.Mode()&fs.ModeSetgid)
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

// TryLock implements FS with flock.
func (h *holder) TryLock(name string) (func() error, bool, error) {
	d, rel := h.find(name)
	if d == nil {
		return h.OS.TryLock(name)
	}
	f, err := d.openat(rel, os.O_RDONLY, 0)
	if err != nil {
		return nil, false, err
	}
	ok, err := flockFile(f)
	if ok {
		ok, err = d.leadsTo(rel, f)
	}
	if !ok {
		return nil, false, errors.Join(err, f.Close())
	}
	return sync.OnceValue(func() error {
		// The close alone does not unlock: a child between fork and exec has a copy of the
		// descriptor, and would hold the lock until exec.
		return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close())
	}), true, nil
}

// leadsTo reports whether a name still leads to the open file. The lock of a file that was
// replaced excludes no process: the new file has a lock of its own.
func (d *directory) leadsTo(rel string, f *os.File) (bool, error) {
	if rel == "." {
		err := d.current()
		return err == nil, err
	}
	held, err := f.Stat()
	if err != nil {
		return false, err
	}
	now, err := d.root.Lstat(rel)
	//mutant:lock-acquired-on-a-replaced-file-of-a-held-directory
	return err == nil && os.SameFile(held, now), nil
}

// flockFile locks an open file, and reports whether no other process holds its lock.
func flockFile(f *os.File) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
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

// renamed gives an error of os.Root the operation and the full name, as package os has
// them.
func renamed(err error, op, name string) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return &fs.PathError{Op: op, Path: name, Err: path.Err}
	}
	return err
}
