package migrate

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

const gzipMagic = "\x1f\x8b"

func beginsGzip(head []byte) bool { return bytes.HasPrefix(head, []byte(gzipMagic)) }

func openGzip(_ *decompressor, in *bufio.Reader) (io.ReadCloser, error) {
	out, err := newGzipReader(in)
	return io.NopCloser(out), err
}

// errGarbage is returned if bytes other than zeros follow the compressed text. gzip(1) and
// bzip2(1) warn of them.
var errGarbage = errors.New("garbage after the compressed text")

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
	return onlyZeros(g.in)
}

// onlyZeros reads the rest of in. It returns io.EOF if that holds zero bytes only.
func onlyZeros(in *bufio.Reader) error {
	for {
		switch c, err := in.ReadByte(); {
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
