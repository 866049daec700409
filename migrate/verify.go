package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/histlog/histlog/segment"
)

// How a log was verified, as stored in its receipt.
const (
	verifiedDigest    = "digest"
	verifiedRoundtrip = "roundtrip"
	verifiedTokens    = "tokens"
	verifiedNone      = "none"
)

// What an export of the log will be, as stored in its receipt.
const (
	exportExact     = "exact"
	exportConverted = "converted"
)

// exportKind returns what an export of the log will be; "" for a salvaged source.
func (m *migration) exportKind() string {
	scan := m.pass.scan
	converted := scan.NonFinite() > 0 && m.o.Accept.NonFinite != KeepNonFinite
	switch {
	case m.receipt.Salvaged:
		return ""
	case converted || scan.Replaced() > 0:
		return exportConverted
	}
	return exportExact
}

// verify reads the draft as readers will read the log, and compares.
func (m *migration) verify(view *segment.Log) error {
	if err := m.readBack(view); err != nil {
		return err
	}
	switch m.o.Verify {
	case VerifyNone:
		m.receipt.Verified = verifiedNone
	case VerifyDigest:
		m.receipt.Verified = verifiedDigest
	case VerifyRoundtrip:
		return m.roundtrip(view)
	}
	return nil
}

// readBack compares the totals of all segments with the totals of what was written.
func (m *migration) readBack(view *segment.Log) error {
	var got segment.Summary
	for _, s := range view.Segments {
		sum, err := m.readSegment(view, s)
		if err != nil {
			return err
		}
		got.Add(sum)
	}
	if want := m.draft.Summary(); got != want {
		return fmt.Errorf("%w: %+v, written %+v", ErrDiffers, got, want)
	}
	m.receipt.LogBytes = int64(got.Bytes)
	if got.Records > 0 {
		m.receipt.FirstTime, m.receipt.LastTime = &got.First, &got.Last
	}
	m.receipt.LogDigest = fmt.Sprintf("%016x", got.Digest)
	return nil
}

// readSegment returns the totals of a segment: from its index alone with VerifyNone,
// else from its records.
func (m *migration) readSegment(view *segment.Log, s segment.Segment) (segment.Summary, error) {
	if m.o.Verify == VerifyNone {
		return view.Summary(s)
	}
	f, err := view.Verify(m.ctx, s, nil)
	if err == nil && len(f.Damage) > 0 {
		err = fmt.Errorf("%w: %w", ErrDiffers, f.Damage[0])
	}
	return f.Summary, err
}

// roundtrip exports the log and compares the SHA-256 with the source's. If tokens were
// converted, or the source was salvaged, it instead reads the source again and compares
// every record.
func (m *migration) roundtrip(view *segment.Log) error {
	switch {
	case len(m.sources) > 0:
		return m.roundtripSources(view)
	case m.receipt.Export == exportExact:
		m.receipt.Verified = verifiedRoundtrip
		return sameText(m.receipt.SourceSHA256, func(out io.Writer) error {
			_, err := Export(out, view, Original, records(view, 0))
			return err
		})
	case m.pass.once:
		return fmt.Errorf("%w: tokens were converted, so that it must be read again", ErrOnce)
	}
	m.receipt.Verified = verifiedTokens
	return sameRecords(m.ctx, m.o, view, m.receipt.Records)
}

// sameText compares the SHA-256 of an export with the source's.
func sameText(want string, export func(out io.Writer) error) error {
	sum := sha256.New()
	if err := export(sum); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != want {
		return fmt.Errorf("%w: an export of the log is not the source", ErrDiffers)
	}
	return nil
}

// sameRecords compares all records of a source with the log's.
func sameRecords(ctx context.Context, o Options, view *segment.Log, want uint64) error {
	match, err := compare(ctx, o, view)
	if err == nil && match.Here != want {
		err = fmt.Errorf("%w: of %d records %d are the source's", ErrDiffers, want, match.Here)
	}
	return err
}

// records yields the records of a log from a sequence number on, 0 meaning all. It ends
// with an error at the first damaged one.
func records(l *segment.Log, from segment.Sequence) iter.Seq2[segment.Record, error] {
	return func(yield func(segment.Record, error) bool) {
		err := l.Each(from, func(s segment.Segment, from segment.Sequence) error {
			return yieldSegment(l, s, from, yield)
		})
		if err != nil && err != errStop {
			yield(segment.Record{}, err)
		}
	}
}

// errStop ends records after yield has returned false.
var errStop = errors.New("stop")

// yieldSegment yields the records of one segment, up to the first that is damaged.
func yieldSegment(l *segment.Log, s segment.Segment, from segment.Sequence, yield func(segment.Record, error) bool) error {
	r, err := l.OpenReader(s)
	if err != nil {
		return err
	}
	defer r.Close()
	end := r.Next()
	if s.Sealed { // the name of the next segment says where it ends
		end = s.Next
	}
	for seq := from; seq < end; seq++ {
		rec, err := r.Record(seq)
		if err != nil {
			return err
		}
		if !yield(rec, nil) {
			return errStop
		}
	}
	return nil
}
