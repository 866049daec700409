package migrate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/size"
	"github.com/histlog/histlog/segment"
)

// A sourcePass is one reading of a source from its first byte to its last.
type sourcePass struct {
	ctx       context.Context
	o         Options
	source    *source
	scan      *jsonscan.Scanner
	timeField *segment.Pointer // nil means that no time is wanted
	finder    recordFinder
	walk      func() error // reads the source in place of finder; nil means that finder does
	take      take
	sample    *timeSample   // holds back the first records; nil means that none are held back
	search    *orderSearch  // of the order of day and month; nil means none
	format    string        // value of the setting time-format that another pass has found; "" means none
	origin    *originWriter // stores what surrounds the records; nil means that nothing is stored
	records   uint64        // number of records taken
	once      bool          // the source cannot be read again
	single    bool          // the source must hold one record
	more      bool          // another pass follows this one, with the same sample or search
	file      *os.File      // the source; nil unless it is a regular file
	info      os.FileInfo   // of the source before it was read; nil unless it is a regular file
	size      int64         // of the source in bytes; 0 means not known
	first     int64         // offset in the text of the first record
	end       int64         // offset in the text after the last record taken
	previous  int64         // offset in the text after the record before that
	kind      byte          // first byte of the last record
	covered   int64         // bytes of the text from the first record of each array or object to its last
	counted   int64         // offset in the text up to which covered is complete
	buf       []byte        // the record read last, compact
}

// A take function receives each record: its compact form and the scalar at its time
// field. Both are valid until it returns.
type take func(compact, timeScalar []byte) error

// readSource reads the records of a source. If one pass cannot decide what the records
// are, another one is made with what the first found out. begin is called before each
// pass. The last pass is returned even if err is not nil.
func readSource(ctx context.Context, o Options, accept jsonscan.Options, begin func(*sourcePass) error) (*sourcePass, error) {
	next := restart{as: shape{pointer: o.Records}}
	if o.exclude != nil {
		next.as = o.exclude.as
	}
	for {
		p := &sourcePass{ctx: ctx, o: o, finder: recordFinder{as: next.as}, format: next.format}
		err := p.read(accept, begin)
		var again *restart
		isRestart := errors.As(err, &again)
		switch {
		case isRestart && p.once:
			return p, p.undecidedOnce(again)
		case isRestart && !again.survey:
			next = *again
			continue
		case !isRestart && (!isTooLarge(err) || p.once):
			return p, err
		}
		// The survey takes no records, so p stays the last pass.
		s, failed := surveySource(ctx, o, accept)
		switch {
		case failed == nil:
			next = restart{}
			if next.as, err = s.reshape(p, err); err != nil {
				return p, err
			}
		case isRestart && again.as.pointer != nil:
			next = *again
		default:
			return p, failed
		}
	}
}

// isTooLarge reports whether a pass ended at a record that is larger than a limit.
func isTooLarge(err error) bool {
	return errors.Is(err, jsonscan.ErrTooLarge) || errors.Is(err, jsonscan.ErrMemory)
}

// read opens the source and reads all of it.
func (p *sourcePass) read(accept jsonscan.Options, begin func(*sourcePass) error) error {
	if p.once = p.o.Source == "-"; p.once {
		in := p.o.Stdin
		if in == nil {
			in = os.Stdin
		}
		return p.readFrom(in, accept, begin)
	}
	f, info, err := openSource(p.o.Source)
	if err != nil {
		return err
	}
	defer f.Close()
	if p.once = !info.Mode().IsRegular(); p.once {
		return p.readFrom(f, accept, begin)
	}
	p.file, p.info, p.size = f, info, info.Size()
	return p.orChanged(f, info, p.readFrom(f, accept, begin))
}

func (p *sourcePass) readFrom(in io.Reader, accept jsonscan.Options, begin func(*sourcePass) error) error {
	p.source = readAhead(p.ctx, in, p.o)
	defer p.source.close()
	p.scan = jsonscan.New(p.source, accept)
	if err := begin(p); err != nil {
		return err
	}
	err := p.checkStart()
	if err == nil && p.walk != nil {
		err = p.truncated(p.walk())
	} else if err == nil {
		err = p.truncated(p.finder.run(p))
	}
	if errors.Is(err, errCutShort) {
		err = nil
	}
	if err == nil && !p.more {
		err = p.endSample()
	}
	if err != nil && p.scan.Offset() < magicBytes && filepath.Ext(p.o.Source) == brotli.ending {
		return brotli.refuse()
	}
	return p.withPlace(err)
}

// checkStart checks the first bytes of the source.
func (p *sourcePass) checkStart() error {
	bom, err := p.scan.SkipBOM()
	if err == nil && !bom {
		err = p.checkEncoding()
	}
	if err == nil && p.beginsWithNUL() {
		return p.errorHere(ErrNUL)
	}
	if err == nil {
		_, err = p.scan.Peek()
	}
	if err == io.EOF {
		return ErrEmpty
	}
	return err
}

// beginsWithNUL reports whether the source begins with more NUL bytes than text in
// UTF-16 or UTF-32 may have.
func (p *sourcePass) beginsWithNUL() bool {
	head := p.source.held[:min(len(p.source.held), 64)]
	return len(head) > 0 && len(bytes.Trim(head, "\x00")) == 0 || bytes.HasPrefix(head, make([]byte, 4))
}

