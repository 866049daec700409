package segment

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
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// compressed is the text of a compressed segment. Reading forward goes on where
// it was; anything else begins with a frame. No more than a window of
// text is held, whatever a file claims to be.
type compressed struct {
	ctx    context.Context // ends reading
	file   File
	codec  Codec
	length int64 // of the file
	table  frameTable
	reason string       // why the table is not the file's own; "": it is
	broken map[int]fail // frames that end early
	excess string       // a frame that does not end where it should

	source  *frameSource
	ahead   *bufio.Reader // of source
	decoder decoder       // nil: nothing is being read
	zstd    *zstd.Decoder
	gzip    *gzip.Reader
	frame   int    // being read
	at      Offset // of the text: what comes next
}

// decoder gives the plain text of a frame.
type decoder interface{ Read([]byte) (int, error) }

// fail is where and why a frame can't be decompressed further.
type fail struct {
	at  Offset
	err error
}

// A frameError says that a piece of a compressed segment can't be decompressed.
type frameError struct {
	at  int64 // of the frame in the file
	err error
}

func (e *frameError) Error() string {
	return fmt.Sprintf("the frame at offset %d of the file can't be decompressed: %v", e.at, e.err)
}

func (e *frameError) Unwrap() error { return e.err }

// damage makes of it what a segment's readers are told.
func (e *frameError) damage(s Segment, seq Sequence, at Offset) *CorruptError {
	d := &CorruptError{Path: s.Path, Seq: seq, Offset: at, Reason: e.Error()}
	if e.err == ErrWindow {
		d.cause = ErrWindow
	}
	return d
}

// frameSource is a frame's bytes. It tells an error of the disk from one of the decoder.
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

// zstdWindow is the largest distance that a frame looks back: what any zstd takes
// without being asked to.
const zstdWindow = 8 << 20

// decoders are used again, for each holds a window. The records' own checksums are
// looked at; the frame's is left to zstd. Of one goroutine each, they cost the
// least where a reader has something else to do.
var decoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderLowmem(true), zstd.IgnoreChecksum(true))
	if err != nil {
		panic(err) // these options are good ones
	}
	return d
}}

func newCompressed(ctx context.Context, f File, c Codec) (*compressed, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	t := &compressed{ctx: ctx, file: f, codec: c, length: info.Size(), broken: map[int]fail{}, ahead: bufio.NewReaderSize(nil, 64<<10)}
	t.table, err = tailFormats[c].parse(f, t.length)
	if errors.Is(err, errNoTable) {
		t.reason, t.table, err = errNoTable.Error(), frameTable{}, nil
	}
	return t, err
}

// size implements textFile. Where the file's own table can't be had, or does not
// agree with the index, the file is one frame as long as the index says.
func (c *compressed) size(t *trailer) (Offset, error) {
	//mutant:read-a-frame-table-that-the-index-contradicts
	if t != nil && c.reason == "" && c.table.size() != t.Plain {
		c.reason = fmt.Sprintf("its table of frames tells of %d bytes, the index of %d", c.table.size(), t.Plain)
	}
	if c.reason != "" && t != nil && (len(c.table.frames) != 1 || c.table.size() != t.Plain) {
		c.table = frameTable{frames: []frame{{size: c.length, plain: t.Plain}}}
		c.decoder = nil
	}
	return min(c.table.size(), c.most()), nil
}

// most returns how much text the file can hold at most: a block of zstd, which has
// four bytes at least, gives 128 KiB, and a byte of deflate 1032. Whatever table
// and index claim, no record is looked for beyond.
func (c *compressed) most() Offset {
	if c.codec == Gzip {
		return Offset(min(c.length, math.MaxInt64/1032)) * 1032
	}
	return Offset(min(c.length, math.MaxInt64>>15)) << 15
}

// agrees says whether the file is what histlog made of the segment.
func (c *compressed) agrees(t *trailer) bool {
	_, err := c.size(t)
	return err == nil && t != nil && c.reason == ""
}

