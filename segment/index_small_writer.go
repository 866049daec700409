package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"

	"github.com/histlog/histlog/internal/vfs"
	"github.com/klauspost/compress/zstd"
)

// needsSmallIndex is what HISTLOG requires of those who read a log with small indexes.
const needsSmallIndex = "small-index"

// features are what HISTLOG may require of this version.
var features = []string{needsSmallIndex}

// smallFrom is the size from which an index is worth a small form: a smaller one
// takes one block of the disk anyhow.
const smallFrom = 4096

// CanShrink reports whether Compress would store the index of a segment small: its
// text is compressed, and its index is not yet small.
func (l *Log) CanShrink(s Segment) (bool, error) {
	if !s.Sealed || s.Codec == Plain {
		return false, nil
	}
	size, err := l.plainIndexSize(s.Base)
	return size > smallFrom, err
}

// plainIndexSize returns how long the plain index of a segment is; 0 without one.
func (l *Log) plainIndexSize(base Sequence) (int64, error) {
	size, err := vfs.Size(l.fs, l.path(IndexName(base)))
	if missing(err) {
		return 0, nil
	}
	return size, err
}

// requireSmallIndex has HISTLOG require small-index, durably, before the first small index
// gets its name: a histlog that knows none says that it is too old, and not
// that indexes are lost. It takes the lock of UPKEEP for itself, which is not worth
// much once HISTLOG has been replaced: see upkeep.
func requireSmallIndex(ctx context.Context, dir string, base Sequence, o Options) error {
	l, err := OpenContext(ctx, dir, o.FS)
	if err != nil || slices.Contains(l.Marker.Requires, needsSmallIndex) {
		return err
	}
	if size, err := l.plainIndexSize(base); err != nil || size <= smallFrom {
		return err
	}
	return withMaintenanceLock(ctx, dir, o, func(l *Log) error {
		//mutant:small-index-histlog-does-not-require-it
		return l.require(needsSmallIndex)
	})
}

// require adds to what HISTLOG requires.
func (l *Log) require(names ...string) error {
	m := l.Marker
	m.Requires = slices.Clone(m.Requires)
	for _, name := range names {
		if !slices.Contains(m.Requires, name) {
			m.Requires = append(m.Requires, name)
		}
	}
	if len(m.Requires) == len(l.Marker.Requires) {
		return nil
	}
	return l.replaceMarker(m)
}

// shrinkIndex stores the index of a compressed segment small; the caller has the log
// to itself. The Change is zero if nothing was to be done.
//
// In order, and safe to be killed anywhere: the small index is written to a
// temporary, synced, read back and compared with the plain one; it gets its name,
// durably; the plain one goes. Both together are good, for they say the same.
func (l *Log) shrinkIndex(ctx context.Context, s Segment) (c Change, err error) {
	if may, err := l.CanShrink(s); !may || err != nil || !slices.Contains(l.Marker.Requires, needsSmallIndex) {
		return c, err
	}
	x, err := l.openIntactIndex(s.Base)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, x.file.Close()) }()
	mode, err := l.mode()
	if err != nil {
		return c, err
	}
	c = Change{Segment: SmallIndexName(s.Base), Records: x.count, Before: headerSize + int64(x.count)*entrySize + trailerSize}
	temporary, name := l.path("."+SmallIndexName(s.Base)+".tmp"), l.path(SmallIndexName(s.Base))
	c.After, err = l.writeSmall(ctx, x, temporary, mode)
	if err == nil {
		err = l.fs.Rename(temporary, name)
	}
	if err != nil {
		return Change{}, errors.Join(compressError(s, err), vfs.RemoveIfExists(l.fs, temporary))
	}
	// A power cut before this may leave the plain index without the small one; after
	// the removal it would leave none.
	//mutant:small-index-its-name-is-not-synced-before-the-plain-one-goes
	if err := l.fs.SyncDir(l.Dir); err != nil {
		return Change{}, compressError(s, err)
	}
	if err := l.removeFile(l.path(IndexName(s.Base))); err != nil {
		return Change{}, compressError(s, err)
	}
	return c, nil
}

