package testutil

import (
	"bytes"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
)

// Dictionaries that an xz file may name.
const (
	Dict8MB   = 22
	Dict1500M = 37
)

// NewXZ returns a writer of an xz file that stores its text as it is, in one block with
// that dictionary.
func NewXZ(w io.Writer, dictionary byte) *XZWriter {
	x := &XZWriter{w: w, sum: crc32.NewIEEE()}
	flags := []byte{0, 1} // a check with CRC-32
	x.put([]byte("\xfd7zXZ\x00"), flags, sumOf(flags))
	head := []byte{2, 0, 0x21, 1, dictionary, 0, 0, 0} // LZMA2, and no other filter
	x.put(head, sumOf(head))
	x.block = int64(len(head) + 4)
	return x
}

// An XZWriter is what NewXZ returns.
type XZWriter struct {
	w     io.Writer
	sum   hash.Hash32 // of the text
	text  int64       // bytes of text
	block int64       // bytes of the block
	err   error
}

func sumOf(b []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }

func (x *XZWriter) put(parts ...[]byte) {
	for _, b := range parts {
		if x.err == nil {
			_, x.err = x.w.Write(b)
		}
	}
}

func (x *XZWriter) Write(p []byte) (int, error) {
	x.sum.Write(p)
	for rest := p; len(rest) > 0; {
		chunk := rest[:min(len(rest), 1<<16)]
		rest = rest[len(chunk):]
		head := []byte{2, byte((len(chunk) - 1) >> 8), byte(len(chunk) - 1)} // not compressed
		if x.text == 0 {
			head[0] = 1 // and the dictionary is empty
		}
		x.put(head, chunk)
		x.text += int64(len(chunk))
		x.block += int64(len(head) + len(chunk))
	}
	return len(p), x.err
}

// Flush does nothing: each Write writes its chunks.
func (x *XZWriter) Flush() error { return x.err }

func (x *XZWriter) Close() error {
	x.put([]byte{0}) // the last chunk
	x.block++
	x.put(make([]byte, -x.block&3), binary.LittleEndian.AppendUint32(nil, x.sum.Sum32()))
	index := []byte{0, 1} // of one block
	index = binary.AppendUvarint(index, uint64(x.block+4))
	index = binary.AppendUvarint(index, uint64(x.text))
	index = append(index, make([]byte, -len(index)&3)...)
	foot := binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4))
	foot = append(foot, 0, 1)
	x.put(index, sumOf(index), sumOf(foot), foot, []byte("YZ"))
	return x.err
}

// XZ returns text as an xz file.
func XZ(text string, dictionary byte) []byte {
	var b bytes.Buffer
	w := NewXZ(&b, dictionary)
	_, _ = io.WriteString(w, text) // to memory
	_ = w.Close()
	return b.Bytes()
}
