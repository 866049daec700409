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

// ErrCompressed: a compressed source is cut or damaged, so that its text can't be had.
var ErrCompressed = errors.New("the compressed source is cut or damaged")

// ErrWindow: a zstd source wants more memory than migrate takes. Decompress it with zstd and migrate that.
var ErrWindow = errors.New("the zstd source was made with a window of more than 8 MiB")

// maxWindow is the largest window of a zstd source: that of its levels up to 19.
// A larger one, of --ultra or --long, would take as much memory.
const maxWindow = 8 << 20

// A text is what stands in a source that may be compressed with gzip or zstd,
// which its first bytes tell when it is first read.
type text struct {
	in         io.Reader
	raw        atomic.Int64 // bytes read of in
	out        io.Reader    // nil: not yet known
	compressed atomic.Bool
	zstd       *zstd.Decoder
}

func (t *text) Read(p []byte) (int, error) {
	if t.out == nil {
		if err := t.open(); err != nil {
			return 0, err
		}
	}
	n, err := t.out.Read(p)
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		err = fmt.Errorf("%w: %w", ErrWindow, err)
	case t.compressed.Load() && err != nil && err != io.EOF:
		err = fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	return n, err
}

func (t *text) open() error {
	const magicBytes = 4
	b := bufio.NewReaderSize((*rawReader)(t), chunkBytes)
	head, err := b.Peek(magicBytes)
	if err != nil && err != io.EOF {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		t.compressed.Store(true)
		t.out, err = gzip.NewReader(b)
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		t.compressed.Store(true)
		t.zstd, err = zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		t.out = t.zstd
	default:
		t.out, err = b, nil
	}
	if err != nil {
		t.out = nil
		return fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	return nil
}

// rawReader reads a text's file and counts.
type rawReader text

func (r *rawReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.raw.Add(int64(n))
	return n, err
}

func (t *text) close() {
	if t.zstd != nil {
		t.zstd.Close()
	}
}
