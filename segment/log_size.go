package segment

import (
	"errors"
	"os"

	"github.com/histlog/histlog/internal/vfs"
)

// Size returns how many bytes the log takes on disk: its segments in all their
// files, their indexes, origin/ and quarantine/. The small files that histlog keeps
// for itself are left out.
func (l *Log) Size() (n int64, err error) {
	for _, s := range l.Segments {
		size, err := l.DiskBytes(s)
		if err != nil {
			return 0, err
		}
		n += size
	}
	for _, folder := range []string{OriginName, QuarantineName} {
		size, err := l.folderBytes(folder)
		if err != nil {
			return 0, err
		}
		n += size
	}
	return n, nil
}

// folderBytes returns how much the files in a folder of the log take. One that
// vanishes meanwhile takes nothing.
func (l *Log) folderBytes(folder string) (n int64, err error) {
	entries, err := l.fs.ReadDir(l.path(folder))
	if missing(err) {
		return 0, nil
	}
	for _, e := range entries {
		size, e2 := vfs.Size(l.fs, l.path(folder)+string(os.PathSeparator)+e.Name())
		if e2 != nil && !missing(e2) {
			err = errors.Join(err, e2)
		}
		n += size
	}
	return n, err
}
