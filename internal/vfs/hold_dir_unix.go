//go:build unix

package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

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

// renamed gives an error of os.Root the operation and the full name, as package os has
// them.
func renamed(err error, op, name string) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return &fs.PathError{Op: op, Path: name, Err: path.Err}
	}
	return err
}
