package segment

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

// encodeSmall writes the small form of the index to w and returns its size. A damaged
// entry is a *CorruptError.
func (x *indexFile) encodeSmall(ctx context.Context, w io.Writer) (size int64, err error) {
	// Header and trailer are copied and not encoded again: the small form must give back each
	// byte, even those that this version does not interpret.
	head := make([]byte, headerSize+trailerSize)
	if m, err := x.file.ReadAt(head[:headerSize], 0); m < headerSize {
		return 0, err
	}
	if m, err := x.file.ReadAt(head[headerSize:], headerSize+int64(x.count)*entrySize); m < trailerSize {
		return 0, err
	}
	// maxSmallBlock is less than 1 MiB, so a larger window would find no more repetitions. The
	// table has a checksum of each block, so zstd need not add one.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, enc.Close()) }()
	// The length of the last frame depends on the number of blocks: finish replaces the 0.
	p := smallWriter{out: w, enc: enc, index: x, table: le.AppendUint32(le.AppendUint32(nil, skippable), 0)}
	first := append(le.AppendUint32(le.AppendUint32(nil, skippable), smallHeader-8), smallMagic...)
	if err := p.write(append(first, head[:headerSize]...)); err != nil {
		return 0, err
	}
	for k := uint64(0); k < x.count; k += smallBlock {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := p.block(k); err != nil {
			return 0, err
		}
	}
	err = p.finish(head[headerSize:])
	return p.size, err
}

// A smallWriter writes the blocks of a small index.
type smallWriter struct {
	out    io.Writer
	enc    *zstd.Encoder
	index  *indexFile
	size   int64  // bytes written
	table  []byte // the last frame, so far: a pair for each block
	blocks uint32 // number of blocks written
	start  Offset // where the record before the next block ends

	// Reused for each block.
	entries []Entry
	columns []byte // encoded, except the checksums of the records
	sums    []byte // the checksums of the records
	raw     []byte // the entries as in the plain index
}

// write writes bytes and counts them.
func (p *smallWriter) write(b []byte) error {
	n, err := p.out.Write(b)
	p.size += int64(n)
	return err
}

// block writes a block of the entries from index k on.
func (p *smallWriter) block(k uint64) error {
	x := p.index
	p.entries, p.raw = p.entries[:0], p.raw[:0]
	base, start := x.header.base+Sequence(k), p.start
	for i := k; i < min(k+smallBlock, x.count); i++ {
		e, err := x.entry(i)
		if err != nil {
			return err
		}
		p.entries = append(p.entries, e)
		p.raw = x.header.appendEntry(p.raw, base+Sequence(i-k), e)
		p.start = e.End
	}
	p.columns, p.sums = packEntries(p.columns[:0], p.sums[:0], start, p.entries)
	var packed bytes.Buffer
	p.enc.Reset(&packed)
	// The checksums are random. Flush puts them into a block of zstd of their own, where
	// they do not spoil the statistics of the columns.
	_, err := p.enc.Write(p.columns)
	if err == nil {
		err = p.enc.Flush()
	}
	if err == nil {
		_, err = p.enc.Write(p.sums)
	}
	if err = errors.Join(err, p.enc.Close()); err != nil {
		return err
	}
	// unpack computes the same. The checksums of the entries are left out, because the other
	// bytes of each entry and its sequence determine them.
	crc := crc32.Update(x.header.seed(base), castagnoli, packed.Bytes())
	for i := range p.entries {
		crc = crc32.Update(crc, castagnoli, p.raw[i*entrySize:][:entrySize-4])
	}
	p.table = le.AppendUint32(le.AppendUint32(p.table, uint32(packed.Len())), crc)
	p.blocks++
	return p.write(packed.Bytes())
}

// finish writes the last frame: the table of the blocks, the trailer and the footer.
func (p *smallWriter) finish(trailer []byte) error {
	b := append(p.table, trailer...)
	b = le.AppendUint32(le.AppendUint32(b, smallBlock), p.blocks)
	// The frame's length leaves out its magic and itself, 8 bytes. b lacks the last 12 bytes:
	// the checksum and the end magic. The checksum covers the length, so the length comes
	// first.
	le.PutUint32(b[4:], uint32(len(b)+12-8))
	h := p.index.header
	b = le.AppendUint32(b, crc32.Update(h.seed(h.base), castagnoli, b))
	return p.write(append(b, smallEndMagic...))
}
