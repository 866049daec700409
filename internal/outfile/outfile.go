// Package outfile writes the file that a flag names, as export --output and inspect
// --html do. A regular file is replaced atomically: afterwards it is complete and
// durable, or as it was before. Devices and pipes are written through, and a file
// inside a log is refused.
package outfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/histlog/histlog/internal/vfs"
)

// A NameError is returned for a name that is a mistake of the user: a directory, or a
// file inside a log.
type NameError struct{ reason string }

func (e *NameError) Error() string { return e.reason }

// Write calls write with a writer to the named file. The name - means stdout.
func Write(name string, stdout io.Writer, write func(io.Writer) error) error {
	if name == "-" {
		return write(stdout)
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
		name = filepath.Join(dir, filepath.Base(name))
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	if dir := logAround(name); dir != "" {
		return &NameError{fmt.Sprintf("%s belongs to the log at %s: choose another place", name, dir)}
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && isSameFile(stdout, info):
		return write(stdout)
	case errors.Is(err, fs.ErrNotExist):
		return replace(name, nil, write)
	case err != nil:
		return err
	case info.IsDir():
		return &NameError{fmt.Sprintf("%s is a directory: name a file", name)}
	case !info.Mode().IsRegular():
		return writeThrough(name, write)
	}
	return replace(name, info, write)
}

// isSameFile reports whether stdout is the file, as with --output /dev/stdout.
func isSameFile(stdout io.Writer, file fs.FileInfo) bool {
	f, ok := stdout.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && os.SameFile(file, info)
}

// markerName is the name of the file that makes a directory a log.
const markerName = "HISTLOG"

// logAround returns the directory of the log that contains the named file, or "".
func logAround(name string) string {
	dir := filepath.Dir(name)
	for range 2 { // the log's own directory, and origin/ and quarantine/ inside it
		if _, err := os.Lstat(filepath.Join(dir, markerName)); err == nil {
			return dir
		}
		dir = filepath.Join(dir, "..")
	}
	return ""
}

// writeThrough writes to a device or a pipe.
func writeThrough(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// about makes err one about the named file, if it is about the temporary file beside it, whose
// name the user does not know.
func about(name string, err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) && strings.HasPrefix(filepath.Base(e.Path), "."+filepath.Base(name)+".") {
		e.Path = name
	}
	return err
}

// replace writes to a temporary file and renames it to name. before describes the
// file that is replaced; nil means there is none.
func replace(name string, before fs.FileInfo, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return about(name, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = about(name, err)
		}
	}()
	mode := os.FileMode(0o644)
	if before != nil {
		mode = before.Mode().Perm()
		keepOwner(f, before)
	}
	// Synced before the rename: a crash after it must not leave an empty file.
	if err := errors.Join(write(f), f.Chmod(mode), f.Sync()); err != nil {
		return err
	}
	if err := errors.Join(f.Close(), vfs.OS{}.Rename(f.Name(), name)); err != nil {
		return fmt.Errorf("put %s in place: %w", name, err)
	}
	return vfs.OS{}.SyncDir(filepath.Dir(name)) // a crash before it may leave the file as it was
}