// ReadAt implements io.ReaderAt, for one goroutine. The error may be a
// *frameError; what comes before it was read.
func (c *compressed) ReadAt(b []byte, off int64) (n int, err error) {
	for n < len(b) {
		at := Offset(off) + Offset(n)
		if at >= c.table.size() {
			return n, io.EOF
		}
		if err := c.seek(at); err != nil {
			return n, err
		}
		f := c.table.frames[c.frame]
		m, err := c.read(b[n:min(len(b), n+int(f.start+f.plain-at))])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// seek makes at the next offset to be read.
func (c *compressed) seek(at Offset) error {
	i, _ := slices.BinarySearchFunc(c.table.frames, at, func(f frame, at Offset) int { return cmp.Compare(f.start+f.plain, at+1) })
	if b, ok := c.broken[i]; ok && at >= b.at {
		return b.err
	}
	if c.decoder == nil || c.frame != i || at < c.at {
		if err := c.begin(i); err != nil {
			return err
		}
	}
	for skip := make([]byte, min(64<<10, at-c.at)); c.at < at; {
		if _, err := c.read(skip[:min(Offset(len(skip)), at-c.at)]); err != nil {
			return err
		}
	}
	return nil
}

// begin begins to read a frame.
func (c *compressed) begin(i int) error {
	c.ended()
	f := c.table.frames[i]
	c.frame, c.at = i, f.start
	c.source = &frameSource{Reader: io.NewSectionReader(c.file, f.at, f.size)}
	c.ahead.Reset(c.source)
	if err := c.reset(c.ahead); err != nil {
		return c.fails(err)
	}
	return nil
}

func (c *compressed) reset(from io.Reader) (err error) {
	if c.codec == Gzip {
		if c.gzip == nil {
			c.gzip = new(gzip.Reader)
		}
		if err = c.gzip.Reset(from); err == nil {
			c.decoder = c.gzip
		}
		return err
	}
	if c.zstd == nil {
		c.zstd = decoders.Get().(*zstd.Decoder)
	}
	if err = c.zstd.Reset(from); err == nil {
		c.decoder = c.zstd
	}
	return err
}

// read reads on in the frame.
func (c *compressed) read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil { // a few bytes may hold very much text
		return 0, err
	}
	n, err := io.ReadFull(c.decoder, b)
	c.at += Offset(n)
	if err != nil {
		return n, c.fails(err)
	}
	return n, nil
}

// fails ends the reading of a frame. An error of the disk is not the frame's.
func (c *compressed) fails(err error) error {
	c.decoder = nil
	if c.source.err != nil {
		return c.source.err
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = errors.New("it ends early")
	}
	err = &frameError{c.table.frames[c.frame].at, err}
	if wide := errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded); wide && c.reason != "" {
		err = &frameError{c.table.frames[c.frame].at, ErrWindow}
	}
	c.broken[c.frame] = fail{c.at, err}
	return err
}

// ended looks, when all of a frame was read, whether it holds more.
func (c *compressed) ended() {
	if c.decoder == nil {
		return
	}
	f := c.table.frames[c.frame]
	if c.at == f.start+f.plain {
		var one [1]byte
		if n, err := io.ReadFull(c.decoder, one[:]); n > 0 {
			c.excess = fmt.Sprintf("the frame at offset %d of the file holds more than the index knows of", f.at)
		} else if err != io.EOF && c.source.err == nil {
			c.excess = (&frameError{f.at, err}).Error()
		}
	}
	c.decoder = nil
}

// flaw implements textFile. It reads the file once more, to compare its checksum.
func (c *compressed) flaw() (string, error) {
	c.ended()
	if c.reason != "" || c.excess != "" {
		return cmp.Or(c.reason, c.excess), nil
	}
	sum := crc32.New(castagnoli)
	for _, part := range [][2]int64{{0, c.table.sumAt}, {c.table.sumAt + 4, c.length}} {
		if _, err := io.Copy(sum, io.NewSectionReader(c.file, part[0], part[1]-part[0])); err != nil {
			return "", err
		}
	}
	//mutant:read-a-compressed-files-checksum
	if sum.Sum32() != c.table.sum {
		return "the checksum of the compressed file differs", nil
	}
	return "", nil
}

// release gives back what decoding takes.
func (c *compressed) release() {
	if c.zstd != nil && c.zstd.Reset(nil) == nil {
		decoders.Put(c.zstd)
	}
	c.zstd, c.decoder = nil, nil
}

// Close closes the file.
func (c *compressed) Close() error {
	c.release()
	return c.file.Close()
}
