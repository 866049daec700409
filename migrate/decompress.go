package migrate

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// minWindow is the window of zstd's levels up to 19, and the dictionary of xz's levels up to
// 6. A source with that window is always read. One made with zstd --ultra or --long, or
// with xz -9, may need a larger window, which is read if there is memory for it.
const minWindow = 8 << 20

// A compression is a format of compressed sources that migrate reads.
type compression struct {
	ending string                 // of the names of its files
	check  string                 // command that checks a file; the file's name follows it
	begins func(head []byte) bool // head is the beginning of the source, of up to magicBytes
	open   func(d *decompressor, in *bufio.Reader) (io.ReadCloser, error)
}

var compressions = []compression{
	{".gz", "gzip -t", beginsGzip, openGzip},
	{".zst", "zstd -t", beginsZstd, openZstd},
	{".xz", "xz -t", beginsXz, openXz},
	{".bz2", "bzip2 -t", beginsBzip2, openBzip2},
	{".zip", "unzip -t", beginsZip, openZip},
}

// TrimEnding removes the ending of a compressor or an archive from the name of a source, if it has one.
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
	memory     int64         // maximum size in bytes of the window that is held; see maxWindow
	chunk      int           // bytes that are read at once; 0 means chunkBytes
	raw        atomic.Int64  // bytes read from in, for Progress, which runs on another goroutine
	failed     error         // the first error of in other than io.EOF; nil means none
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
	if d.compressed.Load() {
		err = d.error(err)
	}
	return n, err
}

// fail notes an error of in. It is returned in place of all later ones: if the device fails,
// nothing is known about the compressed text.
func (d *decompressor) fail(err error) {
	if err != nil && err != io.EOF && d.failed == nil {
		d.failed = err
	}
}

// error returns the error of a decompressor as an error about the source. An error that does
// not say what is wrong with the source means that it is damaged.
func (d *decompressor) error(err error) error {
	var packed *PackedError
	var archive *ArchiveError
	switch {
	case err != nil && d.failed != nil:
		return d.failed
	case err == nil, err == io.EOF, errors.As(err, &packed), errors.As(err, &archive), errors.Is(err, ErrOnce), errors.Is(err, ErrDictionary):
		return err
	// A frame that states its size has a window of that size: too large a one is the second error.
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Errorf("%w: %w", ErrWindow, err)
	}
	return fmt.Errorf("%w: %w", ErrCompressed, err)
}

// maxWindow returns how many bytes of text a decompressor may hold in memory.
func (d *decompressor) maxWindow() uint64 { return uint64(max(d.memory, minWindow)) }

// open reads the first bytes of the source and chooses the format.
func (d *decompressor) open() error {
	b := bufio.NewReaderSize((*rawReader)(d), cmp.Or(d.chunk, chunkBytes))
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
			return d.error(err)
		}
		d.out = out
		return nil
	}
	if other := packedWith(head); other != nil {
		return other
	}
	// Only what b holds is read through b: it would copy shorter reads, in pieces of odd lengths.
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
	out, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(d.maxWindow()))
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
	(*decompressor)(r).fail(err)
	return n, err
}

func (d *decompressor) close() {
	if d.out != nil {
		_ = d.out.Close() // nothing was written
	}
}