// checkEncoding returns an error for text with two or four bytes a character.
func (p *sourcePass) checkEncoding() error {
	if p.beginsWithNUL() {
		return nil
	}
	for _, mark := range []string{"\xff\xfe", "\xfe\xff", "{\x00", "[\x00", "\x00{", "\x00[", "\x00\x00"} {
		if bytes.HasPrefix(p.source.held, []byte(mark)) {
			return fmt.Errorf("%w: it looks like UTF-16 or UTF-32", ErrEncoding)
		}
	}
	return nil
}

// record takes the next value as a record.
func (p *sourcePass) record() (err error) {
	if p.o.Progress != nil {
		p.o.Progress(p.bytesDone(), p.size)
	}
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if p.single && p.records > 0 {
		return ErrNotOne
	}
	p.origin.beginRecord(p.records + 1)
	if m := p.finder.matcher; m != nil {
		p.buf, err = m.keys.value(p, p.buf[:0])
	} else {
		p.buf, err = p.scan.Value(p.buf[:0])
	}
	if err != nil {
		return err
	}
	// A number at the end of the text, where the array should continue, may lack digits.
	if p.finder.depth > 0 && p.scan.Unfinished() {
		return p.truncated(io.EOF)
	}
	end := p.scan.Offset()
	if err := p.take(p.buf, p.timeScalar()); err != nil {
		return err
	}
	p.records, p.previous, p.end, p.kind = p.records+1, p.end, end, p.buf[0]
	p.covered, p.counted = p.covered+end-p.counted, end
	return p.origin.endRecord()
}

// share returns which part of a text of size bytes lies in records, or between two
// records of one array.
func (p *sourcePass) share(size int64) float64 {
	if p.covered == 0 {
		return 0
	}
	return float64(p.covered) / float64(size)
}

// capture sets the time field of the records.
func (p *sourcePass) capture(field *segment.Pointer) {
	p.timeField = field
	p.scan.Capture(field)
}

// timeScalar returns the scalar at the time field of the record just read; nil if it has
// none.
func (p *sourcePass) timeScalar() []byte {
	if m := p.finder.matcher; m != nil && m.keys.time != nil {
		return m.keys.time
	}
	return p.scan.Captured(p.buf)
}

// ahead returns the bytes after the scanner's offset that need not be waited for: the rest of
// a chunk.
func (p *sourcePass) ahead() []byte {
	held := p.source.held
	return held[len(held)-int(p.source.size-p.scan.Offset()):]
}

// bytesDone returns how many bytes of the file were read, as far as Progress is concerned.
func (p *sourcePass) bytesDone() int64 {
	if t := p.source.in; t.compressed.Load() {
		return t.raw.Load()
	}
	return p.scan.Offset()
}

// withPlace returns a syntax error as a *SourceError, with its place in the source.
func (p *sourcePass) withPlace(err error) error {
	var syntax *jsonscan.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	e := p.errorHere(&reasonError{syntax.Reason, syntax.Cause})
	e.Offset, e.Pointer = syntax.Offset, e.Pointer+syntax.Pointer
	return e
}

// errorHere returns err with the current place in the source.
func (p *sourcePass) errorHere(err error) *SourceError {
	e := &SourceError{Offset: p.scan.Offset(), Pointer: p.finder.position(p.records), Err: err}
	if p.finder.inRecords {
		e.Record = segment.Sequence(p.records + 1)
	}
	return e
}

// reasonError is the reason of a syntax error without its place.
type reasonError struct {
	reason string
	cause  error
}

func (e *reasonError) Error() string { return e.reason }
func (e *reasonError) Unwrap() error { return e.cause }

// orChanged returns err, or ErrChanged in its place if the file has changed since the
// pass began and err may come from that.
func (p *sourcePass) orChanged(f *os.File, before os.FileInfo, err error) error {
	changed := checkUnchanged(f, before)
	if changed == nil || !blamesSource(err) {
		return err
	}
	var at *SourceError
	if !errors.As(err, &at) {
		at = p.errorHere(nil)
	}
	at.Err = changed
	return at
}

// blamesSource reports whether err may come from a change of the source: it is nil, or an
// error about the text.
func blamesSource(err error) bool {
	var at *SourceError
	var again *restart
	if err == nil || errors.As(err, &at) || errors.As(err, &again) {
		return true
	}
	for _, e := range []error{ErrEmpty, ErrEncoding, ErrUndecided, ErrOrder, ErrNoArray, ErrCommas, ErrCompressed, ErrNotHere, ErrDiverged} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// sameVersion reports whether a and b are of the same file, not written to in between.
func sameVersion(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// checkUnchanged returns ErrChanged if a file is not what it was before.
func checkUnchanged(f *os.File, before os.FileInfo) error {
	after, err := f.Stat()
	if err != nil || sameVersion(after, before) {
		return err
	}
	return fmt.Errorf("%w: %s", ErrChanged, changedText(before.Size(), after.Size()))
}

// changedText says how the size of the source changed, from before to after bytes.
func changedText(before, after int64) string {
	now := size.Text(uint64(after))
	switch {
	case after > before:
		return fmt.Sprintf("it grew by %s to %s", size.Text(uint64(after-before)), now)
	case after < before:
		return fmt.Sprintf("it shrank by %s to %s", size.Text(uint64(before-after)), now)
	}
	return "it still has " + now
}
