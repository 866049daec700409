package migrate

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// minWindow is the window of zstd's levels up to 19. A source with that window is always
// read; one made with --ultra or --long takes more memory.
const minWindow = 8 << 20

// A compression is a format of compressed sources that is read.
type compression struct {
	ending string                 // of the names of its files
	check  string                 // command that checks the file named after it
	begins func(head []byte) bool // head is the beginning of the source, of up to magicBytes
	open   func(d *decompressor, in *bufio.Reader) (io.ReadCloser, error)
}

var compressions = []compression{
	{".gz", "gzip -t", beginsGzip, openGzip},
	{".zst", "zstd -t", beginsZstd, openZstd},
}

// TrimEnding removes the ending of a compressor from the name of a source, if it has one.
func TrimEnding(name string) string {
	for _, c := range compressions {
		if trimmed, found := strings.CutSuffix(name, c.ending); found {
			return trimmed
		}
	}
	for _, c := range append(unsupported, brotli) {
		if trimmed, found := strings.CutSuffix(name, c.ending); found && c.ending != "" {
			return trimmed
		}
	}
	return name
}

// CheckCommands returns the commands that check a compressed source, such as gzip -t.
func CheckCommands() (commands []string) {
	for _, c := range compressions {
		commands = append(commands, c.check)
	}
	return commands
}

// A decompressor reads the text of a source that may be compressed, as the first bytes of
// the source say. They are read by the first Read.
type decompressor struct {
	in         io.Reader
	memory     int64         // maximum zstd window in bytes, at least minWindow whatever it is
	raw        atomic.Int64  // bytes read from in, for Progress, which runs on another goroutine
	out        io.ReadCloser // nil until the first Read
	compressed atomic.Bool
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
	for _, c := range compressions {
		if !c.begins(head) {
			continue
		}
		d.compressed.Store(true)
		out, err := c.open(d, b)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCompressed, err)
		}
		d.out = out
		return nil
	}
	if other := packedWith(head); other != nil {
		return other
	}
	// Through b, reads shorter than its buffer would be copied, and come in pieces of odd lengths.
	held, _ := b.Peek(b.Buffered())
	d.out = io.NopCloser(io.MultiReader(bytes.NewReader(held), (*rawReader)(d)))
	return nil
}

func beginsZstd(head []byte) bool {
	return bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}) || skippableFrame(head)
}

// skippableFrame reports whether head begins a zstd frame without content,
// which pzstd and seekable files begin with.
func skippableFrame(head []byte) bool {
	return len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18})
}

func openZstd(d *decompressor, in *bufio.Reader) (io.ReadCloser, error) {
	window := uint64(max(d.memory, minWindow))
	out, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, err
	}
	return out.IOReadCloser(), nil
}

// A rawReader reads the file of a decompressor and counts the bytes.
type rawReader decompressor

func (r *rawReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.raw.Add(int64(n))
	return n, err
}

func (d *decompressor) close() {
	if d.out != nil {
		_ = d.out.Close() // nothing was written
	}
}

const gzipMagic = "\x1f\x8b"

func beginsGzip(head []byte) bool { return bytes.HasPrefix(head, []byte(gzipMagic)) }

func openGzip(_ *decompressor, in *bufio.Reader) (io.ReadCloser, error) {
	out, err := newGzipReader(in)
	return io.NopCloser(out), err
}

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
