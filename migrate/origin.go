package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

// The files of origin/ from which the source can be made again.
const (
	prefixName = "prefix"      // the source's bytes before its first record
	suffixName = "suffix"      // those after its last
	layoutName = "layout.json" // what stood between
)

// A layout is how the source's writer put records down.
type layout struct {
	Records string  `json:"records"` // pointer to their array, or "stream"
	Depth   int     `json:"depth"`   // containers around a record
	Between *string `json:"between"` // bytes from the end of a record to the next; nil: there are no two
	Style   *Style  `json:"style"`   // nil: no pattern was seen
	Empty   bool    `json:"empty"`   // there was no record: the prefix is all
}

// readLayout returns the layout of the source that l was migrated from; nil if there was none.
func readLayout(l *segment.Log) (*layout, error) {
	var at layout
	err := readJSON(l, layoutName, &at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return &at, err
}

// sampleBytes of the first record show how its writer indents.
const sampleBytes = 64 << 10

// An originWriter keeps what surrounds the records of a source (a nil one
// nothing), by listening
// to what the scanner reads: the prefix, a sample of the first telling record, the gap
// after each, which becomes the beginning of the suffix when no record follows.
type originWriter struct {
	draft          *segment.Draft
	scan           *jsonscan.Scanner
	prefix, suffix io.WriteCloser
	sample         headBuffer
	gap            gapBuffer
	layout         layout
	sampled        bool // a record has shown the style
	uneven         bool // they differ
}

// headBuffer keeps the first limit bytes written to it.
type headBuffer struct {
	bytes.Buffer
	limit int
}

func (h *headBuffer) Write(p []byte) (int, error) {
	h.Buffer.Write(p[:min(len(p), h.limit-h.Len())])
	return len(p), nil
}

func newOriginWriter(d *segment.Draft, s *jsonscan.Scanner) (*originWriter, error) {
	o := &originWriter{draft: d, scan: s, sample: headBuffer{limit: sampleBytes}, gap: gapBuffer{draft: d}}
	var err error
	if o.prefix, err = d.CreateOrigin(prefixName); err != nil {
		return nil, err
	}
	return o, s.Tee(o.prefix)
}

// endPrefix is called before the first record.
func (o *originWriter) endPrefix() error {
	if o == nil {
		return nil
	}
	return o.scan.Tee(&o.sample)
}

// endRecord is called after each, with its compact form.
func (o *originWriter) endRecord(compact []byte, depth int) error {
	if o == nil {
		return nil
	}
	if err := o.gap.reset(); err != nil {
		return err
	}
	if err := o.scan.Tee(&o.gap); err != nil {
		return err
	}
	if o.sampled {
		return nil
	}
	o.layout.Style = detectStyle(o.sample.Bytes(), compact, depth)
	o.sample.Reset()
	o.sampled = o.layout.Style == nil || telling(compact)
	return nil
}

// telling says whether a record shows how its writer indents: it holds something.
func telling(compact []byte) bool {
	return len(compact) > 2 && (compact[0] == '{' || compact[0] == '[')
}

// between is called before each record but the first.
func (o *originWriter) between() error {
	if o == nil {
		return nil
	}
	if err := o.scan.Tee(nil); err != nil {
		return err
	}
	if o.layout.Between == nil {
		first := string(o.gap.held)
		o.layout.Between = &first
	}
	o.uneven = o.uneven || o.gap.spilled != nil || string(o.gap.held) != *o.layout.Between
	if o.sampled {
		return nil
	}
	return o.scan.Tee(&o.sample)
}

// beginSuffix is called after the last record, where it is clear that none follows.
func (o *originWriter) beginSuffix() (err error) {
	if o == nil {
		return nil
	}
	if err = o.scan.Tee(nil); err != nil {
		return err
	}
	o.suffix, err = o.gap.begin()
	o.gap.spilled = nil
	if err != nil {
		return err
	}
	return o.scan.Tee(o.suffix)
}

// A gapBuffer holds what follows a record. More than a sample's length of that
// spills to where the suffix will stand, for it may be the beginning of it.
type gapBuffer struct {
	draft   *segment.Draft
	held    []byte
	spilled io.WriteCloser // nil: all of it is held
}

func (g *gapBuffer) Write(p []byte) (n int, err error) {
	if g.spilled == nil && len(g.held)+len(p) <= sampleBytes {
		g.held = append(g.held, p...)
		return len(p), nil
	}
	if g.spilled == nil {
		if _, err := g.begin(); err != nil {
			return 0, err
		}
	}
	return g.spilled.Write(p)
}

// begin writes what is held to the suffix's file, which it returns.
func (g *gapBuffer) begin() (suffix io.WriteCloser, err error) {
	if g.spilled == nil {
		if g.spilled, err = g.draft.CreateOrigin(suffixName); err != nil {
			g.spilled = nil // and no interface around a nil file
			return nil, err
		}
		_, err = g.spilled.Write(g.held)
	}
	return g.spilled, err
}

// reset forgets the gap.
func (g *gapBuffer) reset() (err error) {
	if g.spilled != nil {
		err = g.spilled.Close()
	}
	g.spilled, g.held = nil, g.held[:0]
	return err
}

// close is called at the end of the source.
func (o *originWriter) close(depth int, records string) error {
	o.layout.Depth, o.layout.Records, o.layout.Empty = depth, records, o.suffix == nil
	if o.uneven {
		o.layout.Style, o.layout.Between = nil, nil
	}
	if err := o.scan.Tee(nil); err != nil {
		return err
	}
	b, err := json.MarshalIndent(o.layout, "", "  ")
	if err != nil {
		return err
	}
	f, err := o.draft.CreateOrigin(layoutName)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Close(), o.abandon())
}

// endAtDamage is called when the source can't be read on: nothing follows the
// last record but what is in quarantine.
func (o *originWriter) endAtDamage() (err error) {
	if err = o.scan.Tee(nil); err != nil {
		return err
	}
	if o.suffix != nil {
		if err = o.suffix.Close(); err != nil {
			return err
		}
	}
	o.suffix, err = o.draft.CreateOrigin(suffixName)
	return err
}

// forgetPrefix empties the prefix: no record follows it.
func (o *originWriter) forgetPrefix() error {
	err := errors.Join(o.scan.Tee(nil), o.prefix.Close())
	if err != nil {
		return err
	}
	o.prefix, err = o.draft.CreateOrigin(prefixName)
	return err
}

// abandon closes the files.
func (o *originWriter) abandon() error {
	var err error
	if o.suffix == nil {
		err = o.gap.reset()
	}
	for _, f := range []io.Closer{o.prefix, o.suffix} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	o.prefix, o.suffix = nil, nil
	return err
}
