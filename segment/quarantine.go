package segment

import (
	"bufio"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// quarantineRange copies the bytes [from, to) of f, in the segment that begins with base,
// to quarantine/ and returns the name of the copy, which is durable. If a crash left a
// partial attempt behind, the retry produces the same file.
func quarantineRange(fsys FS, dir string, base Sequence, f io.ReaderAt, from, to Offset, mode fs.FileMode) (string, error) {
	folder := filepath.Join(dir, filename.Quarantine)
	if err := ensureDir(fsys, folder); err != nil {
		return "", err
	}
	// The bytes are read twice, because the name of the copy contains their checksum.
	sum := crc32.New(castagnoli)
	if _, err := io.Copy(sum, io.NewSectionReader(f, int64(from), int64(to-from))); err != nil {
		return "", err
	}
	name := filepath.Join(folder, quarantineName(base, from, to-from, sum.Sum32()))
	temporary := vfs.TempName(name)
	// A kill or a full disk before the rename leaves the bytes where they are, and at most a
	// temporary file that the retry overwrites.
	err := vfs.CopyRange(fsys, temporary, f, int64(from), int64(to-from), mode)
	if err == nil {
		err = fsys.Rename(temporary, name)
	}
	if err == nil {
		// The caller overwrites or removes these bytes next. If their copy's name were lost
		// in a power cut, they would be gone.
		//mutant:quarantine-the-name-of-a-file-is-not-synced
		err = fsys.SyncDir(folder)
	}
	return name, err
}

// quarantineName returns a name that says where the bytes came from: the base of the
// segment, or 0 for the source of a migration, then offset, length and checksum.
func quarantineName(base Sequence, from, n Offset, crc uint32) string {
	return fmt.Sprintf("%0*d-%d-%d-%08x", filename.Digits, base, from, n, crc)
}

// ensureDir creates a folder of the log with the mode of the log's directory and syncs
// its parent. The parent is synced even if the folder exists: the process that created
// it may have been killed before its sync, and a power cut would remove the folder with
// all files in it.
func ensureDir(fsys FS, folder string) error {
	parent := filepath.Dir(folder)
	info, err := fsys.Lstat(folder)
	if err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s: not a directory", folder)
		}
		//mutant:quarantine-the-name-of-an-existing-folder-is-not-synced
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
	//mutant:quarantine-the-name-of-a-new-folder-is-not-synced
	return fsys.SyncDir(parent)
}

// Quarantine lists the files in quarantine/, oldest segment first.
func (l *Log) Quarantine() ([]string, error) {
	entries, err := l.fs.ReadDir(filepath.Join(l.Dir, filename.Quarantine))
	if missing(err) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, asDiskError(OpRead, filepath.Join(l.Dir, filename.Quarantine), err)
}

// A quarantineWriter writes a file of quarantine/ whose length and checksum, parts of its
// name, are known only at the end.
type quarantineWriter struct {
	fs                FS
	folder, temporary string
	from, n           int64 // offset in the source, and bytes written
	file              File
	sum               hash.Hash32
	out               *bufio.Writer
}

func (q *quarantineWriter) Write(p []byte) (int, error) {
	q.n += int64(len(p))
	return q.out.Write(p)
}

func (q *quarantineWriter) Close() error {
	//mutant:make-the-quarantined-rest-of-a-source-is-not-synced
	err := errors.Join(q.out.Flush(), q.file.Sync(), q.file.Close())
	// The checksum in the name is known only at the end. A crash before the rename leaves a
	// draft, which the next NewDraft removes with all its files.
	if err == nil {
		err = q.fs.Rename(q.temporary, filepath.Join(q.folder, quarantineName(0, Offset(q.from), Offset(q.n), q.sum.Sum32())))
	}
	if err == nil {
		err = q.fs.SyncDir(q.folder)
	}
	return err
}
