// Package seekable stores lines of text in a compressed file that can be read from
// any offset of the text.
//
// The text is cut into frames, each of which is decompressed by itself. A frame
// begins and ends with a line. The file ends with a table of the frames and a
// checksum of the file, in a place that every other program of the codec skips:
// zstd -d and gzip -d read the file as they read any other.
//
//	frame frame ... tail
//
// A codec is one row of the list formats: see [Codec]. Its file describes how the
// tail is encoded.
package seekable

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Codec is how the text of a file is stored. To add a codec, write a file like
// gzip.go that declares its format, then add its constant and its row below. The
// constants are never stored: a file is known by the extension of its name.
type Codec uint8

const (
	Plain Codec = iota // the text itself
	Zstd               // frames of zstd, in the zstd seekable format
	Gzip               // members of gzip
)

// formats has a row for each codec.
var formats = [...]format{
	Plain: {name: "plain"},
	Zstd:  zstdFormat,
	Gzip:  gzipFormat,
}

// A format is what the package knows about a codec.
type format struct {
	name      string // in settings and on the command line
	extension string // of a file, with its dot
	// expansion is the largest number of bytes of text that one byte of a file can
	// stand for.
	expansion int64
	// frameSize returns how much text of so much in total a frame holds, unless one
	// line is longer.
	frameSize func(text int64) int64

	encoders   *spareEncoder // each holds a window and tables
	newDecoder func() decoder

	// encodeTail returns the tail of a file whose frames have the checksum crc.
	encodeTail func(t Table, crc uint32) ([]byte, error)
	// parseTail reads the tail of a file of that size. The error is ErrNoTable if the
	// file does not end with a tail that fits it.
	parseTail func(f io.ReaderAt, size int64) (Table, error)
}

// An encoder writes one frame after another.
type encoder interface {
	io.WriteCloser
	// Reset begins a frame. After Reset(nil) the encoder refers to no writer.
	Reset(w io.Writer)
}

// A decoder reads one frame after another.
type decoder interface {
	io.Reader
	// Reset begins a frame.
	Reset(r io.Reader) error
	// exceedsWindow reports whether err means that a frame needs a larger window
	// than the decoder has.
	exceedsWindow(err error) bool
	// release ends the use of the decoder.
	release()
}

// Codecs returns all codecs, Plain first.
func Codecs() []Codec {
	all := make([]Codec, len(formats))
	for i := range all {
		all[i] = Codec(i)
	}
	return all
}

// Names lists the codecs that compress for a message: "zstd or gzip".
func Names() string {
	var names []string
	for _, f := range formats[Plain+1:] {
		names = append(names, f.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// ParseCodec returns the codec that compresses and has that name.
func ParseCodec(name string) (Codec, error) {
	i := slices.IndexFunc(formats[:], func(f format) bool { return f.name == name })
	if i <= int(Plain) {
		return Plain, fmt.Errorf("%q is not a codec: write %s", name, Names())
	}
	return Codec(i), nil
}

// CodecOf returns the codec of a file by the extension of its name, "" for plain text.
func CodecOf(extension string) (c Codec, ok bool) {
	i := slices.IndexFunc(formats[:], func(f format) bool { return f.extension == extension })
	return Codec(max(i, 0)), i >= 0
}

// String returns the name of the codec.
func (c Codec) String() string { return formats[c].name }

// Extension returns what the name of a file ends with: ".zst", or "" for Plain.
func (c Codec) Extension() string { return formats[c].extension }

// FrameSize returns how much text a frame holds, unless one line is longer, in a file
// of so much text in total.
func (c Codec) FrameSize(text int64) int64 { return formats[c].frameSize(text) }
