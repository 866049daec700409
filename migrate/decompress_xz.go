package migrate

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"

	"github.com/mikelolasagasti/xz"
)

func beginsXz(head []byte) bool { return bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")) }

func openXz(d *decompressor, in *bufio.Reader) (io.ReadCloser, error) {
	out, err := xz.NewReader(in, uint32(min(d.maxWindow(), math.MaxUint32)))
	if err != nil {
		return nil, xzError(err)
	}
	return io.NopCloser(&xzReader{out}), nil
}

// An xzReader reads xz streams one after another, with zero bytes between and after them.
type xzReader struct{ *xz.Reader }

func (r *xzReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	return n, xzError(err)
}

// xzError returns an error of the package xz as migrate words it.
func xzError(err error) error {
	switch {
	case errors.Is(err, xz.ErrMemlimit):
		return ErrDictionary
	case errors.Is(err, xz.ErrFormat): // the first stream began as it must
		return errGarbage
	case errors.Is(err, xz.ErrOptions), errors.Is(err, xz.ErrUnsupportedCheck):
		return packing{format: "an unusual kind of xz", command: "xz -dc"}.refuse()
	}
	return err
}
