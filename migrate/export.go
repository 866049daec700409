package migrate

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"

	"github.com/histlog/histlog/segment"
)

// A Format is the shape of an export.
type Format uint8

const (
	Original Format = iota // the source of the migration; of a log without one, {"history": [...]}
	Array                  // a JSON array
)

// An ExportResult is the result of an export.
type ExportResult struct {
	Records     uint64
	Lost        uint64   // records that were lost and repaired, and so are left out
	Stale       []string // names of the members around the records whose values may no longer be right
	Dropped     uint64   // members between the source's records that are not records, left out because records around them are
	Array       string   // why Original wrote an array of the records in place of the source; "" means that it did not
	Differs     Difference
	first, last segment.Sequence
}

// A Difference says how an export differs from the source. It is only determined for an
// export of all migrated records and no others.
type Difference uint8

const (
	Same    Difference = iota // equal, or not determined, or different in tokens that were converted
	Changed                   // different although the receipt promises an exact export
	Former                    // different, but migrated by a version that did not keep all white space
)

// differs compares sum, the SHA-256 of an export, with the source's.
func differs(l *segment.Log, done ExportResult, sum string) (Difference, error) {
	r, err := exportReceipt(l)
	if err != nil || r == nil || r.Salvaged || r.Files > 0 || r.SourceSHA256 == sum {
		return Same, err
	}
	switch {
	case done.Records != r.Records || done.first != r.FirstSeq || done.last != r.LastSeq || r.Export == exportConverted:
		return Same, nil
	case r.Export == "":
		return Former, nil
	}
	return Changed, nil
}

// Export writes the records as one JSON file. Of a log that was migrated, Original writes
// the source, byte for byte, if the records are those that came from it and no tokens
// were converted. Of a salvaged source it writes what came before the damage, which is
// not complete JSON. Export returns the first error that records yields.
//
// Of a source whose records were found by a pattern, a record that was appended goes to the
// end of the container of its keys. For that Export ranges over records twice. It writes an
// array in place of the source, and ExportResult.Array says why, if a record is not inside
// objects of one member each as the source's are, or if there are too many groups.
//
// Of a log whose records were a file each, Original is an array of them.
//
// A log of several sources has no Original: Export returns a *SourcesError, and
// ExportSource writes one of them.
func Export(out io.Writer, l *segment.Log, format Format, records iter.Seq2[segment.Record, error]) (ExportResult, error) {
	if format == Original {
		if err := intactOrigin(context.Background(), l); err != nil {
			return ExportResult{}, err
		}
	}
	next, err := l.NextSeq()
	if err != nil {
		return ExportResult{}, err
	}
	return export(out, l, format, records, next-1)
}

// export exports records up to newest. The caller has checked that origin/ is intact.
func export(out io.Writer, l *segment.Log, format Format, records iter.Seq2[segment.Record, error], newest segment.Sequence) (ExportResult, error) {
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(out, sum), 256<<10)
	env, array := historyEnvelope(), ""
	switch format {
	case Array:
		env = arrayEnvelope()
	case Original:
		original, files, err := originalEnvelope(l)
		if err != nil {
			return ExportResult{}, err
		}
		if original != nil {
			env, array = original, files
		}
	default:
		return ExportResult{}, fmt.Errorf("no such export format: %d", format)
	}
	defer env.close()
	var done ExportResult
	var err error
	if env.base != nil {
		done, err = exportPattern(w, l, env, records, newest)
	} else {
		done, err = env.write(w, records)
	}
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		done.Stale, err = env.stale(l, done)
	}
	done.Array = cmp.Or(done.Array, array)
	if err == nil && format == Original {
		done.Differs, err = differs(l, done, hex.EncodeToString(sum.Sum(nil)))
	}
	return done, err
}
