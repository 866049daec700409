package seekable

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/klauspost/compress/gzip"
)

// gzipFormat: a frame is a member. Larger members gain nothing, so a frame is as
// small as the table, which has room for a limited number of them, allows.
var gzipFormat = format{
	name:       "gzip",
	extension:  ".gz",
	expansion:  1032, // of deflate
	frameSize:  func(text int64) int64 { return max(1<<20, text/(maxMembers/2)) },
	encoders:   &spareEncoder{make: func() encoder { return gzip.NewWriter(nil) }},
	newDecoder: func() decoder { return gzipDecoder{new(gzip.Reader)} },
	encodeTail: encodeGzipTail,
	parseTail:  parseGzipTail,
}

type gzipDecoder struct{ *gzip.Reader }

func (gzipDecoder) exceedsWindow(error) bool { return false } // gzip's window is always 32 KiB
func (gzipDecoder) release()                 {}

// The tail is a member without content whose header has an extra field:
//
//	"HL", length u16, pairs, checksum u32, number of pairs u32, "histlogG"
var (
	gzipMember = []byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255} // with an extra field
	gzipLabel  = []byte("histlogG")
	gzipEnd    = []byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 0} // no content, its checksum and length
)

const (
	gzipSumSize   = 4 + 4 + 8                                     // checksum, count, label
	gzipEndSize   = gzipSumSize + 10                              // and gzipEnd
	gzipLabelSize = 8 + 10                                        // label and gzipEnd
	maxMembers    = (math.MaxUint16 - 4 - gzipSumSize) / pairSize // that an extra field has room for
)

// gzipHead returns what comes before the pairs of a tail.
func gzipHead(pairs int) []byte {
	b := bytes.Clone(gzipMember)
	b = le.AppendUint16(b, uint16(4+pairs+gzipSumSize))
	b = append(b, "HL"...)
	return le.AppendUint16(b, uint16(pairs+gzipSumSize))
}

func encodeGzipTail(t Table, crc uint32) ([]byte, error) {
	if len(t.Frames) > maxMembers {
		return nil, fmt.Errorf("%d gzip members, there is room for %d", len(t.Frames), maxMembers)
	}
	// The checksum covers what comes before it and what comes after it.
	pairs := t.pairs()
	b := append(gzipHead(len(pairs)), pairs...)
	rest := le.AppendUint32(nil, uint32(len(t.Frames)))
	rest = append(append(rest, gzipLabel...), gzipEnd...)
	crc = crc32.Update(crc32.Update(crc, castagnoli, b), castagnoli, rest)
	return append(le.AppendUint32(b, crc), rest...), nil
}

func parseGzipTail(f io.ReaderAt, size int64) (t Table, err error) {
	// The number of pairs is near the end, and tells where the tail begins.
	b, err := readEnd(f, size, gzipEndSize)
	if err != nil {
		return t, err
	}
	pairs := int64(le.Uint32(b[4:])) * pairSize
	b, err = readEnd(f, size, int64(len(gzipHead(0)))+pairs+gzipEndSize)
	if err != nil {
		return t, err
	}
	head := gzipHead(int(pairs))
	label := b[len(b)-gzipLabelSize:]
	if pairs > maxMembers*pairSize || !bytes.HasPrefix(b, head) || !bytes.HasPrefix(label, gzipLabel) || !bytes.HasSuffix(label, gzipEnd) {
		return t, ErrNoTable
	}
	b = b[len(head):]
	t.addPairs(b[:pairs])
	t.sum, t.sumAt = le.Uint32(b[pairs:]), size-gzipEndSize
	return t, t.endAt(size - int64(len(head)+len(b)))
}
