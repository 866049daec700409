package migrate

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/segment"
)

// Options say what to migrate, where to, and what to accept. Source and Dir
// must be set.
type Options struct {
	Source   string            // a file's path, or "-" for Stdin
	Stdin    io.Reader         // nil: os.Stdin
	Dir      string            // missing or empty
	Records  *jsonscan.Pointer // names the array of records; nil: found
	Accept   jsonscan.Options  // NonFinite and InvalidUTF8
	Settings segment.Settings  // of the new log
	Verify   Verify
	Progress func(read, of int64) // told of the bytes read; of is 0 where the size is not known
	FS       segment.FS           // nil: the machine's
}

// Verify says how the new log is proven before it becomes one.
type Verify uint8

const (
	VerifyDigest Verify = iota // read back whole and compare with the checksums of what was written
	VerifyNone
)

func (v Verify) String() string { return [...]string{"digest", "none"}[v] }

// Run migrates. When it returns nil, the log is there, durable and whole, and
// the Receipt stands in it too; otherwise nothing is: no log, and no
// directory unless it was there before. The source is never written to.
func Run(ctx context.Context, o Options) (Receipt, error) {
	started := time.Now()
	var m *migration
	var err error
	for shape := (shape{pointer: o.Records}); ; {
		m, err = attempt(ctx, o, shape)
		var again *readAgain
		if !errors.As(err, &again) {
			break
		}
		if o.Source == "-" {
			return Receipt{}, fmt.Errorf("%w in one pass: %s", ErrUndecided, again.why)
		}
		shape = again.as
	}
	if err != nil {
		return Receipt{}, err
	}
	return m.publish(started)
}

// A migration is one attempt: one pass over the source into one draft.
type migration struct {
	o       Options
	scan    *jsonscan.Scanner
	source  *source
	draft   *segment.Draft
	walk    walk
	records uint64
	origin  *originWriter
	buf     []byte
	receipt Receipt
}

// attempt passes over the source once. Its error leaves nothing behind.
func attempt(ctx context.Context, o Options, as shape) (_ *migration, err error) {
	var in io.Reader = o.Stdin
	if in == nil {
		in = os.Stdin
	}
	var before os.FileInfo
	if o.Source != "-" {
		f, info, err := openSource(o.Source)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in, before = f, info
	}
	text, end, err := decompress(in)
	if err != nil {
		return nil, err
	}
	defer end()
	m := &migration{o: o, walk: walk{as: as}}
	m.draft, err = segment.NewDraft(o.Dir, segment.Options{FS: o.FS, Settings: o.Settings})
	if err != nil {
		return nil, err
	}
	m.source = readAhead(ctx, text)
	accept := o.Accept
	accept.MaxBytes, accept.Capture = m.draft.Policy().MaxRecord, m.draft.Policy().TimeField
	m.scan = jsonscan.New(m.source, accept)
	err = m.pass(ctx, before)
	m.source.close()
	if before != nil {
		err = unchanged(in.(*os.File), before, err)
	}
	if err == nil {
		err = m.finish(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, m.discard())
	}
	return m, nil
}

func (m *migration) discard() error {
	var err error
	if m.origin != nil {
		err = m.origin.abandon()
	}
	return errors.Join(err, m.draft.Discard())
}

// unchanged turns err into ErrChanged if the file that was read is not what it
// was before.
func unchanged(f *os.File, before os.FileInfo, err error) error {
	after, e := f.Stat()
	if e != nil {
		return errors.Join(err, e)
	}
	if after.Size() == before.Size() && after.ModTime().Equal(before.ModTime()) {
		return err
	}
	return fmt.Errorf("%w: it had %d bytes, now %d", ErrChanged, before.Size(), after.Size())
}

