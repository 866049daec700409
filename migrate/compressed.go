package migrate

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// ErrCompressed: a compressed source is cut or damaged, so that its text can't be had.
var ErrCompressed = errors.New("the compressed source is cut or damaged")

// decompress returns the text of a source that may be compressed with gzip or
// zstd, which its first bytes tell, and how to end that.
func decompress(r io.Reader) (text io.Reader, end func(), err error) {
	const magicBytes = 4
	b := bufio.NewReaderSize(r, chunkBytes)
	head, err := b.Peek(magicBytes)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	var inner io.Reader
	end = func() {}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		inner, err = gzip.NewReader(b)
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		var d *zstd.Decoder
		if d, err = zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true)); err == nil {
			inner, end = d, d.Close
		}
	default:
		return b, end, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	return &compressed{inner}, end, nil
}

// compressed marks the errors of a decompressor.
type compressed struct{ r io.Reader }

func (c *compressed) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	return n, err
}
