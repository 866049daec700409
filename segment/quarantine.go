package segment

import (
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/histlog/histlog/internal/vfs"
)

// quarantineRange copies the bytes [from, to) of f, in the segment that begins
// with base, to quarantine/ and makes the copy durable under its name. It
// returns the name. A copy left by an attempt that a crash ended is the same.
func quarantineRange(fsys FS, dir string, base Sequence, f io.ReaderAt, from, to Offset, mode fs.FileMode) (string, error) {
	folder := filepath.Join(dir, QuarantineName)
	if err := ensureDir(fsys, folder); err != nil {
		return "", err
	}
	sum := crc32.New(castagnoli)
	if _, err := io.Copy(sum, io.NewSectionReader(f, int64(from), int64(to-from))); err != nil {
		return "", err
	}
	name := filepath.Join(folder, quarantineName(base, from, to-from, sum.Sum32()))
	temporary := filepath.Join(folder, "."+filepath.Base(name)+".tmp")
	err := vfs.CopyRange(fsys, temporary, f, int64(from), int64(to-from), mode)
	if err == nil {
		err = fsys.Rename(temporary, name)
	}
	if err == nil {
		//mutant:quarantine-its-name-is-not-synced
		err = fsys.SyncDir(folder)
	}
	return name, err
}

// quarantineName tells where bytes came from: the segment's base, or 0 for the
// source of a migration, offset and length, and their checksum.
func quarantineName(base Sequence, from, n Offset, crc uint32) string {
	return fmt.Sprintf("%0*d-%d-%d-%08x", baseDigits, base, from, n, crc)
}

// ensureDir makes a folder of the log with the log's own mode, if it is missing, and
// its name durable. Whoever made one that is there may have been killed before that:
// a power cut would take it away with all that is in it.
func ensureDir(fsys FS, folder string) error {
	parent := filepath.Dir(folder)
	info, err := fsys.Lstat(folder)
	if err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s: not a directory", folder)
		}
		//mutant:quarantine-the-name-of-a-folder-that-is-there-is-not-synced
		return fsys.SyncDir(parent)
	}
	if !missing(err) {
		return err
	}
	above, err := fsys.Lstat(parent)
	if err != nil {
		return err
	}
	if err := fsys.Mkdir(folder, above.Mode().Perm()); err != nil {
		return err
	}
	//mutant:quarantine-the-folders-name-is-not-synced
	return fsys.SyncDir(parent)
}
