package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrTooLong is returned by ReadFile for a file that is larger than its limit.
var ErrTooLong = errors.New("too long")

// ReadFile reads a whole file of at most limit bytes.
func ReadFile(fsys FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("read %s: %w: more than %d bytes", name, ErrTooLong, limit)
	}
	return b, err
}

// TempName returns the temporary name under which the file name is written before it is
// renamed.
func TempName(name string) string {
	return filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".tmp")
}

// ReplaceFile writes a temporary file and renames it to name: a reader of name sees
// either the old bytes or the new ones, even after a power cut.
func ReplaceFile(fsys FS, name string, b []byte, perm fs.FileMode) error {
	//mutant:replace-written-in-place
	temporary := TempName(name)
	// WriteFile syncs the bytes before the rename: otherwise a power cut could leave
	// the name of a file that is empty or torn.
	if err := WriteFile(fsys, temporary, b, perm); err != nil {
		return err
	}
	if err := fsys.Rename(temporary, name); err != nil {
		return errors.Join(err, fsys.Remove(temporary))
	}
	// A power cut before this may bring the old file back.
	//mutant:replace-the-directory-is-not-synced
	return fsys.SyncDir(filepath.Dir(name))
}

// WriteFile creates or overwrites a file and makes its bytes durable, but not its name.
func WriteFile(fsys FS, name string, b []byte, perm fs.FileMode) error {
	return create(fsys, name, perm, func(f File) error {
		_, err := f.WriteAt(b, 0)
		return err
	})
}

// CopyRange writes the n bytes of r that begin at offset from to a new file and
// makes its bytes durable, but not its name.
func CopyRange(fsys FS, name string, r io.ReaderAt, from, n int64, perm fs.FileMode) error {
	return create(fsys, name, perm, func(f File) error {
		_, err := io.Copy(io.NewOffsetWriter(f, 0), io.NewSectionReader(r, from, n))
		return err
	})
}

// create creates or truncates a file, calls write to fill it, and syncs it. After an
// error it removes the file.
func create(fsys FS, name string, perm fs.FileMode, write func(File) error) (err error) {
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
	if err := write(f); err != nil {
		return err
	}
	// The caller renames the file or relies on it: without the sync a power cut could
	// leave its name without its bytes.
	//mutant:replace-the-file-is-not-synced
	return f.Sync()
}

// CopyFile copies a file to another name, or to its own, which separates it from
// its other hard links. The new name appears with one rename once the bytes are
// durable; the name is durable after the next SyncDir of its directory.
func CopyFile(fsys FS, from, to string, perm fs.FileMode) (err error) {
	f, err := fsys.OpenFile(from, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	//mutant:archive-a-file-is-written-under-its-final-name
	temporary := TempName(to)
	if err := CopyRange(fsys, temporary, f, 0, info.Size(), perm); err != nil {
		return err
	}
	// Written under its own name, half of the file could pass for all of it after a crash.
	if err := fsys.Rename(temporary, to); err != nil {
		return errors.Join(err, fsys.Remove(temporary))
	}
	return nil
}

// EachEntry calls fn for each entry of a directory, in no order. Of a large directory it
// holds few entries at a time, where ReadDir holds and sorts all of them.
func EachEntry(fsys FS, name string, fn func(fs.DirEntry)) error {
	const chunk = 1024
	d, err := openFolder(fsys, name)
	if d == nil && err == nil {
		entries, err := fsys.ReadDir(name)
		for _, e := range entries {
			fn(e)
		}
		return err
	}
	if err != nil {
		return err
	}
	defer d.Close() // it was only read
	for {
		entries, err := d.ReadDir(chunk)
		for _, e := range entries {
			fn(e)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Size returns the length of a file.
func Size(fsys FS, name string) (int64, error) {
	info, err := fsys.Lstat(name)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// FileMode returns the mode of new files in dir: the directory's, without its execute bits.
func FileMode(fsys FS, dir string) (fs.FileMode, error) {
	info, err := fsys.Lstat(dir + string(filepath.Separator) + ".") // through a symbolic link
	if err != nil {
		return 0, err
	}
	return info.Mode().Perm() & 0o666, nil
}

// RemoveIfExists removes a file. A missing file is not an error.
func RemoveIfExists(fsys FS, name string) error {
	if err := fsys.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
