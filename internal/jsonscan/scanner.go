package jsonscan

import (
	"bytes"
	"io"
)

// MaxDepth is how deep arrays and objects may be nested in each other.
const MaxDepth = 10_000

// window is how many bytes are compacted at a time; the caller's buffer has
// that much room beyond what it holds.
const window = 32 << 10

// NonFinite says what becomes of NaN, Infinity and -Infinity. The zero value rejects them.
type NonFinite uint8

const (
	RejectNonFinite    NonFinite = iota // ErrNonFinite
	KeepNonFinite                       // stays as written, which is not JSON
	NullNonFinite                       // becomes null
	StringifyNonFinite                  // becomes "NaN", "Infinity" or "-Infinity"
)

// InvalidUTF8 says what becomes of bytes in a string that are not UTF-8. The zero value rejects them.
type InvalidUTF8 uint8

const (
	RejectUTF8  InvalidUTF8 = iota // ErrUTF8
	ReplaceUTF8                    // each maximal ill-formed part becomes U+FFFD, as in Python and browsers
)

// Options say what a Scanner accepts beyond JSON, how much, and what it notes on
// the way. The zero value is strict, without limit on size, and notes nothing.
type Options struct {
	NonFinite   NonFinite
	InvalidUTF8 InvalidUTF8
	MaxBytes    int64    // largest compact value; 0: no limit
	Memory      int64    // largest compact value that there is memory for; 0: no limit
	Capture     *Pointer // the scalar that [Scanner.Captured] gives; nil: none
}

// limit returns the limit that n bytes of a value are past, and the error for it.
func (o *Options) limit(n int64) (int64, error) {
	switch {
	case o.Memory > 0 && n > o.Memory && (o.MaxBytes == 0 || o.Memory < o.MaxBytes):
		return o.Memory, ErrMemory
	case o.MaxBytes > 0 && n > o.MaxBytes:
		return o.MaxBytes, ErrTooLarge
	}
	return 0, nil
}

// A Source hands out a stream in chunks. A chunk is the Scanner's until the
// next call. After the last one comes io.EOF with no bytes.
type Source interface {
	Next() ([]byte, error)
}

// A Scanner reads a stream of JSON values. Its methods read on from where the
// one before stopped. After an error, every later call gives the same error.
// It is not safe for concurrent use.
type Scanner struct {
	compactor
	src     Source
	chunk   []byte
	pos     int   // of the next byte in chunk
	base    int64 // offset of chunk in the stream
	word    bool  // the byte before pos ended a number or a literal
	tee     io.Writer
	teeFrom int  // chunk[teeFrom:pos] was not given to tee yet
	atEnd   bool // see Unfinished
	scratch []byte
	err     error
}

// New returns a Scanner of src.
func New(src Source, o Options) *Scanner {
	s := &Scanner{src: src}
	s.options = o
	return s
}

// NewReader returns a Scanner of what r gives, read through a buffer of 64 KiB.
func NewReader(r io.Reader, o Options) *Scanner {
	return New(&readerSource{r: r, buf: make([]byte, 64<<10)}, o)
}

// NewBytes returns a Scanner of b, which is not copied.
func NewBytes(b []byte, o Options) *Scanner {
	return New(&bytesSource{b}, o)
}

