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

// These functions are those of package filename, for a Sequence.

func fileName(base Sequence, c Codec) string { return filename.Segment(uint64(base), c) }
func textName(base Sequence) string          { return filename.Text(uint64(base)) }
func indexName(base Sequence) string         { return filename.Index(uint64(base)) }
func smallIndexName(base Sequence) string    { return filename.SmallIndex(uint64(base)) }

func parseName(name string) (base Sequence, suffix string, ok bool) {
	n, suffix, ok := filename.Parse(name)
	return Sequence(n), suffix, ok
}
