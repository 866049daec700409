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

// minWindow is the window that zstd's levels up to 19 use. A source with that
// window is always read; one made with --ultra or --long takes more memory.
const minWindow = 8 << 20

// A text reads a source that may be compressed with gzip or zstd. The first
// bytes of the source say which; they are read by the first Read.
type decompressor struct {
	in         io.Reader
	memory     int64        // for a zstd window, in bytes; less than minWindow means minWindow
	raw        atomic.Int64 // bytes read from in
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
	// A frame of known size says how large its window is by its size, which is another error.
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		err = fmt.Errorf("%w: %w", ErrWindow, err)
	case d.compressed.Load() && err != nil && err != io.EOF:
		err = fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	return n, err
}

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

// rawReader reads a text's file and counts the bytes.
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

// errGarbage is what gzip(1) warns about.
var errGarbage = errors.New("garbage behind the last gzip member")

// gzipReader reads gzip members one after the other. Zero bytes behind the last
// one are ignored, as gzip(1) does: tapes and disk images pad files with them.
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
				err = nil // the next Read looks for another member
			}
			return n, err
		}
		if err := g.next(); err != nil {
			return 0, err
		}
	}
}

// next begins the next member; io.EOF means that there is none.
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

// noEOF turns the end of the file, where more must come, into an error.
func unexpectedEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
