package jsonscan

import (
	"bytes"
	"io"
)

// MaxDepth is the maximum number of arrays and objects that may be open at once.
const MaxDepth = 10_000

// window is how many bytes are compacted at a time. The buffer that Value appends to
// is given that much room beyond what it holds.
const window = 32 << 10

// NonFinite says what NaN, Infinity and -Infinity become. The zero value rejects them.
type NonFinite uint8

const (
	RejectNonFinite    NonFinite = iota // ErrNonFinite is returned
	KeepNonFinite                       // they stay as written, which is not JSON
	NullNonFinite                       // they become null
	StringifyNonFinite                  // they become "NaN", "Infinity" or "-Infinity"
)

// InvalidUTF8 says what bytes in a string that are not UTF-8 become. The zero value
// rejects them.
type InvalidUTF8 uint8

const (
	RejectUTF8  InvalidUTF8 = iota // ErrUTF8 is returned
	ReplaceUTF8                    // each maximal ill-formed part becomes U+FFFD, as in Python and browsers
)

// Options say what a Scanner accepts beyond JSON, how large a value may be, and which
// scalar is captured. The zero value is strict, has no limit, and captures nothing.
type Options struct {
	NonFinite   NonFinite
	InvalidUTF8 InvalidUTF8
	MaxBytes    int64    // maximum size of a compact value in bytes; 0 means no limit
	Memory      int64    // bytes of a compact value that there is memory for; 0 means no limit
	Capture     *Pointer // names the scalar that [Scanner.Captured] returns; nil means none
}

// limit returns the limit that n bytes of a value exceed, and the error for it.
func (o *Options) limit(n int64) (int64, error) {
	// The lower limit has been exceeded first, and is the one to report.
	switch {
	case o.Memory > 0 && n > o.Memory && (o.MaxBytes == 0 || o.Memory < o.MaxBytes):
		return o.Memory, ErrMemory
	case o.MaxBytes > 0 && n > o.MaxBytes:
		return o.MaxBytes, ErrTooLarge
	}
	return 0, nil
}

// A Source returns a stream in chunks. A chunk must stay unchanged until the next call
// of Next. After the last chunk, Next returns io.EOF and no bytes.
type Source interface {
	Next() ([]byte, error)
}

// A Scanner reads a stream of JSON values. Each method continues where the previous one
// stopped. After an error, every later call returns the same error. A Scanner is not
// safe for concurrent use.
//
// Between two calls, base+pos is the offset of the next byte to read, and
// 0 ≤ teeFrom ≤ pos ≤ len(chunk) while there is a tee.
type Scanner struct {
	compactor
	src     Source
	chunk   []byte    // owned by src
	pos     int       // index in chunk of the next byte to read
	base    int64     // offset of chunk in the stream
	word    bool      // the byte before pos ended a number or a literal
	tee     io.Writer // nil means none
	teeFrom int       // chunk[teeFrom:pos] was not written to tee yet
	atEnd   bool      // see Unfinished
	scratch []byte    // output of Skip, never read
	err     error     // returned by every call from now on
}

// New returns a Scanner of src.
func New(src Source, o Options) *Scanner {
	s := &Scanner{src: src}
	s.options = o
	return s
}

// NewReader returns a Scanner of r, which it reads into a buffer of 64 KiB.
func NewReader(r io.Reader, o Options) *Scanner {
	return New(&readerSource{r: r, buf: make([]byte, 64<<10)}, o)
}

// NewBytes returns a Scanner of b, which is not copied.
func NewBytes(b []byte, o Options) *Scanner {
	return New(&bytesSource{b}, o)
}

// Reset makes s a Scanner of b with o that reuses the memory of s.
func (s *Scanner) Reset(b []byte, o Options) {
	// All but the buffers is as in a new Scanner: nothing of the last value may be left.
	src, ok := s.src.(*bytesSource)
	if !ok {
		src = new(bytesSource)
	}
	src.b = b
	*s = Scanner{src: src, scratch: s.scratch, compactor: compactor{options: o, capture: capture{element: s.capture.element}}}
}