// pass reads the source through.
func (m *migration) pass(ctx context.Context, before os.FileInfo) error {
	var err error
	if m.origin, err = newOriginWriter(m.draft, m.scan); err != nil {
		return err
	}
	if err := m.begin(); err != nil {
		return err
	}
	var size int64
	if before != nil && before.Mode().IsRegular() {
		size = before.Size()
	}
	m.walk.record = func() error {
		if m.o.Progress != nil {
			m.o.Progress(m.scan.Offset(), size)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return m.record()
	}
	return m.locate(m.cut(m.walk.root(m)))
}

// begin looks at the first bytes of the source.
func (m *migration) begin() error {
	bom, err := m.scan.SkipBOM()
	if err == nil && !bom {
		err = m.encoding()
	}
	if err == nil {
		_, err = m.scan.Peek()
	}
	if err == io.EOF {
		return ErrEmpty
	}
	return err
}

// encoding refuses text that is two or four bytes a character.
func (m *migration) encoding() error {
	head := m.source.held
	for _, mark := range []string{"\xff\xfe", "\xfe\xff", "{\x00", "[\x00", "\x00{", "\x00[", "\x00\x00"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return fmt.Errorf("%w: it looks like UTF-16 or UTF-32", ErrEncoding)
		}
	}
	return nil
}

// record takes the next value into the log.
func (m *migration) record() (err error) {
	if m.buf, err = m.scan.Value(m.buf[:0]); err != nil {
		return err
	}
	m.records++
	return m.draft.Write(m.buf, m.scan.Captured(m.buf))
}

// locate adds to a syntax error where in the source it stands.
func (m *migration) locate(err error) error {
	var syntax *jsonscan.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	e := &SourceError{
		Offset: syntax.Offset, Pointer: m.walk.pointer(m.records) + syntax.Pointer, Err: &reasonError{syntax.Reason, syntax.Cause},
	}
	if m.walk.inRecords {
		e.Record = segment.Sequence(m.records + 1)
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

// finish makes everything durable and proves it.
func (m *migration) finish(ctx context.Context) error {
	if err := m.origin.close(m.walk.depth, m.walk.where()); err != nil {
		return err
	}
	m.buf = nil
	if err := m.draft.Flush(); err != nil {
		return err
	}
	view, err := m.draft.View()
	if err != nil {
		return err
	}
	m.receipt = Receipt{
		Source: m.o.Source, Records: m.records, SourceBytes: m.source.size, SourceSHA256: hex.EncodeToString(m.source.sum.Sum(nil)),
		Segments: len(view.Segments), Declared: m.walk.declared, Verified: m.o.Verify.String(),
	}
	if m.records > 0 {
		m.receipt.FirstSeq, m.receipt.LastSeq = 1, segment.Sequence(m.records)
	}
	return m.readBack(ctx, view)
}

// readBack reads the draft as a reader will, and compares with what was written.
func (m *migration) readBack(ctx context.Context, view *segment.Log) error {
	var got segment.Sum
	for _, s := range view.Segments {
		sum, err := m.readSegment(ctx, view, s)
		if err != nil {
			return err
		}
		got.Join(sum)
	}
	if want := m.draft.Sum(); got != want {
		return fmt.Errorf("%w: %+v, written %+v", ErrDiffers, got, want)
	}
	m.receipt.LogBytes = int64(got.Bytes)
	if got.Records > 0 {
		m.receipt.FirstTime, m.receipt.LastTime = &got.First, &got.Last
	}
	m.receipt.LogDigest = fmt.Sprintf("%016x", got.Digest)
	return nil
}

func (m *migration) readSegment(ctx context.Context, view *segment.Log, s segment.Segment) (segment.Sum, error) {
	if m.o.Verify == VerifyNone {
		return view.Sum(s)
	}
	f, err := view.Verify(ctx, s, nil)
	if err == nil && len(f.Damage) > 0 {
		err = fmt.Errorf("%w: %w", ErrDiffers, f.Damage[0])
	}
	return f.Sum, err
}

// publish writes the receipt and makes the draft a log.
func (m *migration) publish(started time.Time) (Receipt, error) {
	m.receipt.Migrated = time.Now().UTC()
	m.receipt.Elapsed = time.Since(started).Seconds()
	m.receipt.PeakRSS = memguard.PeakRSS()
	err := m.receipt.write(m.draft)
	if err == nil {
		err = m.draft.Publish()
	}
	if err != nil {
		return Receipt{}, errors.Join(err, m.draft.Discard())
	}
	m.receipt.Elapsed = time.Since(started).Seconds()
	return m.receipt, nil
}
