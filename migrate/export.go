package migrate

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"

	"github.com/histlog/histlog/segment"
)

// Format is the shape of an export.
type Format uint8

const (
	Original Format = iota // the migrated file again; without one, {"history": [...]}
	Array                  // a JSON array
)

// ExportResult says what an export came to.
type ExportResult struct {
	Records     uint64
	Lost        uint64   // records that were lost and repaired, and so are left out
	Stale       []string // members of the source's text around the records that may say what is no longer so
	Differs     Difference
	first, last segment.Sequence
}

// A Difference says how an export of all records that were migrated, and of no others, differs from the source.
type Difference uint8

const (
	Same    Difference = iota // or other records were exported, or tokens were converted
	Changed                   // though it was said to be exact
	Former                    // it was migrated before white space was kept that follows no pattern
)

// differs compares the SHA-256 of an export with the source's.
func differs(l *segment.Log, done ExportResult, sum string) (Difference, error) {
	r, err := ReadReceipt(l)
	if err != nil || r == nil || r.Salvaged || r.SourceSHA256 == sum {
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

// Export writes the records as one JSON file. Of a log that was migrated,
// Original gives back the source, byte for byte, when the records are those
// that came from it, unless tokens were converted. Of a salvaged source it gives
// what came before the damage, which is no whole JSON. An error among the records ends it.
func Export(out io.Writer, l *segment.Log, format Format, records iter.Seq2[segment.Record, error]) (ExportResult, error) {
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(out, sum), 256<<10)
	frame := historyEnvelope()
	switch format {
	case Array:
		frame = plainEnvelope("[", "\n]\n", "[]\n", 1)
	case Original:
		if err := intactOrigin(context.Background(), l); err != nil {
			return ExportResult{}, err
		}
		original, err := openEnvelope(l)
		if err != nil {
			return ExportResult{}, err
		}
		if original != nil {
			frame = original
		}
	default:
		return ExportResult{}, fmt.Errorf("no such export format: %d", format)
	}
	defer frame.close()
	done, err := frame.write(w, records)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		done.Stale, err = frame.stale(l, done)
	}
	if err == nil && format == Original {
		done.Differs, err = differs(l, done, hex.EncodeToString(sum.Sum(nil)))
	}
	return done, err
}
