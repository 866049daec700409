package segment

import (
	"errors"
	"io"
	"math"
)

// A frame is a piece of a compressed segment that can be decompressed by
// itself. It begins and ends with a record.
type frame struct {
	at    int64  // where it begins in the file
	size  int64  // compressed
	start Offset // of its plain text
	plain Offset // length of that
}

// frameTable is what the end of a compressed segment says of it.
type frameTable struct {
	frames []frame
	sum    uint32 // CRC-32C of the file but for the checksum itself
	sumAt  int64  // where that stands
}

// size returns how much plain text the frames hold.
func (t frameTable) size() Offset {
	if len(t.frames) == 0 {
		return 0
	}
	last := t.frames[len(t.frames)-1]
	return last.start + last.plain
}

// add adds the frame that follows.
func (t *frameTable) add(size int64, plain Offset) {
	f := frame{size: size, start: t.size(), plain: plain}
	if n := len(t.frames); n > 0 {
		f.at = t.frames[n-1].at + t.frames[n-1].size
	}
	t.frames = append(t.frames, f)
}

// pairs encodes the frames' sizes, compressed and plain.
func (t frameTable) pairs() (b []byte) {
	for _, f := range t.frames {
		b = le.AppendUint32(le.AppendUint32(b, uint32(f.size)), uint32(f.plain))
	}
	return b
}

// parsePairs adds the frames that b tells of.
func (t *frameTable) parsePairs(b []byte) {
	for ; len(b) >= pairSize; b = b[pairSize:] {
		t.add(int64(le.Uint32(b)), Offset(le.Uint32(b[4:])))
	}
}

const (
	pairSize = 8
	maxFrame = math.MaxUint32 // what a pair can say
)

// A tailFormat is how a codec keeps the frame table at the end of a file, where
// every program that reads the codec passes over it.
type tailFormat interface {
	// encode makes the tail of a file whose frames have the checksum crc.
	encode(t frameTable, crc uint32) ([]byte, error)
	// parse reads the tail of a file of so many bytes. errNoTable: it is none of ours.
	parse(f io.ReaderAt, size int64) (frameTable, error)
}

var tailFormats = map[Codec]tailFormat{Zstd: zstdTail{}, Gzip: gzipTail{}}

// errNoTable: another program compressed the segment, or its end is damaged.
var errNoTable = errors.New("its table of frames is missing or does not fit the file, which was changed or made by another program")

// mostTail is more than any tail takes: frames of 4 TB of text.
const mostTail = 1 << 20

// readTail reads the last n bytes of a file.
func readTail(f io.ReaderAt, size, n int64) ([]byte, error) {
	if n > size || n > mostTail {
		return nil, errNoTable
	}
	b := make([]byte, n)
	if m, err := f.ReadAt(b, size-n); m < len(b) {
		return nil, err
	}
	return b, nil
}

// reaches is nil if the frames end where the tail begins.
func (t frameTable) reaches(end int64) error {
	if n := len(t.frames); n == 0 || t.frames[n-1].at+t.frames[n-1].size != end {
		return errNoTable
	}
	return nil
}
