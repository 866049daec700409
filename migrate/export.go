package migrate

import (
	"bufio"
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

// Exported says what an export came to.
type Exported struct {
	Records     uint64
	Lost        uint64   // records that were lost and repaired, and so are left out
	Stale       []string // members of the source's text around the records that may say what is no longer so
	first, last segment.Sequence
}

// Export writes the records as one JSON file. Of a log that was migrated,
// Original gives back the source, byte for byte, when the records are those
// that came from it, unless tokens were converted. Of a salvaged source it gives
// what came before the damage, which is no whole JSON. An error among the records ends it.
func Export(out io.Writer, l *segment.Log, format Format, records iter.Seq2[segment.Record, error]) (Exported, error) {
	w := bufio.NewWriterSize(out, 256<<10)
	frame := historyFrame()
	switch format {
	case Array:
		frame = plainFrame("[", "\n]\n", "[]\n", 1)
	case Original:
		original, err := openFrame(l)
		if err != nil {
			return Exported{}, err
		}
		if original != nil {
			frame = original
		}
	}
	defer frame.close()
	done, err := frame.write(w, records)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		done.Stale, err = frame.stale(l, done)
	}
	return done, err
}
