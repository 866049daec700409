package segment

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is all that a log asks of a file system, so that a test can play every
// disk there is. Errors are those of package os, or like them.
type FS interface {
	// OpenFile opens a regular file and refuses anything else without blocking.
	// A new one (os.O_CREATE) gets the directory's owner and exactly perm.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	Lstat(name string) (fs.FileInfo, error)
	SameFile(a, b fs.FileInfo) bool
	ReadDir(name string) ([]fs.DirEntry, error)
	// Mkdir makes a directory with its parent's owner, and exactly perm; 0
	// is 0755 less the umask.
	Mkdir(name string, perm fs.FileMode) error
	Rename(from, to string) error
	// Link gives a file a second name. A file system that has no such names, or not
	// between these two directories, returns an error.
	Link(from, to string) error
	// Links returns how many names a file has, as far as the file system tells.
	Links(info fs.FileInfo) int
	Remove(name string) error
	// SyncDir makes the entries of a directory durable.
	SyncDir(name string) error
	// TryLock takes an exclusive lock on a directory or a file, which ends with
	// the process, and says whether it got it, and on what the name leads to.
	TryLock(name string) (unlock func() error, ok bool, err error)
}

// File is an open regular file. Sync makes its bytes and its metadata durable;
// Datasync its bytes and what is needed to find them.
type File interface {
	io.Reader
	io.ReaderAt
	io.WriterAt
	io.Closer
	Stat() (fs.FileInfo, error)
	Sync() error
	Datasync() error
	Truncate(size int64) error
}

// OS is the file system of the machine.
type OS struct{}

type osFile struct{ *os.File }

func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, made, err := openOrMake(name, flag|openFlags, perm)
	if err != nil {
		return nil, err
	}
	refresh(f)
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	if err == nil && made {
		err = inherit(f, filepath.Dir(name), perm)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return osFile{f}, nil
}

// openOrMake opens a file and says whether it made it. One that is removed
// between the two is made.
func openOrMake(name string, flag int, perm fs.FileMode) (f *os.File, made bool, err error) {
	if flag&os.O_CREATE == 0 {
		f, err = os.OpenFile(name, flag, perm)
		return f, false, err
	}
	for {
		f, err = os.OpenFile(name, flag|os.O_EXCL, perm)
		if err == nil || flag&os.O_EXCL != 0 || !errors.Is(err, fs.ErrExist) {
			return f, err == nil, err
		}
		f, err = os.OpenFile(name, flag&^os.O_CREATE, perm)
		if !missing(err) {
			return f, false, err
		}
	}
}

func (OS) SameFile(a, b fs.FileInfo) bool             { return os.SameFile(a, b) }
func (OS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (OS) Rename(from, to string) error               { return os.Rename(from, to) }
func (OS) Remove(name string) error                   { return os.Remove(name) }

func (OS) Mkdir(name string, perm fs.FileMode) error {
	if err := os.Mkdir(name, 0o755); err != nil {
		return err
	}
	return inheritDir(name, perm)
}

// errTooLong: a small file is larger than it can be.
var errTooLong = errors.New("too long")

// readFile reads a whole small file, of at most limit bytes.
func readFile(fsys FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("read %s: %w: more than %d bytes", name, errTooLong, limit)
	}
	return b, err
}

// replaceFile puts a file in place with one rename: whoever reads name sees
// all of the old bytes or all of the new ones, also after a power cut.
func replaceFile(fsys FS, name string, b []byte, perm fs.FileMode) error {
	dir := filepath.Dir(name)
	//mutant:replace-written-in-place
	temporary := filepath.Join(dir, "."+filepath.Base(name)+".tmp")
	if err := writeFile(fsys, temporary, b, perm); err != nil {
		return err
	}
	if err := fsys.Rename(temporary, name); err != nil {
		return errors.Join(err, fsys.Remove(temporary))
	}
	//mutant:replace-the-directory-is-not-synced
	return fsys.SyncDir(dir)
}

// writeFile makes or overwrites a file and makes its bytes durable, but not its name.
func writeFile(fsys FS, name string, b []byte, perm fs.FileMode) (err error) {
	f, err := fsys.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, fsys.Remove(name))
		}
	}()
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	//mutant:replace-the-file-is-not-synced
	return f.Sync()
}
