package seekable

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	le         = binary.LittleEndian
)

// A Frame is a piece of a file that is decompressed by itself.
type Frame struct {
	Offset int64 // in the file
	Size   int64 // in the file
	Start  int64 // in the text
	Length int64 // in the text
}

// end returns where the frame ends in the text.
func (f Frame) end() int64 { return f.Start + f.Length }

// A Table is the content of a file's tail: the frames, without gaps between them, and the
// checksum of the file.
type Table struct {
	Frames []Frame
	sum    uint32 // CRC-32C of the file except these four bytes
	sumAt  int64  // offset of the checksum in the file
}

// ErrNoTable is returned where the tail of a file is missing or damaged, or
// contradicts the file: another program may have compressed it.
var ErrNoTable = errors.New("its table of frames is missing or does not fit the file, which was changed or made by another program")

// ReadTable reads the table of a file of that size.
func ReadTable(f io.ReaderAt, size int64, c Codec) (Table, error) {
	return formats[c].parseTail(f, size)
}

// AppendTail appends the tail for frames that are in file, whole.
func (t Table) AppendTail(file []byte, c Codec) ([]byte, error) {
	tail, err := formats[c].encodeTail(t, crc32.Checksum(file, castagnoli))
	return append(file, tail...), err
}

// Length returns how much text the frames hold.
func (t Table) Length() int64 {
	if len(t.Frames) == 0 {
		return 0
	}
	return t.Frames[len(t.Frames)-1].end()
}

// Add adds the frame that follows: size bytes of the file that hold length bytes
// of text.
func (t *Table) Add(size, length int64) {
	f := Frame{Size: size, Start: t.Length(), Length: length}
	if n := len(t.Frames); n > 0 {
		f.Offset = t.Frames[n-1].Offset + t.Frames[n-1].Size
	}
	t.Frames = append(t.Frames, f)
}

// A pair is how a table is stored: for each frame the size in the file and the
// length of the text, both u32.
const (
	pairSize = 8
	maxFrame = math.MaxUint32
)

// pairs encodes the table.
func (t Table) pairs() (b []byte) {
	for _, f := range t.Frames {
		b = le.AppendUint32(le.AppendUint32(b, uint32(f.Size)), uint32(f.Length))
	}
	return b
}

// addPairs adds the frames that b lists.
func (t *Table) addPairs(b []byte) {
	for ; len(b) >= pairSize; b = b[pairSize:] {
		t.Add(int64(le.Uint32(b)), int64(le.Uint32(b[4:])))
	}
}

// endAt returns ErrNoTable unless the last frame ends at that offset of the file,
// where the tail begins.
func (t Table) endAt(offset int64) error {
	if n := len(t.Frames); n == 0 || t.Frames[n-1].Offset+t.Frames[n-1].Size != offset {
		return ErrNoTable
	}
	return nil
}

// maxTail is the largest tail that is read: its table lists 4 TB of text. A damaged
// file may claim any size.
const maxTail = 1 << 20

// readEnd reads the last n bytes of a file of that size.
func readEnd(f io.ReaderAt, size, n int64) ([]byte, error) {
	if n > size || n > maxTail {
		return nil, ErrNoTable
	}
	b := make([]byte, n)
	if m, err := f.ReadAt(b, size-n); m < len(b) {
		return nil, err
	}
	return b, nil
}
