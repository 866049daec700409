package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// writeTo writes to the file that a flag names, which is then there whole and
// durable, or as it was before. Through what is no regular file, a device or a
// pipe, it writes; - is standard output. A file of a log is refused.
func writeTo(c *cli.Context, name string, write func(io.Writer) error) error {
	if name == "-" {
		return write(c.App.Writer)
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
		name = filepath.Join(dir, filepath.Base(name))
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	if dir := logAround(name); dir != "" {
		return usage(c.Command.Name, "%s belongs to the log at %s: choose another place", name, dir)
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && isOutput(c, info):
		return write(c.App.Writer)
	case errors.Is(err, fs.ErrNotExist):
		return atomically(name, nil, write)
	case err != nil:
		return err
	case info.IsDir():
		return usage(c.Command.Name, "%s is a directory: name a file", name)
	case !info.Mode().IsRegular():
		return through(name, write)
	}
	return atomically(name, info, write)
}

// isOutput says whether a file is standard output, by whatever name.
func isOutput(c *cli.Context, info fs.FileInfo) bool {
	f, ok := c.App.Writer.(*os.File)
	if !ok {
		return false
	}
	out, err := f.Stat()
	return err == nil && os.SameFile(info, out)
}

// logAround returns the directory of the log that a file would be in; "": none.
func logAround(name string) string {
	dir := filepath.Dir(name)
	for range 2 { // its own directory, and origin/ and quarantine/
		if _, err := os.Lstat(filepath.Join(dir, "HISTLOG")); err == nil {
			return dir
		}
		dir = filepath.Join(dir, "..")
	}
	return ""
}

// through writes to a device or a pipe.
func through(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// atomically puts a file in the place of what was there.
func atomically(name string, was fs.FileInfo, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	mode := os.FileMode(0o644)
	if was != nil {
		mode = was.Mode().Perm()
		keepOwner(f, was)
	}
	if err := errors.Join(write(f), f.Chmod(mode), f.Sync()); err != nil {
		return err
	}
	if err := errors.Join(f.Close(), os.Rename(f.Name(), name)); err != nil {
		return fmt.Errorf("put %s in place: %w", name, err)
	}
	return segment.OS{}.SyncDir(filepath.Dir(name))
}
