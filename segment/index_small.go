package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/vfs"
	"github.com/klauspost/compress/zstd"
)

// The parts of a small index. docs/FORMAT.md specifies their layout.
const (
	smallBlock    = 4096                        // entries in a block
	smallHeader   = 8 + 8 + headerSize          // the first skippable frame
	smallFooter   = trailerSize + 4 + 4 + 4 + 8 // the end of the last one
	skippable     = 0x184D2A50                  // magic of a frame that every zstd skips
	minSmallSize  = smallHeader + 8 + smallFooter
	maxSmallBlock = 10 + smallBlock*(10+10+6+5+4) // largest size of a decompressed block
)

var (
	smallMagic    = []byte("histlogS")
	smallEndMagic = []byte("histlogB")
)

// errNoSmall is returned for a file that is not a small index, or whose table is damaged.
var errNoSmall = errors.New("not a small index, or its table is damaged")

// A smallIndex presents a small index as the bytes of the plain index that it was made
// from, so that indexFile reads both forms. It decompresses one block at a time. The
// entries of a damaged block read as zeros, which are never a valid entry.
type smallIndex struct {
	File
	header []byte // encoded, as in the plain index
	parsed header
	tail   []byte // the encoded trailer, as in the plain index
	count  uint64 // number of entries
	blocks []smallPart

	entries []byte // encoded entries of the current block, as in the plain index
	at      int    // index of the current block; -1 means none
	packed  []byte // reused: a block as in the file
	raw     []byte // reused: a block decompressed
	columns []Entry
}

// smallPart is a row of the table: the place of a block in the file.
type smallPart struct {
	at   int64 // offset in the file
	size uint32
	crc  uint32 // of the block and of its entries
}

// openSmall presents a file as a plain index. h is used if the header in the file is
// damaged.
func openSmall(f File, h header) (*smallIndex, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	// A shorter file has no room for a header and a footer: the reads below would begin before
	// its start or end early.
	if size < minSmallSize {
		return nil, errNoSmall
	}
	b := make([]byte, smallHeader)
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil, err
	}
	s := &smallIndex{File: f, header: b[16:], parsed: h, at: -1}
	// An intact header seeds the checksums with its own id and base. So the index of another
	// log is still parsed, and readIndexHeader can tell that it is foreign.
	if own, reason := parseHeader(s.header); reason == "" {
		s.parsed = own
	}
	footer := make([]byte, smallFooter)
	if _, err := f.ReadAt(footer, size-smallFooter); err != nil {
		return nil, err
	}
	// The footer tells how many blocks there are, and so how long the last frame is.
	blocks := int64(le.Uint32(footer[trailerSize+4:]))
	tail := 8 + blocks*8 + smallFooter
	// The number of blocks is not verified yet. smallHeader + tail ≤ size limits what is
	// allocated for the table to the size of the file.
	if !bytes.Equal(footer[smallFooter-8:], smallEndMagic) || le.Uint32(footer[trailerSize:]) != smallBlock || tail > size-smallHeader {
		return nil, errNoSmall
	}
	table := make([]byte, tail)
	if _, err := f.ReadAt(table, size-tail); err != nil {
		return nil, err
	}
	return s, s.parse(table, size)
}

// parse decodes the last frame of a file of that size.
func (s *smallIndex) parse(table []byte, size int64) error {
	sumAt := len(table) - 12
	s.tail = table[len(table)-smallFooter:][:trailerSize]
	t, ok := s.parsed.parseTrailer(s.tail)
	if !ok || le.Uint32(table[sumAt:]) != crc32.Update(s.parsed.seed(s.parsed.base), castagnoli, table[:sumAt]) ||
		le.Uint32(table) != skippable || int64(le.Uint32(table[4:])) != int64(len(table)-8) {
		return errNoSmall
	}
	// The blocks follow each other without gaps. They must fill the file up to the table,
	// and be as many as the trailer has entries for.
	at := int64(smallHeader)
	for pairs := table[8 : len(table)-smallFooter]; len(pairs) > 0; pairs = pairs[8:] {
		p := smallPart{at, le.Uint32(pairs), le.Uint32(pairs[4:])}
		s.blocks = append(s.blocks, p)
		at += int64(p.size)
	}
	if s.count = t.Count; at != size-int64(len(table)) || (s.count+smallBlock-1)/smallBlock != uint64(len(s.blocks)) {
		return errNoSmall
	}
	return nil
}

