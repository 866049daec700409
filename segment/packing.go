package segment

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// pack writes the compressed segment to a file and proves it.
func (r *Reader) pack(ctx context.Context, l *Log, name string, codec Codec, mode os.FileMode) (err error) {
	f, err := l.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p := newPacking(io.NewOffsetWriter(f, 0), codec, r.size)
	defer p.release()
	if err := r.prove(ctx, r.text, p); err != nil {
		return err
	}
	if err := p.finish(); err != nil {
		return err
	}
	//mutant:compress-the-file-is-not-synced
	if err := f.Sync(); err != nil {
		return err
	}
	packed, err := newCompressed(ctx, f, codec)
	if err != nil {
		return err
	}
	defer packed.release()
	if !packed.agrees(r.trailer) {
		return fmt.Errorf("what was compressed differs: %s", packed.reason)
	}
	//mutant:compress-what-was-compressed-is-not-read-back
	if err := r.prove(ctx, packed, nil); errors.Is(err, ErrCorrupt) { // which the segment is not
		return fmt.Errorf("what was compressed differs: %v", err)
	} else if err != nil {
		return err
	}
	flaw, err := packed.flaw() // of what other programs look at
	//mutant:compress-what-other-programs-look-at-is-not-compared
	if err == nil && flaw != "" {
		err = fmt.Errorf("what was compressed differs: %s", flaw)
	}
	return err
}

// Estimate returns how many bytes a plain sealed segment would take compressed,
// by compressing it. It writes nothing.
func (l *Log) Estimate(ctx context.Context, s Segment, codec Codec) (n int64, err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	p := newPacking(io.Discard, codec, r.size)
	defer p.release()
	if err = r.prove(ctx, r.text, p); err == nil {
		err = p.finish()
	}
	return p.out.n, err
}

// A packing is a compressed file being written.
type packing struct {
	out     countingWriter
	codec   Codec
	target  Offset // of a frame
	encoder encoder
	begun   int64  // where in the file the frame begins
	plain   Offset // of it so far
	table   frameTable
}

// newPacking begins the compressed form of so much text.
func newPacking(w io.Writer, codec Codec, text Offset) *packing {
	e := encoders[codec].Get().(encoder)
	out := countingWriter{w: bufio.NewWriterSize(w, int(min(256<<10, text))), sum: crc32.New(castagnoli)}
	return &packing{out: out, codec: codec, target: frameTarget(codec, text), encoder: e}
}

// release gives the encoder back.
func (p *packing) release() {
	p.encoder.Reset(nil)
	encoders[p.codec].Put(p.encoder)
}

// encoder is a codec's writer of one frame after another.
type encoder interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// frameTarget returns how much of a segment's text a frame holds, unless one
// record is more. The package documentation shows what was measured. A table of
// gzip members has room for so many only.
func frameTarget(c Codec, text Offset) Offset {
	if c == Gzip {
		return max(1<<20, text/(mostMembers/2))
	}
	return 32 << 20
}

// encoders are used again, for each holds a window and tables.
var encoders = map[Codec]*sync.Pool{
	Gzip: {New: func() any { return gzip.NewWriter(nil) }},
	Zstd: {New: func() any {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithWindowSize(zstdWindow), zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err) // these options are good ones
		}
		return e
	}},
}

// countingWriter counts and sums up what passes.
type countingWriter struct {
	w   *bufio.Writer
	n   int64
	sum hash.Hash32
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	_, _ = c.sum.Write(b[:n]) // never fails
	return n, err
}

// before is told the length of the record to come.
func (p *packing) before(n Offset) error {
	if p.plain > 0 && p.plain+n > p.target {
		if err := p.end(); err != nil {
			return err
		}
	}
	if p.plain == 0 {
		p.encoder.Reset(&p.out)
	}
	p.plain += n
	return nil
}

// end ends the frame.
func (p *packing) end() error {
	if p.plain == 0 {
		return nil
	}
	if err := p.encoder.Close(); err != nil {
		return err
	}
	if p.out.n-p.begun > maxFrame || p.plain > maxFrame {
		return fmt.Errorf("a frame of %d bytes is more than its table can tell of", p.plain)
	}
	p.table.add(p.out.n-p.begun, p.plain)
	p.begun, p.plain = p.out.n, 0
	return nil
}

// finish writes the tail.
func (p *packing) finish() error {
	if err := p.end(); err != nil {
		return err
	}
	tail, err := tailFormats[p.codec].encode(p.table, p.out.sum.Sum32())
	if err != nil {
		return err
	}
	if _, err := p.out.Write(tail); err != nil {
		return err
	}
	return p.out.w.Flush()
}
