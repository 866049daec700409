package seekable

import (
	"bufio"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// A Writer writes a compressed file.
type Writer struct {
	out       countingWriter
	format    *format
	frameSize int64 // of text
	encoder   *heldEncoder
	begun     int64 // offset in the file where the current frame begins
	length    int64 // text of the current frame; 0: it has not begun
	table     Table
}

// NewWriter returns a Writer of a file for the given number of bytes of text. The caller
// must call Release at the end.
func NewWriter(w io.Writer, c Codec, text int64) *Writer {
	f := &formats[c]
	return &Writer{
		out:       countingWriter{w: bufio.NewWriterSize(w, int(min(256<<10, text))), sum: crc32.New(castagnoli)},
		format:    f,
		frameSize: f.frameSize(text),
		encoder:   f.encoders.get(),
	}
}

// Release ends the use of the Writer and returns its encoder for another one.
func (w *Writer) Release() {
	w.encoder.Reset(nil)
	w.format.encoders.put(w.encoder)
}

// Begin announces a line of n bytes, which the following calls of Write must write.
// A line is never divided between frames.
func (w *Writer) Begin(n int64) error {
	if w.length > 0 && w.length+n > w.frameSize {
		if err := w.endFrame(); err != nil {
			return err
		}
	}
	if w.length == 0 { // a frame begins with this line
		w.encoder.Reset(&w.out)
	}
	w.length += n
	return nil
}

// Write writes a piece of the line.
func (w *Writer) Write(b []byte) (int, error) { return w.encoder.Write(b) }

// endFrame ends the current frame, if there is one.
func (w *Writer) endFrame() error {
	if w.length == 0 {
		return nil
	}
	if err := w.encoder.Close(); err != nil {
		return err
	}
	size := w.out.n - w.begun
	if size > maxFrame || w.length > maxFrame {
		return fmt.Errorf("a frame of %d bytes is too long for its table", w.length)
	}
	w.table.Add(size, w.length)
	w.begun, w.length = w.out.n, 0
	return nil
}

// Finish ends the last frame and writes the tail. It does not sync the file.
func (w *Writer) Finish() error {
	if err := w.endFrame(); err != nil {
		return err
	}
	tail, err := w.format.encodeTail(w.table, w.out.sum.Sum32())
	if err != nil {
		return err
	}
	if _, err := w.out.Write(tail); err != nil {
		return err
	}
	return w.out.w.Flush()
}

// Size returns the size of the file so far.
func (w *Writer) Size() int64 { return w.out.n }

// countingWriter counts the bytes that it passes on, and sums them up.
type countingWriter struct {
	w   *bufio.Writer
	n   int64
	sum hash.Hash32
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	_, _ = c.sum.Write(b[:n]) // never fails
	return n, err
}
