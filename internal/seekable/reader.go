package seekable

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// A Reader reads the text of a compressed file. Reading forward continues where it
// ended; any other offset begins with a frame. A Reader holds no more text
// than a window, whatever the file claims. It is used by one goroutine.
type Reader struct {
	ctx    context.Context // ends reading
	file   io.ReaderAt
	size   int64 // of file
	codec  Codec
	table  Table
	reason string          // why the table is not the file's own; "": it is
	broken map[int]stopped // frames that end early, by their index in the table
	excess string          // describes a frame that does not end where it should; "": none

	decoder decoder       // nil until a frame is read
	reading bool          // the decoder is within frame
	frame   int           // index in the table
	at      int64         // offset of the text that comes next
	source  *frameSource  // of frame
	ahead   *bufio.Reader // of source
}

// stopped is where a frame cannot be decompressed further, and why.
type stopped struct {
	at  int64 // in the text
	err error
}

// A FrameError reports a frame that cannot be decompressed.
type FrameError struct {
	Offset int64 // of the frame in the file
	Err    error
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("the frame at offset %d of the file can't be decompressed: %v", e.Offset, e.Err)
}

func (e *FrameError) Unwrap() error { return e.Err }

// frameSource is the bytes of a frame. It remembers an error of the disk, which the
// decoder would return as one of its own.
type frameSource struct {
	io.Reader
	err error
}

func (s *frameSource) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// NewReader returns a Reader of a file of that size. Reads fail once ctx has ended.
// A file without a table of its own is not an error: see [Reader.Length].
func NewReader(ctx context.Context, f io.ReaderAt, size int64, c Codec) (*Reader, error) {
	r := &Reader{ctx: ctx, file: f, size: size, codec: c, broken: map[int]stopped{}, ahead: bufio.NewReaderSize(nil, 64<<10)}
	var err error
	r.table, err = ReadTable(f, size, c)
	if errors.Is(err, ErrNoTable) {
		r.reason, r.table, err = ErrNoTable.Error(), Table{}, nil
	}
	return r, err
}

// Length returns how much text can be read. expected is how much there must be, or
// negative if that is not known: where the table is missing or contradicts
// it, the file is read as one frame of that length.
func (r *Reader) Length(expected int64) int64 {
	//mutant:read-a-frame-table-is-not-compared-with-the-index
	if expected >= 0 && r.reason == "" && r.table.Length() != expected {
		r.reason = fmt.Sprintf("its table of frames tells of %d bytes, the index of %d", r.table.Length(), expected)
	}
	// Both codecs decompress a concatenation of frames as one. Without a table the whole
	// file is therefore one frame, whose tail decompresses to nothing.
	if r.reason != "" && expected >= 0 && (len(r.table.Frames) != 1 || r.table.Length() != expected) {
		r.table = Table{Frames: []Frame{{Size: r.size, Length: expected}}}
		r.reading = false
	}
	return min(r.table.Length(), r.maxLength())
}

// maxLength returns how much text the file can hold at most. Whatever its table and the
// caller claim, no more is read.
func (r *Reader) maxLength() int64 {
	expansion := formats[r.codec].expansion
	return min(r.size, math.MaxInt64/expansion) * expansion
}

// Mismatch returns why the table does not fit the file, as far as NewReader and Length
// have found out; "" if it does.
func (r *Reader) Mismatch() string { return r.reason }

// ReadAt implements io.ReaderAt. The error may be a *FrameError; b then holds the text
// before the damage.
func (r *Reader) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		at := off + int64(n)
		if at >= r.table.Length() {
			return n, io.EOF
		}
		if err := r.seek(at); err != nil {
			return n, err
		}
		// seek has begun the frame that holds at. No read crosses its end.
		f := r.table.Frames[r.frame]
		m, err := r.read(b[n:min(len(b), n+int(f.end()-at))])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// seek makes at the next offset that is read. It decompresses and discards the text of
