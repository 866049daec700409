package segment

import (
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/seekable"
)

// Sequence is the number of a record in its log. Numbers begin with 1 and have no gaps.
type Sequence uint64

// Offset is a number of bytes from the start of the plain text of a segment.
type Offset int64

// Codec is how the text of a segment is stored.
type Codec = seekable.Codec

const (
	Plain = seekable.Plain // as it is
	Zstd  = seekable.Zstd  // the zstd seekable format
	Gzip  = seekable.Gzip  // members of gzip
)

// A stem is what the names of all files of one segment begin with. The names come from
// here alone, so that they can be made and parsed in one place.
type stem struct{ base, end Sequence } // end is 0 unless the segment was merged

// stem returns the stem of the segment's files.
func (s Segment) stem() stem { return stem{s.Base, s.End} }

// Name returns the name of the segment's file.
func (s Segment) Name() string { return s.stem().text(s.Codec) }

// SmallIndexName returns the name of the small form of the segment's index.
func (s Segment) SmallIndexName() string { return s.stem().smallIndex() }

func (n stem) text(c Codec) string { return n.of().Text(c) }
func (n stem) index() string       { return n.of().Index() }
func (n stem) smallIndex() string  { return n.of().SmallIndex() }
func (n stem) all() []string       { return n.of().All() }

func (n stem) of() filename.Stem { return filename.Stem{Base: uint64(n.base), End: uint64(n.end)} }

// covers reports whether the record seq is one of those that the name of a merged segment
// says it holds.
func (n stem) covers(seq Sequence) bool { return n.base <= seq && seq <= n.end }

// parseName divides the name of a segment or an index into its parts. ok is false for any
// other file.
func parseName(name string) (n stem, suffix string, ok bool) {
	parsed, suffix, ok := filename.Parse(name)
	return stem{Sequence(parsed.Base), Sequence(parsed.End)}, suffix, ok
}

// A new segment is plain, and its names need no more than its base.

func textName(base Sequence) string  { return stem{base: base}.text(Plain) }
func indexName(base Sequence) string { return stem{base: base}.index() }
