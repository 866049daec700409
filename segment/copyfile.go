package segment

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// copyFile copies a file to another name, which may be its own. The copy gets that
// name with one rename, when its bytes are durable. Its name is durable after the
// next SyncDir of its directory.
func copyFile(fsys FS, from, to string, mode os.FileMode) (err error) {
	f, err := fsys.OpenFile(from, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	//mutant:archive-written-under-its-name
	temporary := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".tmp")
	if err := copyRange(fsys, temporary, io.ReaderAt(f), 0, info.Size(), mode); err != nil {
		return err
	}
	// Written under its own name, half of the file could be taken for all of it after a crash.
	if err := fsys.Rename(temporary, to); err != nil {
		return errors.Join(err, fsys.Remove(temporary))
	}
	return nil
}

// unshare gives the segment that is about to be written files that have no other
// name. Others have one if the segment was sealed when a snapshot was made, and
// what followed it is gone since: a snapshot never changes.
func (w *Writer) unshare(base Sequence) error {
	for _, name := range []string{TextName(base), IndexName(base)} {
		path := filepath.Join(w.dir, name)
		info, err := w.fs.Lstat(path)
		if missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		//mutant:recover-a-shared-file-is-written-to
		if !info.Mode().IsRegular() || w.fs.Links(info) < 2 {
			continue
		}
		if err := copyFile(w.fs, path, path, w.mode); err != nil {
			return err
		}
		// Without it a power cut could bring the shared file back, without what is
		// acknowledged in the copy.
		//mutant:recover-the-name-of-what-was-shared-is-not-synced
		if err := w.fs.SyncDir(w.dir); err != nil {
			return err
		}
	}
	return nil
}
