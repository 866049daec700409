package seekable

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// zstdFormat: a frame is a frame of zstd. docs/FORMAT.md has the measurements behind the
// level and the size of frames.
var zstdFormat = format{
	name:      "zstd",
	extension: ".zst",
	expansion: 32 << 10, // a block has four bytes at least and gives 128 KiB at most
	frameSize: func(int64) int64 { return 32 << 20 },
	encoders: &spareEncoder{make: func() encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithWindowSize(MaxWindow), zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err) // the options are valid
		}
		return e
	}},
	newDecoder: func() decoder { return zstdDecoder{zstdDecoders.Get().(*zstd.Decoder)} },
	encodeTail: encodeZstdTail,
	parseTail:  parseZstdTail,
}

// MaxWindow is the largest window of a frame, in bytes: the largest that any zstd accepts
// without a special option.
const MaxWindow = 8 << 20

// ErrWindow is returned for a frame that another program made with a window larger than
// MaxWindow. The frame is not damaged.
var ErrWindow = errors.New("compressed with a window of more than 8 MiB: decompress it with zstd -d --long=31 --rm")

// zstdDecoders are reused, because each holds a window. A decoder with one goroutine
// costs the least where the reader has other work. The checksums of frames are not
// checked: each line has one of its own.
var zstdDecoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(MaxWindow), zstd.WithDecoderLowmem(true), zstd.IgnoreChecksum(true))
	if err != nil {
		panic(err) // the options are valid
	}
	return d
}}

type zstdDecoder struct{ *zstd.Decoder }

func (zstdDecoder) exceedsWindow(err error) bool {
	return errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded)
}

func (d zstdDecoder) release() {
	if d.Reset(nil) == nil { // which drops the source
		zstdDecoders.Put(d.Decoder)
	}
}

// The tail is a skippable frame with the checksum, then the seek table of the zstd
// seekable format, which has an entry for the skippable frame too.
const (
	skippable     = 0x184D2A50
	seekTable     = 0x184D2A5E
	seekableMagic = 0x8F92EAB1
	footerSize    = 9
	sumFrameSize  = 20
)

var sumLabel = []byte("histlogC")

func encodeZstdTail(t Table, crc uint32) ([]byte, error) {
	// The seek table lists all frames of the file, also the skippable one with the checksum,
	// which holds no text.
	pairs := le.AppendUint32(le.AppendUint32(t.pairs(), sumFrameSize), 0)
	table := le.AppendUint32(nil, seekTable)
	table = le.AppendUint32(table, uint32(len(pairs)+footerSize))
	table = append(table, pairs...)
	table = le.AppendUint32(table, uint32(len(pairs)/pairSize))
	table = append(table, 0) // descriptor: no checksums of frames
	table = le.AppendUint32(table, seekableMagic)
	b := le.AppendUint32(le.AppendUint32(nil, skippable), sumFrameSize-8)
	b = append(b, sumLabel...)
	crc = crc32.Update(crc, castagnoli, b)
	b = le.AppendUint32(b, crc32.Update(crc, castagnoli, table))
	return append(b, table...), nil
}

func parseZstdTail(f io.ReaderAt, size int64) (t Table, err error) {
	// The footer tells how many entries the table has, and so where the tail begins.
	b, err := readEnd(f, size, footerSize)
	if err != nil {
		return t, err
	}
	entries := int64(le.Uint32(b)) * pairSize
	b, err = readEnd(f, size, sumFrameSize+8+entries+footerSize)
	if err != nil {
		return t, err
	}
	table := b[sumFrameSize:]
	footer := table[8+entries:]
	if le.Uint32(table) != seekTable || int64(le.Uint32(table[4:])) != entries+footerSize || footer[4] != 0 || le.Uint32(footer[5:]) != seekableMagic ||
		le.Uint32(b) != skippable || !bytes.Equal(b[8:16], sumLabel) || entries < pairSize {
		return t, ErrNoTable
	}
	t.addPairs(table[8 : 8+entries-pairSize])
	t.sum, t.sumAt = le.Uint32(b[16:]), size-int64(len(b))+16
	return t, t.endAt(size - int64(len(b)))
}
