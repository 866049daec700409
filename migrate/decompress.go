package migrate

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// minWindow is the window of zstd's levels up to 19. A source with that window is always
// read; one made with --ultra or --long takes more memory.
const minWindow = 8 << 20

// A decompressor reads the text of a source that may be compressed with gzip or zstd, as
// the first bytes of the source say. They are read by the first Read.
type decompressor struct {
	in         io.Reader
	memory     int64        // maximum zstd window in bytes, at least minWindow whatever it is
	raw        atomic.Int64 // bytes read from in, for Progress, which runs on another goroutine
	out        io.Reader    // nil until the first Read
	compressed atomic.Bool
	zstd       *zstd.Decoder
}

func (d *decompressor) Read(p []byte) (int, error) {
	if d.out == nil {
		if err := d.open(); err != nil {
			return 0, err
		}
	}
	n, err := d.out.Read(p)
	switch {
	// The window of a frame that states its size is that size, which has an error of its own.
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		err = fmt.Errorf("%w: %w", ErrWindow, err)
	case d.compressed.Load() && err != nil && err != io.EOF:
		err = fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	return n, err
}

// open reads the first bytes of the source and chooses the format.
func (d *decompressor) open() error {
	b := bufio.NewReaderSize((*rawReader)(d), chunkBytes)
	head, err := b.Peek(magicBytes)
	if err != nil && err != io.EOF {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte(gzipMagic)):
		d.compressed.Store(true)
		d.out, err = newGzipReader(b)
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}), skippableFrame(head):
		d.compressed.Store(true)
		window := uint64(max(d.memory, minWindow))
		d.zstd, err = zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
		d.out = d.zstd
	default:
		if other := packedWith(head); other != nil {
			return other
		}
		// Through b, reads shorter than its buffer would be copied, and come in pieces of odd lengths.
		held, _ := b.Peek(b.Buffered())
		d.out, err = io.MultiReader(bytes.NewReader(held), (*rawReader)(d)), nil
	}
	if err != nil {
		d.out = nil
		return fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	return nil
}

// skippableFrame reports whether head begins a zstd frame without content,
// which pzstd and seekable files begin with.
func skippableFrame(head []byte) bool {
	return len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18})
}

// A rawReader reads the file of a decompressor and counts the bytes.
type rawReader decompressor

func (r *rawReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.raw.Add(int64(n))
	return n, err
}

func (d *decompressor) close() {
	if d.zstd != nil {
		d.zstd.Close()
	}
}

const gzipMagic = "\x1f\x8b"

// errGarbage is returned for bytes after the last gzip member, of which gzip(1) warns.
var errGarbage = errors.New("garbage behind the last gzip member")

// A gzipReader reads gzip members one after another. Zero bytes after the last one are
// ignored, as gzip(1) does: tapes and disk images pad files with them.
type gzipReader struct {
	in     *bufio.Reader
	member *gzip.Reader
}

func newGzipReader(in *bufio.Reader) (*gzipReader, error) {
	member, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	member.Multistream(false)
	return &gzipReader{in, member}, nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.member.Read(p)
		if n > 0 || err != io.EOF {
			if err == io.EOF {
				err = nil // the next Read begins another member, if there is one
			}
			return n, err
		}
		if err := g.next(); err != nil {
			return 0, err
		}
	}
}

// next begins the next member. It returns io.EOF if there is none.
func (g *gzipReader) next() error {
	head, err := g.in.Peek(len(gzipMagic))
	if string(head) == gzipMagic {
		if err := g.member.Reset(g.in); err != nil {
			return unexpectedEOF(err)
		}
		g.member.Multistream(false)
		return nil
	}
	if err != nil && err != io.EOF {
		return err
	}
	for {
		switch c, err := g.in.ReadByte(); {
		case err != nil:
			return err
		case c != 0:
			return errGarbage
		}
	}
}

// unexpectedEOF returns err, or io.ErrUnexpectedEOF in place of io.EOF.
func unexpectedEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