// size returns the size of the plain index that s presents.
func (s *smallIndex) size() int64 {
	return headerSize + int64(s.count)*entrySize + trailerSize
}

// smallInfo is the info of the file with the size of the plain index.
type smallInfo struct {
	fs.FileInfo
	size int64
}

func (i smallInfo) Size() int64 { return i.size }

// Stat implements File.
func (s *smallIndex) Stat() (fs.FileInfo, error) {
	info, err := s.File.Stat()
	return smallInfo{info, s.size()}, err
}

// ReadAt implements io.ReaderAt, for one goroutine.
func (s *smallIndex) ReadAt(b []byte, off int64) (n int, err error) {
	// Invariant: b[:n] holds the bytes from off to off + n. A part has at least one byte, so
	// the loop ends.
	for n < len(b) {
		part, err := s.part(off + int64(n))
		if err != nil {
			return n, err
		}
		n += copy(b[n:], part)
	}
	return n, nil
}

// part returns bytes of the plain index from an offset on, at least one.
func (s *smallIndex) part(off int64) ([]byte, error) {
	entries := off - headerSize
	switch end := int64(s.count) * entrySize; {
	case off < 0 || off >= s.size():
		return nil, io.EOF
	case entries < 0:
		return s.header[off:], nil
	case entries >= end:
		return s.tail[entries-end:], nil
	}
	// An indexFile reads pages of blockEntries entries, mostly in order. One block in memory
	// serves all pages in it and is decompressed once.
	block := int(entries / (smallBlock * entrySize))
	if block != s.at {
		if err := s.read(block); err != nil {
			return nil, err
		}
	}
	return s.entries[entries-int64(block)*smallBlock*entrySize:], nil
}

// read makes a block the current one. It returns an error only if the disk fails: a
// damaged block reads as zeros.
func (s *smallIndex) read(block int) error {
	s.at = -1 // an error below must not leave half of a block as the current one
	p := s.blocks[block]
	n := int(min(smallBlock, s.count-uint64(block)*smallBlock))
	s.entries = append(s.entries[:0], make([]byte, n*entrySize)...)
	if p.size <= maxSmallBlock+1024 { // the table is damaged if it has a longer block
		s.packed = append(s.packed[:0], make([]byte, p.size)...)
		if m, err := s.File.ReadAt(s.packed, p.at); m < len(s.packed) {
			return err
		}
		base := s.parsed.base + Sequence(block)*smallBlock
		// Zeros instead of an error: damage then costs the entries of this block only.
		// indexFile finds each of them invalid, and a Reader makes them from the text.
		if !s.unpack(n, base, p) {
			clear(s.entries)
		}
	}
	s.at = block
	return nil
}

// blockDecoders are reused, because each holds a window.
var blockDecoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(seekable.MaxWindow), zstd.WithDecoderLowmem(true), zstd.IgnoreChecksum(true))
	if err != nil {
		panic(err) // the options are valid
	}
	return d
}}

// unpack decompresses the n entries of a block and reports whether the checksum of the
// block confirms them.
func (s *smallIndex) unpack(n int, base Sequence, p smallPart) bool {
	d := blockDecoders.Get().(*zstd.Decoder)
	defer func() {
		if d.Reset(nil) == nil {
			blockDecoders.Put(d)
		}
	}()
	if d.Reset(bytes.NewReader(s.packed)) != nil {
		return false
	}
	// The buffer is one byte longer than any block: a block that fills it is too long.
	s.raw = slices.Grow(s.raw[:0], maxSmallBlock+1)[:maxSmallBlock+1]
	m, err := io.ReadFull(d, s.raw)
	if err != io.ErrUnexpectedEOF { // the block is too long, or it is not zstd
		return false
	}
	entries := slices.Grow(s.columns[:0], n)[:n]
	s.columns = entries
	if !unpackEntries(s.raw[:m], entries) {
		return false
	}
	// The checksum covers the block as stored and as decompressed: neither a flipped bit
	// nor an error of the decoder goes unnoticed. The entries get their own checksums
	// back, which the small form does not store.
	crc := crc32.Update(s.parsed.seed(base), castagnoli, s.packed)
	s.entries = s.entries[:0]
	for i, e := range entries {
		s.entries = s.parsed.appendEntry(s.entries, base+Sequence(i), e)
		crc = crc32.Update(crc, castagnoli, s.entries[i*entrySize:][:entrySize-4])
	}
	//mutant:small-index-a-blocks-checksum-is-not-compared
	return crc == p.crc
}

