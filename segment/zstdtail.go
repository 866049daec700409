package segment

import (
	"bytes"
	"hash/crc32"
	"io"
)

// zstdTail is a skippable frame with the checksum, then the seek table of the
// zstd seekable format, which has an entry for the former too.
type zstdTail struct{}

const (
	skippable     = 0x184D2A50
	seekTable     = 0x184D2A5E
	seekableMagic = 0x8F92EAB1
	footerSize    = 9
	sumFrameSize  = 20
)

var sumLabel = []byte("histlogC")

func (zstdTail) encode(t frameTable, crc uint32) ([]byte, error) {
	pairs := le.AppendUint32(le.AppendUint32(t.pairs(), sumFrameSize), 0)
	table := le.AppendUint32(nil, seekTable)
	table = le.AppendUint32(table, uint32(len(pairs)+footerSize))
	table = append(table, pairs...)
	table = le.AppendUint32(table, uint32(len(pairs)/pairSize))
	table = append(table, 0)
	table = le.AppendUint32(table, seekableMagic)
	b := le.AppendUint32(le.AppendUint32(nil, skippable), sumFrameSize-8)
	b = append(b, sumLabel...)
	crc = crc32.Update(crc, castagnoli, b)
	b = le.AppendUint32(b, crc32.Update(crc, castagnoli, table))
	return append(b, table...), nil
}

func (zstdTail) parse(f io.ReaderAt, size int64) (t frameTable, err error) {
	b, err := readTail(f, size, footerSize)
	if err != nil {
		return t, err
	}
	entries := int64(le.Uint32(b)) * pairSize
	b, err = readTail(f, size, sumFrameSize+8+entries+footerSize)
	if err != nil {
		return t, err
	}
	table := b[sumFrameSize:]
	footer := table[8+entries:]
	if le.Uint32(table) != seekTable || int64(le.Uint32(table[4:])) != entries+footerSize || footer[4] != 0 || le.Uint32(footer[5:]) != seekableMagic ||
		le.Uint32(b) != skippable || !bytes.Equal(b[8:16], sumLabel) || entries < pairSize {
		return t, errNoTable
	}
	t.parsePairs(table[8 : 8+entries-pairSize])
	t.sum, t.sumAt = le.Uint32(b[16:]), size-int64(len(b))+16
	return t, t.reaches(size - int64(len(b)))
}
