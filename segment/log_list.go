package segment

import (
	"cmp"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// A listedFile is a file of a segment as its directory lists it. A log has many of them,
// so it takes 24 bytes.
type listedFile struct {
	stem
	codec     Codec
	irregular bool // the file is not a regular file
	index     bool // the file is an index, and codec means nothing
}

// listFiles lists the files of segments in a directory, in no order. It lists the texts,
// and also the indexes if withIndexes is set.
func listFiles(fsys FS, dir string, withIndexes bool) (files []listedFile, err error) {
	err = vfs.EachEntry(fsys, dir, func(e fs.DirEntry) {
		n, suffix, ours := parseName(e.Name())
		if !ours {
			return
		}
		codec, text := filename.CodecOf(suffix)
		if text || withIndexes {
			files = append(files, listedFile{n, codec, !e.Type().IsRegular(), !text})
		}
	})
	return files, err
}

// compareListed orders segments by their bases, a merged one before those that it
// supersedes, and the files of one segment by preference: texts, then indexes, then what is
// not a regular file.
func compareListed(a, b listedFile) int {
	rank := func(f listedFile) int {
		switch {
		case f.irregular:
			return 2
		case f.index:
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.base, b.base), cmp.Compare(b.end, a.end), cmp.Compare(rank(a), rank(b)), cmp.Compare(a.codec, b.codec))
}

// listSegments lists the segments of a directory in order.
func listSegments(fsys FS, dir string) ([]Segment, error) {
	files, err := listFiles(fsys, dir, false)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, compareListed)
	return segmentsOf(dir, files), nil
}

// segmentsOf returns the segments that files sorted by compareListed, all of them texts,
// belong to.
func segmentsOf(dir string, files []listedFile) []Segment {
	prefix := filepath.Join(dir, " ")
	prefix = prefix[:len(prefix)-1]
	segments := make([]Segment, 0, len(files))
	for _, f := range files {
		if n := len(segments); n > 0 && segments[n-1].stem() == f.stem {
			segments[n-1].Copy = segments[n-1].Copy || !f.irregular
			continue
		}
		segments = append(segments, Segment{Base: f.base, End: f.end, Path: prefix + f.text(f.codec), Codec: f.codec, irregular: f.irregular})
	}
	return chain(segments)
}

// settled is the age from which the modification time of a directory shows whether it was
// changed since: no file system stores times in coarser steps.
const settled = 3 * time.Second

// isQuiet reports whether a directory was certainly not changed between two looks at it.
func isQuiet(fsys FS, before, after fs.FileInfo) bool {
	//mutant:read-a-directory-that-has-just-changed-is-listed-once
	return fsys.SameFile(before, after) && before.ModTime().Equal(after.ModTime()) && time.Since(after.ModTime()) > settled
}