// the frame before at, from its start or from where the decoder is.
func (r *Reader) seek(at int64) error {
	// The first frame that ends after at holds it.
	i, _ := slices.BinarySearchFunc(r.table.Frames, at, func(f Frame, at int64) int { return cmp.Compare(f.end(), at+1) })
	// The text of a frame before its damage can still be read, more than once.
	if b, ok := r.broken[i]; ok && at >= b.at {
		return b.err
	}
	if !r.reading || r.frame != i || at < r.at {
		if err := r.begin(i); err != nil {
			return err
		}
	}
	for skip := make([]byte, min(64<<10, at-r.at)); r.at < at; {
		if _, err := r.read(skip[:min(int64(len(skip)), at-r.at)]); err != nil {
			return err
		}
	}
	return nil
}

// begin begins to read a frame.
func (r *Reader) begin(i int) error {
	r.endFrame() // which may find that the frame holds more
	f := r.table.Frames[i]
	r.frame, r.at = i, f.Start
	r.source = &frameSource{Reader: io.NewSectionReader(r.file, f.Offset, f.Size)}
	r.ahead.Reset(r.source)
	if r.decoder == nil {
		r.decoder = formats[r.codec].newDecoder()
	}
	if err := r.decoder.Reset(r.ahead); err != nil {
		return r.fail(err)
	}
	r.reading = true
	return nil
}

// read reads on within the frame.
func (r *Reader) read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil { // a few bytes of the file may hold very much text
		return 0, err
	}
	n, err := io.ReadFull(r.decoder, b)
	r.at += int64(n)
	if err != nil {
		return n, r.fail(err)
	}
	return n, nil
}

// fail ends the reading of a frame. An error of the disk is returned as it is and
// says nothing about the frame, which may be read again.
func (r *Reader) fail(err error) error {
	r.reading = false
	if r.source.err != nil {
		return r.source.err
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = errors.New("it ends early")
	}
	if r.reason != "" && r.decoder.exceedsWindow(err) {
		err = ErrWindow
	}
	err = &FrameError{r.table.Frames[r.frame].Offset, err}
	r.broken[r.frame] = stopped{r.at, err}
	return err
}

// endFrame checks, once all of a frame was read, that the frame holds no more.
func (r *Reader) endFrame() {
	if !r.reading {
		return
	}
	r.reading = false
	f := r.table.Frames[r.frame]
	if r.at != f.end() {
		return
	}
	// Only reading one byte more shows that the frame ends here, as the table says.
	var one [1]byte
	if n, err := io.ReadFull(r.decoder, one[:]); n > 0 {
		r.excess = fmt.Sprintf("the frame at offset %d of the file holds more than the index knows of", f.Offset)
	} else if err != io.EOF && r.source.err == nil {
		r.excess = (&FrameError{f.Offset, err}).Error()
	}
}

// Check returns what is wrong with the file apart from its text, "" if nothing is:
// the table, the end of a frame that was read, the checksum of the file. It
// reads the file once more.
func (r *Reader) Check() (reason string, err error) {
	r.endFrame()
	if r.reason != "" || r.excess != "" {
		return cmp.Or(r.reason, r.excess), nil
	}
	// The checksum covers the file except the four bytes that hold it.
	sum := crc32.New(castagnoli)
	for _, part := range [][2]int64{{0, r.table.sumAt}, {r.table.sumAt + 4, r.size}} {
		if _, err := io.Copy(sum, contextReader{r.ctx, io.NewSectionReader(r.file, part[0], part[1]-part[0])}); err != nil {
			return "", err
		}
	}
	//mutant:read-a-compressed-files-checksum-is-not-compared
	if sum.Sum32() != r.table.sum {
		return "the checksum of the compressed file differs", nil
	}
	return "", nil
}

// A contextReader reads until its context has ended.
type contextReader struct {
	ctx context.Context
	in  io.Reader
}

func (r contextReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.in.Read(b)
}

// Release ends the use of the Reader and returns its decoder for another one. It does
// not close the file.
func (r *Reader) Release() {
	if r.decoder != nil {
		r.decoder.release()
	}
	r.decoder, r.reading = nil, false
}
