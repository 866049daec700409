package segment

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// gzipTail is a member without content whose header has an extra field:
//
//	"HL", length u16, pairs, checksum u32, number of pairs u32, "histlogG"
type gzipTail struct{}

var (
	gzipMember = []byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255} // with an extra field
	gzipLabel  = []byte("histlogG")
	gzipEnd    = []byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 0} // no content, its checksum and length
)

// mostMembers is how many an extra field has room for.
const mostMembers = (math.MaxUint16 - 4 - 16) / pairSize

func (gzipTail) encode(t frameTable, crc uint32) ([]byte, error) {
	if len(t.frames) > mostMembers {
		return nil, fmt.Errorf("%d gzip members, there is room for %d", len(t.frames), mostMembers)
	}
	pairs := t.pairs()
	b := append([]byte(nil), gzipMember...)
	b = le.AppendUint16(b, uint16(4+len(pairs)+16))
	b = append(b, "HL"...)
	b = le.AppendUint16(b, uint16(len(pairs)+16))
	b = append(b, pairs...)
	rest := append(le.AppendUint32(nil, uint32(len(t.frames))), gzipLabel...)
	rest = append(rest, gzipEnd...)
	b = le.AppendUint32(b, crc32.Update(crc32.Update(crc, castagnoli, b), castagnoli, rest))
	return append(b, rest...), nil
}

func (gzipTail) parse(f io.ReaderAt, size int64) (t frameTable, err error) {
	const fixed = 4 + 4 + 8 + 10 // checksum, count, label, end
	b, err := readTail(f, size, fixed)
	if err != nil {
		return t, err
	}
	pairs := int64(le.Uint32(b[4:])) * pairSize
	b, err = readTail(f, size, int64(len(gzipMember))+6+pairs+fixed)
	if err != nil {
		return t, err
	}
	head := append(le.AppendUint16(append([]byte(nil), gzipMember...), uint16(pairs+20)), "HL"...)
	head = le.AppendUint16(head, uint16(pairs+16))
	if pairs > mostMembers*pairSize || !bytes.HasPrefix(b, head) || !bytes.Equal(b[len(b)-18:], append(append([]byte(nil), gzipLabel...), gzipEnd...)) {
		return t, errNoTable
	}
	t.parsePairs(b[len(head) : int64(len(head))+pairs])
	t.sum, t.sumAt = le.Uint32(b[int64(len(head))+pairs:]), size-fixed
	return t, t.reaches(size - int64(len(b)))
}