// Reset has s read b with o, as a new Scanner would, in the memory it has.
func (s *Scanner) Reset(b []byte, o Options) {
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

// Limit sets Options.MaxBytes for the values from here on.
func (s *Scanner) Limit(maxBytes int64) { s.options.MaxBytes = maxBytes }

// Capture sets Options.Capture for the values from here on.
func (s *Scanner) Capture(p *Pointer) { s.options.Capture, s.capture = p, capture{} }

// NonFinite returns how many NaN, Infinity and -Infinity were let in.
func (s *Scanner) NonFinite() int64 { return s.nonFinite }

// Replaced returns how many ill-formed parts of characters became U+FFFD.
func (s *Scanner) Replaced() int64 { return s.replaced }

// Unfinished says whether the value read last is a number that only the end of
// the stream ended: were the stream cut, more of it would be missing.
func (s *Scanner) Unfinished() bool { return s.atEnd }

// Offset returns the offset of the next unread byte.
func (s *Scanner) Offset() int64 { return s.base + int64(s.pos) }

// fill makes sure that there is a byte to read, or returns io.EOF or the source's error.
func (s *Scanner) fill() error {
	if s.err != nil {
		return s.err
	}
	if s.pos < len(s.chunk) {
		return nil
	}
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

// Tee copies the stream from here on, as it is read, to w; nil ends that. What
// was read before the call is with the writer set before when Tee returns.
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

// SkipBOM skips a UTF-8 byte-order mark at the start of the stream and says
// whether there was one.
func (s *Scanner) SkipBOM() (bool, error) {
	const bom = "\xef\xbb\xbf"
	if err := s.fill(); err != nil {
		return false, err
	}
	if s.base != 0 || s.pos != 0 || !bytes.HasPrefix(s.chunk, []byte(bom)) {
		return false, nil
	}
	s.pos = len(bom)
	return true, nil
}

// Peek skips white space and returns the byte after it without reading it:
// the first of a value, or punctuation. At the end of the stream it returns io.EOF.
func (s *Scanner) Peek() (byte, error) {
	for {
		if err := s.fill(); err != nil {
			return 0, err
		}
		n := skipSpace(s.chunk, s.pos)
		if n > s.pos {
			s.word = false
		}
		s.pos = n
		if n == len(s.chunk) {
			continue
		}
		c := s.chunk[n]
		if s.word && wordByte(c) {
			return 0, s.fail(ErrInvalid, "invalid character "+quoteByte(c)+" after a value", nil)
		}
		return c, nil
	}
}

// Next reads the byte that Peek returned. It is for punctuation, by a caller
// that walks an array or object itself.
func (s *Scanner) Next() {
	s.pos++
	s.word = false
}

// Value reads the next value and appends its compact form to dst, which it may
// grow by reallocation as append does. At the end of the stream it returns io.EOF;
// an error inside the value is a *SyntaxError, or the source's own, and what is
// returned holds the compact bytes before it.
func (s *Scanner) Value(dst []byte) ([]byte, error) {
	if _, err := s.Peek(); err != nil {
		return dst, err
	}
	from := len(dst)
	s.begin(s.options.Capture, from)
	for {
		dst = grow(dst)
		end := s.windowEnd()
		before := s.beginWindow(len(dst))
		k, i, done := s.run(s.chunk[s.pos:end], dst[:cap(dst)], len(dst))
		dst = dst[:k]
		s.pos += i
		s.endWindow(before, s.chunk[s.pos-i:s.pos], dst, from)
		if s.fault != nil {
			return dst, s.fail(s.fault, s.reason, dst[from:])
		}
		if limit, err := s.options.limit(int64(k - from)); err != nil {
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

// end ends a value at the end of the stream: only a number can end there.
func (s *Scanner) end(dst []byte, from int, err error) ([]byte, error) {
	if err != io.EOF {
		return dst, err
	}
	if s.depth == 0 && s.state == inNumber && s.number.complete() {
		s.word, s.atEnd = true, true
		return dst, nil
	}
	s.err = nil
	return dst, s.fail(ErrCut, ErrCut.Error(), dst[from:])
}

// Skip reads the next value, checks it as Value does, and keeps nothing of it,
// however large it is.
func (s *Scanner) Skip() error {
	if _, err := s.Peek(); err != nil {
		return err
	}
	s.begin(nil, 0)
	s.scratch = grow(s.scratch)
	for {
		end := min(len(s.chunk), s.pos+window)
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

// fail makes the error that ends the stream; partial is the compact value so far.
func (s *Scanner) fail(cause error, reason string, partial []byte) error {
	s.err = &SyntaxError{Offset: s.Offset() - int64(s.back), Pointer: pointerAt(partial), Reason: reason, Cause: cause}
	return s.err
}

// grow makes room for a window and a little more, so that run need not check.
func grow(dst []byte) []byte {
	const need = window + slack
	if cap(dst)-len(dst) >= need {
		return dst
	}
	bigger := make([]byte, len(dst), max(2*cap(dst), len(dst)+need))
	copy(bigger, dst)
	return bigger
}
