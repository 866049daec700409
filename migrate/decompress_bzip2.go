package migrate

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"io"
)

func beginsBzip2(head []byte) bool {
	return len(head) >= 4 && bytes.HasPrefix(head, []byte("BZh")) && '1' <= head[3] && head[3] <= '9'
}

func openBzip2(_ *decompressor, in *bufio.Reader) (io.ReadCloser, error) {
	raw := &lastBytes{Reader: in}
	return io.NopCloser(&bzip2Reader{raw, bzip2.NewReader(raw)}), nil
}

// errNoStream is the error of package bzip2 for two bytes after a stream that do not begin
// another one.
const errNoStream = bzip2.StructuralError("bad magic value in continuation file")

// A bzip2Reader reads bzip2 streams one after another. Zero bytes after the last one are
// ignored, as in gzip.
type bzip2Reader struct {
	raw  *lastBytes
	text io.Reader
}

func (r *bzip2Reader) Read(p []byte) (int, error) {
	n, err := r.text.Read(p)
	if err == errNoStream {
		if err = errGarbage; r.raw.last == [2]byte{} {
			err = onlyZeros(r.raw.Reader)
		}
	}
	return n, err
}

// lastBytes remembers the two bytes that ReadByte returned last.
type lastBytes struct {
	*bufio.Reader
	last [2]byte
}

func (r *lastBytes) ReadByte() (byte, error) {
	c, err := r.Reader.ReadByte()
	if err == nil {
		r.last = [2]byte{r.last[1], c}
	}
	return c, err
}
