package migrate

import (
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
	Records string       `json:"records"` // pointer to their array, or "stream"
	Depth   int          `json:"depth"`   // containers around a record
	Between *string      `json:"between"` // bytes from the end of a record to the next; nil: there are no two
	Spaces  *Style       `json:"spaces"`  // white space inside records; nil: there are none, or see Style
	Style   *formerStyle `json:"style,omitempty"`
	Count   uint64       `json:"count"` // records that were migrated: for these spaceName holds what differs
	Empty   bool         `json:"empty"` // there was no record: the prefix is all
}

// A formerStyle is a style as layouts had it before Spaces.
type formerStyle struct {
	Indent *string `json:"indent"` // a level's; nil: all on one line
	Comma  string  `json:"comma"`
	Colon  string  `json:"colon"`
}

// style returns the style to write records in.
func (at *layout) style() *Style {
	switch {
	case at.Spaces != nil:
		return at.Spaces
	case at.Style != nil:
		return jsonDump(at.Style.Indent, at.Style.Comma, at.Style.Colon, at.Depth)
	}
	return pythonStyle(at.Depth)
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

// An originWriter keeps what surrounds the records of a source (a nil one keeps
// nothing) by listening to what the scanner reads: the prefix, and the gap
// after each record, which becomes the beginning of the suffix if no record follows.
type originWriter struct {
	draft          *segment.Draft
	scan           *jsonscan.Scanner
	prefix, suffix io.WriteCloser
	gap            gapBuffer
	space          *spaceWriter
	layout         layout
}

func newOriginWriter(d *segment.Draft, s *jsonscan.Scanner) (*originWriter, error) {
	o := &originWriter{draft: d, scan: s, gap: gapBuffer{draft: d}}
	var err error
	if o.prefix, err = d.CreateOrigin(prefixName); err != nil {
		return nil, err
	}
	o.space = newSpaceWriter(d, s)
	o.gap.space = o.space
	return o, s.Tee(o.prefix)
}

// inside is called when it is known in how many containers records stand.
func (o *originWriter) inside(depth int) {
	if o != nil {
		o.layout.Depth = depth
	}
}

// endPrefix is called before the first record.
func (o *originWriter) endPrefix() error {
	if o == nil {
		return nil
	}
	return o.scan.Tee(nil)
}

// beginRecord is called before each record, with its number from 1.
func (o *originWriter) beginRecord(number uint64) {
	if o != nil {
		o.space.begin(number)
	}
}

// endRecord is called after each record.
func (o *originWriter) endRecord() error {
	if o == nil {
		return nil
	}
	o.layout.Count++
	o.gap.next = o.layout.Count + 1
	if err := errors.Join(o.space.finish(), o.gap.reset()); err != nil {
		return err
	}
	return o.scan.Tee(&o.gap)
}

// between is called before each record but the first.
func (o *originWriter) between() error {
	if o == nil {
		return nil
	}
	if err := o.scan.Tee(nil); err != nil {
		return err
	}
	switch {
	case o.gap.spilled != nil: // and was kept on the way
	case o.layout.Between == nil:
		first := string(o.gap.held)
		o.layout.Between = &first
	case string(o.gap.held) != *o.layout.Between:
		o.space.between(o.layout.Count+1, o.gap.held)
	}
	if o.space.learned >= learnBytes {
		o.settle()
	}
	return o.space.err
}

// settle has the style no longer change.
func (o *originWriter) settle() {
	between := ""
	if o.layout.Between != nil {
		between = *o.layout.Between
	}
	o.space.settle(between, o.layout.Depth)
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

// gapBytes is the longest gap between records that is held in memory.
const gapBytes = 64 << 10

// A gapBuffer holds what follows a record. More than gapBytes of that spills
// to where the suffix will stand, for it may be the beginning of it, and to where
// odd white space is kept, for a record may follow.
type gapBuffer struct {
	draft   *segment.Draft
	space   *spaceWriter
	next    uint64 // number of the record that may follow
	held    []byte
	spilled io.WriteCloser // nil: all of it is held
}

func (g *gapBuffer) Write(p []byte) (n int, err error) {
	if g.spilled == nil && len(g.held)+len(p) <= gapBytes {
		g.held = append(g.held, p...)
		return len(p), nil
	}
	if g.spilled == nil {
		if _, err := g.begin(); err != nil {
			return 0, err
		}
		g.space.between(g.next, g.held)
	}
	g.space.between(g.next, p)
	if g.space.err != nil {
		return 0, g.space.err
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
	if o.layout.Count > 0 {
		o.settle()
		o.layout.Spaces = o.space.style
	}
	if err := errors.Join(o.scan.Tee(nil), o.space.close()); err != nil {
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
	err := o.space.close()
	if o.suffix == nil {
		err = errors.Join(err, o.gap.reset())
	}
	for _, f := range []io.Closer{o.prefix, o.suffix} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	o.prefix, o.suffix = nil, nil
	return err
}