// packEntries appends the columns of a block to a, except the checksums of the records,
// which it appends to b. start is where the record before the first one ends. Ends and
// times are stored as differences, which are small and compress well.
func packEntries(a, b []byte, start Offset, entries []Entry) (columns, sums []byte) {
	// The block holds start, and the differences of the other columns begin at 0: a block is
	// decoded without the blocks before it.
	a = binary.AppendUvarint(a, uint64(start))
	for _, e := range entries {
		a = binary.AppendUvarint(a, uint64(e.End-start))
		start = e.End
	}
	// Times may run backward, so their differences are signed.
	at := int64(0)
	for _, e := range entries {
		next := e.Time.UnixNano()
		a = binary.AppendVarint(a, next-at)
		at = next
	}
	at = 0
	for _, e := range entries {
		next := e.Arrived.Unix()
		a = binary.AppendVarint(a, next-at)
		at = next
	}
	for _, e := range entries {
		a = binary.AppendUvarint(a, uint64(e.Flags))
		b = le.AppendUint32(b, e.CRC)
	}
	return a, b
}

// unpackEntries is the inverse of packEntries. It reports whether raw holds exactly as
// many entries as there is room for.
func unpackEntries(raw []byte, entries []Entry) bool {
	r := columns{b: raw}
	// A damaged block may make the sums below overflow. They wrap and do no harm, because the
	// caller compares the entries with the checksum of the block before it uses them.
	at := r.unsigned()
	for i := range entries {
		at += r.unsigned()
		entries[i].End = Offset(at)
	}
	last := int64(0)
	for i := range entries {
		last += r.signed()
		entries[i].Time = time.Unix(0, last)
	}
	last = 0
	for i := range entries {
		last += r.signed()
		entries[i].Arrived = time.Unix(int64(uint32(last)), 0)
	}
	for i := range entries {
		entries[i].Flags = EntryFlags(r.unsigned())
	}
	// A block with more or fewer entries than expected leaves another number of bytes for the
	// checksums.
	if r.bad || len(r.b) != 4*len(entries) {
		return false
	}
	for i := range entries {
		entries[i].CRC = le.Uint32(r.b[4*i:])
	}
	return true
}

// columns reads numbers from the columns of a block.
type columns struct {
	b   []byte // the bytes not yet read
	bad bool   // a number was malformed
}

func (c *columns) unsigned() uint64 {
	v, n := binary.Uvarint(c.b)
	c.skip(n)
	return v
}

func (c *columns) signed() int64 {
	v, n := binary.Varint(c.b)
	c.skip(n)
	return v
}

func (c *columns) skip(n int) {
	// 0 means that the text ends within a number, less than 0 that the number has more than 64
	// bits. Without a text all later reads fail, too.
	if n <= 0 {
		c.bad, c.b = true, nil
		return
	}
	c.b = c.b[n:]
}

// openSmallIndex opens the small index of a segment. x is nil if there is none or if its
// table is damaged.
func (l *Log) openSmallIndex(n stem) (x *indexFile, reason string, err error) {
	path := l.path(n.smallIndex())
	f, err := l.fs.OpenFile(path, os.O_RDONLY, 0)
	if missing(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	s, err := openSmall(vfs.WithContext(l.ctx, f), header{id: l.Marker.ID, base: n.base})
	// A file with a damaged table counts as a missing index: its entries are made from the
	// text, and Verify reports that the index is unreadable.
	if errors.Is(err, errNoSmall) {
		return nil, "", f.Close()
	}
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("read %s: %w", path, err), f.Close())
	}
	return l.readIndexHeader(s, path, n.base)
}
