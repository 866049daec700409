package migrate

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/histlog/histlog/segment"
)

// A SourcesError is returned by Export for a log of several sources, and by ExportSource
// for a number that none of them has.
type SourcesError struct {
	Sources int
}

func (e *SourcesError) Error() string {
	return fmt.Sprintf("the log was migrated from %d files, which no single file can be again", e.Sources)
}

// originalEnvelope returns what is around the records of the source; nil if l was not
// migrated. If each record was a file, files says so; else it is "". The error is a
// *SourcesError if l has several sources.
func originalEnvelope(l *segment.Log) (env *envelope, files string, err error) {
	r, err := ReadReceipt(l)
	switch {
	case err != nil:
		return nil, "", err
	case r != nil && r.Sources > 0:
		return nil, "", &SourcesError{r.Sources}
	case r != nil && r.Files > 0:
		return arrayEnvelope(), "each of them was a file of its own", nil
	}
	env, err = openEnvelope(l)
	return env, "", err
}

// ReadSource returns the receipt of source n of a log of several sources, from 1. Members
// about the log as a whole are not set.
func ReadSource(l *segment.Log, n int) (*Receipt, error) {
	r, err := ReadReceipt(l)
	if err != nil || r == nil || n < 1 || n > r.Sources {
		return nil, err
	}
	return ReadReceipt(l.WithOrigin(sourcePrefix(n)))
}

// ExportSource writes source n of a log of several sources, from 1. It takes its records
// from records, and ignores others.
func ExportSource(out io.Writer, l *segment.Log, n int, records iter.Seq2[segment.Record, error]) (ExportResult, error) {
	one := l.WithOrigin(sourcePrefix(n))
	if err := intactOrigin(context.Background(), one); err != nil {
		return ExportResult{}, err
	}
	r, err := ReadReceipt(one)
	if err == nil && r == nil {
		err = fmt.Errorf("%w: source %d has no receipt", ErrOrigin, n)
	}
	if err != nil {
		return ExportResult{}, err
	}
	return export(out, one, Original, func(yield func(segment.Record, error) bool) {
		for rec, err := range records {
			switch {
			case err != nil:
				yield(rec, err)
				return
			case rec.Seq < r.FirstSeq:
				continue
			case rec.Seq > r.LastSeq:
				return
			}
			rec.Seq -= r.FirstSeq - 1 // its number in the source
			if !yield(rec, nil) {
				return
			}
		}
	}, segment.Sequence(r.Records))
}
