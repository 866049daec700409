package segment

import (
	"errors"
	"os"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// Size returns how many bytes the log takes on disk: all files of its segments, their
// indexes, origin/ and quarantine/. It leaves out HISTLOG, LOCK and the other small files.
func (l *Log) Size() (n int64, err error) {
	if n, err = l.diskBytes(l.Segments); err != nil {
		return 0, err
	}
	for _, s := range l.Segments {
		size, err := l.SupersededBytes(s)
		if err != nil {
			return 0, err
		}
		n += size
	}
	for _, folder := range []string{filename.Origin, filename.Quarantine} {
		size, err := l.folderBytes(folder)
		if err != nil {
			return 0, err
		}
		n += size
	}
	return n, nil
}

// DiskBytes returns how many bytes all files of a segment take, and its index in both
// forms.
func (l *Log) DiskBytes(s Segment) (n int64, err error) {
	paths := []string{s.Path, l.path(s.stem().index()), l.path(s.stem().smallIndex())}
	if s.Copy {
		others, err := l.others(s)
		if err != nil {
			return 0, err
		}
		for _, other := range others {
			paths = append(paths, other.Path)
		}
	}
	for _, path := range paths {
		size, err := vfs.Size(l.fs, path)
		// A segment has some of these files only, and Compress may replace one at any moment.
		if err != nil && !missing(err) {
			return 0, asDiskError(OpRead, path, err)
		}
		n += size
	}
	return n, nil
}

// SupersededBytes returns how many bytes the files take that a merged segment supersedes.
// DiskBytes leaves them out. Merge removes them.
func (l *Log) SupersededBytes(s Segment) (int64, error) {
	if !s.Supersedes() {
		return 0, nil
	}
	parts, err := l.supersededBy(s)
	if err != nil {
		return 0, asDiskError(OpRead, l.Dir, err)
	}
	return l.diskBytes(parts)
}

// diskBytes returns how many bytes all files of several segments take.
func (l *Log) diskBytes(segments []Segment) (n int64, err error) {
	for _, s := range segments {
		size, err := l.DiskBytes(s)
		if err != nil {
			return 0, err
		}
		n += size
	}
	return n, nil
}

// folderBytes returns how many bytes the files in a folder of the log take. A file that
// is removed while the folder is read counts as 0.
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
	return n, asDiskError(OpRead, l.path(folder), err)
}