// openIntactIndex opens a plain index whose header and trailer are good.
func (l *Log) openIntactIndex(base Sequence) (*indexFile, error) {
	x, reason, err := l.openPlainIndex(base)
	if err != nil {
		return nil, err
	}
	if x == nil {
		return nil, l.missingSegmentError(Segment{Base: base, Path: l.path(IndexName(base))})
	}
	t, err := x.countEntries(-1)
	if err == nil && (reason != "" || t == nil) {
		err = &CorruptError{Kind: KindIndex, Path: x.path, Reason: "the index is not as it was written"}
	}
	if err != nil {
		return nil, errors.Join(err, x.file.Close())
	}
	return x, nil
}

// writeSmall writes the small form of an index to a file, reads it back and compares
// every byte that it presents, and returns its size.
func (l *Log) writeSmall(ctx context.Context, x *indexFile, name string, mode os.FileMode) (size int64, err error) {
	f, err := l.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size, err = x.encodeSmall(ctx, io.NewOffsetWriter(f, 0)); err != nil {
		return 0, err
	}
	//mutant:small-index-not-synced
	if err := f.Sync(); err != nil { // or a power cut after the rename leaves a name without bytes
		return 0, err
	}
	s, err := openSmall(f, x.header)
	if err != nil {
		return 0, fmt.Errorf("what was written differs: %w", err)
	}
	return size, compareIndexes(ctx, x, s)
}

// compareIndexes is an error if a small index does not present the bytes of the plain one.
func compareIndexes(ctx context.Context, x *indexFile, s *smallIndex) error {
	info, err := x.file.Stat()
	if err != nil {
		return err
	}
	a, b := make([]byte, smallBlock*entrySize), make([]byte, smallBlock*entrySize)
	differs := info.Size() != s.size()
	for at := int64(0); at < info.Size() && !differs; at += int64(len(a)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(int64(len(a)), info.Size()-at)
		if m, err := x.file.ReadAt(a[:n], at); m < int(n) {
			return err
		}
		if m, err := s.ReadAt(b[:n], at); m < int(n) {
			return err
		}
		differs = !bytes.Equal(a[:n], b[:n])
	}
	if differs {
		return errors.New("what was written differs from the index")
	}
	return nil
}

// small writes the small form of an index, and returns its size. An entry that is
// not what was written is a *CorruptError.
func (x *indexFile) encodeSmall(ctx context.Context, w io.Writer) (size int64, err error) {
	head := make([]byte, headerSize+trailerSize)
	if m, err := x.file.ReadAt(head[:headerSize], 0); m < headerSize {
		return 0, err
	}
	if m, err := x.file.ReadAt(head[headerSize:], headerSize+int64(x.count)*entrySize); m < trailerSize {
		return 0, err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, enc.Close()) }()
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
	out     io.Writer
	enc     *zstd.Encoder
	index   *indexFile
	size    int64  // written
	table   []byte // the last frame so far
	blocks  uint32
	start   Offset // where the record before the block ends
	entries []Entry
	columns []byte
	sums    []byte
	raw     []byte
}

func (p *smallWriter) write(b []byte) error {
	n, err := p.out.Write(b)
	p.size += int64(n)
	return err
}

// block packs the entries from the k-th on.
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
	// The checksums are random: in a block of zstd of their own they do not spoil the
	// statistics of the columns.
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
	crc := crc32.Update(x.header.seed(base), castagnoli, packed.Bytes())
	for i := range p.entries {
		crc = crc32.Update(crc, castagnoli, p.raw[i*entrySize:][:entrySize-4])
	}
	p.table = le.AppendUint32(le.AppendUint32(p.table, uint32(packed.Len())), crc)
	p.blocks++
	return p.write(packed.Bytes())
}

// finish writes the last frame.
func (p *smallWriter) finish(trailer []byte) error {
	b := append(p.table, trailer...)
	b = le.AppendUint32(le.AppendUint32(b, smallBlock), p.blocks)
	le.PutUint32(b[4:], uint32(len(b)+12-8))
	h := p.index.header
	b = le.AppendUint32(b, crc32.Update(h.seed(h.base), castagnoli, b))
	return p.write(append(b, smallEndMagic...))
}

// EstimateIndex returns how many bytes the index of a segment would take if it were
// stored small. It writes nothing.
func (l *Log) EstimateIndex(ctx context.Context, s Segment) (n int64, err error) {
	x, err := l.openIntactIndex(s.Base)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, x.file.Close()) }()
	return x.encodeSmall(ctx, io.Discard)
}