type readerSource struct {
	r   io.Reader
	buf []byte
}

func (s *readerSource) Next() ([]byte, error) {
	for {
		// An error that came with bytes comes again, or is io.EOF, without any.
		n, err := s.r.Read(s.buf)
		if n > 0 {
			return s.buf[:n], nil
		}
		if err != nil {
			return nil, err
		}
	}
}

type bytesSource struct{ b []byte }

func (s *bytesSource) Next() ([]byte, error) {
	if len(s.b) == 0 {
		return nil, io.EOF
	}
	b := s.b
	s.b = nil
	return b, nil
}

// Limit sets Options.MaxBytes for later values.
func (s *Scanner) Limit(maxBytes int64) { s.options.MaxBytes = maxBytes }

// Capture sets Options.Capture for later values.
func (s *Scanner) Capture(p *Pointer) { s.options.Capture, s.capture = p, capture{} }

// Around says that the caller puts later values into depth containers, which take bytes
// more bytes: they count towards MaxDepth and towards the limits of size.
func (s *Scanner) Around(depth int, bytes int64) { s.around = around{depth, bytes} }

type around struct {
	depth int
	bytes int64
}

// NonFinite returns how many NaN, Infinity and -Infinity were accepted.
func (s *Scanner) NonFinite() int64 { return s.nonFinite }

// Replaced returns how many ill-formed parts of characters became U+FFFD.
func (s *Scanner) Replaced() int64 { return s.replaced }

// Unfinished reports whether the value read last is a number that only the end of the
// stream ended: if the stream is truncated, digits may be missing.
func (s *Scanner) Unfinished() bool { return s.atEnd }

// Offset returns the offset of the next unread byte.
func (s *Scanner) Offset() int64 { return s.base + int64(s.pos) }

// fill makes sure that there is a byte to read at chunk[pos]. It returns io.EOF at the
// end of the stream, or the error of the source.
func (s *Scanner) fill() error {
	if s.err != nil {
		return s.err
	}
	if s.pos < len(s.chunk) {
		return nil
	}
	// The chunk is the source's again with the call of Next, so the tee gets it before.
	if s.err = s.flushTee(); s.err != nil {
		return s.err
	}
	s.base += int64(len(s.chunk))
	s.pos, s.teeFrom = 0, 0
	s.chunk, s.err = s.src.Next()
	if s.err != nil {
		s.chunk = nil
	}
	return s.err
}

// Tee writes all bytes that are read from now on to w; nil ends that. When Tee returns,
// the bytes read before were written to the previous writer.
func (s *Scanner) Tee(w io.Writer) error {
	err := s.flushTee()
	s.tee, s.teeFrom = w, s.pos
	return err
}

func (s *Scanner) flushTee() error {
	if s.tee == nil || s.teeFrom == s.pos {
		return nil
	}
	_, err := s.tee.Write(s.chunk[s.teeFrom:s.pos])
	s.teeFrom = s.pos
	return err
}

// SkipBOM skips a UTF-8 byte-order mark at the start of the stream and reports whether
// there was one.
func (s *Scanner) SkipBOM() (bool, error) {
	const bom = "\xef\xbb\xbf"
	if err := s.fill(); err != nil {
		return false, err
	}
	// A mark that the first chunk divides is not found: sources begin with larger chunks.
	if s.base != 0 || s.pos != 0 || !bytes.HasPrefix(s.chunk, []byte(bom)) {
		return false, nil
	}
	s.pos = len(bom)
	return true, nil
}

// Peek skips white space and returns the byte after it without reading it: the first
// one of a value, or punctuation. Peek returns io.EOF at the end of the stream.
func (s *Scanner) Peek() (byte, error) {
	for {
		if err := s.fill(); err != nil {
			return 0, err
		}
		// White space may continue in the next chunk.
		n := skipSpace(s.chunk, s.pos)
		if n > s.pos {
			s.word = false
		}
		s.pos = n
		if n == len(s.chunk) {
			continue
		}
		c := s.chunk[n]
		// 12 and 3 in a stream are not 123: white space must separate them.
		if s.word && wordByte(c) {
			return 0, s.fail(ErrInvalid, "invalid character "+quoteByte(c)+" after a value", nil)
		}
		return c, nil
	}
}

// Next reads the byte that Peek returned, which must be punctuation. It is for callers
// that read the members of an array or object one by one.
func (s *Scanner) Next() {
	s.pos++
	s.word = false
}

// Value reads the next value and appends its compact form to dst, which it may
// reallocate as append does. It returns io.EOF at the end of the stream. An error inside
// the value is a *SyntaxError or the error of the source; the slice returned with it
// holds the compact bytes before the error.
func (s *Scanner) Value(dst []byte) ([]byte, error) {
	if _, err := s.Peek(); err != nil {
		return dst, err
	}
	from := len(dst)
	s.begin(s.options.Capture, from)
	for {
		// The contract of run: room for the window and slack.
		dst = grow(dst)
		end := s.windowEnd()
		before := s.beginWindow(len(dst))
		k, i, done := s.run(s.chunk[s.pos:end], dst[:cap(dst)], len(dst))
		dst = dst[:k]
		s.pos += i
		s.endWindow(before, s.chunk[s.pos-i:s.pos], dst, from)
		// A fault first: the limit is for text that is right so far.
		if s.fault != nil {
			return dst, s.fail(s.fault, s.reason, dst[from:])
		}
		// The value may be too large by one window at most, never by more memory.
		if limit, err := s.options.limit(int64(k-from) + s.around.bytes); err != nil {
			return dst, s.fail(err, tooLarge(limit), nil)
		}
		if done {
			s.word = s.endsInWord
			return dst, nil
		}
		if err := s.fill(); err != nil {
			return s.end(dst, from, err)
		}
	}
}

// end returns the result of Value at the end of the stream, where only a number at
// depth 0 may end.
func (s *Scanner) end(dst []byte, from int, err error) ([]byte, error) {
	if err != io.EOF {
		return dst, err
	}
	if s.depth == 0 && s.state == inNumber && s.number.complete() {
		s.word, s.atEnd = true, true
		return dst, nil
	}
	// In place of io.EOF, which would mean that nothing is missing.
	s.err = nil
	return dst, s.fail(ErrCut, ErrCut.Error(), dst[from:])
}

// Skip reads the next value and checks it as Value does, but has no limit of size and
// keeps nothing.
func (s *Scanner) Skip() error {
	if _, err := s.Peek(); err != nil {
		return err
	}
	s.begin(nil, 0)
	s.scratch = grow(s.scratch)
	for {
		end := min(len(s.chunk), s.pos+window)
		// Each window overwrites the output of the one before.
		_, i, done := s.run(s.chunk[s.pos:end], s.scratch[:cap(s.scratch)], 0)
		s.pos += i
		if s.fault != nil {
			return s.fail(s.fault, s.reason, nil)
		}
		if done {
			s.word = s.endsInWord
			return nil
		}
		if err := s.fill(); err != nil {
			_, err = s.end(nil, 0, err)
			return err
		}
	}
}

// fail returns the error that ends the stream. partial is the compact value so far,
// from which the pointer to the place is found.
func (s *Scanner) fail(cause error, reason string, partial []byte) error {
	s.err = &SyntaxError{Offset: s.Offset() - int64(s.back), Pointer: pointerAt(partial), Reason: reason, Cause: cause}
	return s.err
}

// grow returns dst with room for a window and slack, so that run need not check.
func grow(dst []byte) []byte {
	const need = window + slack
	if cap(dst)-len(dst) >= need {
		return dst
	}
	bigger := make([]byte, len(dst), max(2*cap(dst), len(dst)+need))
	copy(bigger, dst)
	return bigger
}
