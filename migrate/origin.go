package migrate

import (
	"errors"
	"io"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

// The files of origin/ from which the source is exported, beside origin_space.go's.
const (
	prefixName = "prefix"      // the source's bytes before its first record
	suffixName = "suffix"      // its bytes after the last record
	layoutName = "layout.json" // how the records are separated and formatted
)

// An originWriter stores what surrounds the records of a source in origin/ of a draft. It
// receives the bytes that the scanner reads outside the records: the prefix, and the gap
// after each record, which is the beginning of the suffix if no record follows. A nil
// originWriter stores nothing.
type originWriter struct {
	draft          *segment.Draft
	scan           *jsonscan.Scanner
	prefix, suffix io.WriteCloser
	gap            gapBuffer
	space          *spaceWriter
	layout         layout
}

func newOriginWriter(d *segment.Draft, s *jsonscan.Scanner, learn int64) (*originWriter, error) {
	o := &originWriter{draft: d, scan: s, gap: gapBuffer{draft: d}}
	var err error
	if o.prefix, err = d.CreateOrigin(prefixName); err != nil {
		return nil, err
	}
	o.space = newSpaceWriter(d, s, learn)
	o.gap.space = o.space
	return o, s.Tee(o.prefix)
}

// inside is called when the number of containers around the records is known.
func (o *originWriter) inside(depth int) {
	if o != nil {
		o.layout.Depth = depth
	}
}

// enterBase is called after the opening bracket of a pattern's base.
func (o *originWriter) enterBase() {
	if o != nil {
		o.layout.base = &base{From: o.scan.Offset()}
	}
}

// leaveBase is called before the closing bracket of a pattern's base; records reports
// whether it had any.
func (o *originWriter) leaveBase(records bool) error {
	if o == nil {
		return nil
	}
	o.layout.base.To = o.scan.Offset()
	if !records {
		return nil
	}
	o.layout.base.To -= o.gap.from
	return o.beginSuffix()
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
	// What follows may be the gap before another record or the beginning of the suffix:
	// which of the two is known only when a value comes, or the end.
	o.layout.Count++
	o.gap.next, o.gap.from = o.layout.Count+1, o.scan.Offset()
	if err := errors.Join(o.space.finish(), o.gap.reset()); err != nil {
		return err
	}
	return o.scan.Tee(&o.gap)
}

// between is called before each record but the first.
func (o *originWriter) between() error { return o.betweenKeys(nil) }

// betweenKeys is between for a record that is wrapped in keys.
func (o *originWriter) betweenKeys(keys []key) error {
	if o == nil {
		return nil
	}
	if err := o.scan.Tee(nil); err != nil {
		return err
	}
	if o.gap.spilled == nil {
		o.gap.blank(keys)
	}
	switch {
	case o.gap.spilled != nil: // gapBuffer has passed it to space already
	case o.layout.Between == nil && (o.layout.base == nil || isSeparator(o.gap.held)):
		first := string(o.gap.held)
		o.layout.Between = &first
	case o.layout.Between == nil || string(o.gap.held) != *o.layout.Between:
		o.space.between(o.layout.Count+1, o.gap.held)
	}
	// Between records alone: a record is compared with one style.
	if o.space.learned >= o.space.learn {
		o.settle()
	}
	return o.space.err
}

// settle ends the learning of the style.
func (o *originWriter) settle() {
	between := ""
	if o.layout.Between != nil {
		between = *o.layout.Between
	}
	between, _, _ = strings.Cut(between, string(keyMark))
	o.space.settle(between, o.layout.Depth)
}

// beginSuffix is called after the last record, when it is certain that none follows.
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

// gapBytes is the maximum length of a gap between records that is held in memory.
const gapBytes = 64 << 10

// A gapBuffer holds the bytes after a record. A gap longer than gapBytes is written to
// the suffix's file, in case no record follows, and also to the odd white space, in case
// one does.
type gapBuffer struct {
	draft   *segment.Draft
	space   *spaceWriter
	next    uint64         // number of the record that may follow, from 1
	from    int64          // offset of the gap in the source
	held    []byte         // the gap, or its beginning
	spilled io.WriteCloser // the suffix's file; nil means that the gap is held
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

// blank replaces the keys of the next record, in a gap that is held, by keyMark.
func (g *gapBuffer) blank(keys []key) {
	for i := len(keys) - 1; i >= 0 && keys[i].from >= g.from; i-- {
		from, to := keys[i].from-g.from, keys[i].to-g.from
		g.held = append(append(g.held[:from], keyMark), g.held[to:]...)
	}
}

// begin creates the suffix's file, unless the gap has spilled, and writes what is held to
// it.
func (g *gapBuffer) begin() (suffix io.WriteCloser, err error) {
	if g.spilled == nil {
		if g.spilled, err = g.draft.CreateOrigin(suffixName); err != nil {
			return nil, err
		}
		_, err = g.spilled.Write(g.held)
	}
	return g.spilled, err
}

// reset empties the buffer for the gap after the next record.
func (g *gapBuffer) reset() (err error) {
	if g.spilled != nil {
		err = g.spilled.Close()
	}
	g.spilled, g.held = nil, g.held[:0]
	return err
}

// close is called at the end of the source. It completes the files of origin/.
func (o *originWriter) close(depth int, records string) error {
	o.layout.Depth, o.layout.Records, o.layout.Empty = depth, records, o.suffix == nil
	if o.layout.Count > 0 {
		o.settle()
		o.layout.Spaces = o.space.style
	}
	if err := errors.Join(o.scan.Tee(nil), o.space.close()); err != nil {
		return err
	}
	return errors.Join(writeJSON(o.draft, layoutName, o.layout), o.closeFiles())
}

// endAtDamage is called instead of beginSuffix where the source is damaged: the suffix is
// empty, because all that follows the last record goes to quarantine/.
func (o *originWriter) endAtDamage() (err error) {
	if err = o.scan.Tee(nil); err != nil {
		return err
	}
	if o.suffix != nil {
		if err = o.suffix.Close(); err != nil {
			return err
		}
	}
	if o.layout.base != nil {
		o.layout.base.To = 0
	}
	o.suffix, err = o.draft.CreateOrigin(suffixName)
	return err
}

// forgetPrefix empties the prefix. It is called when a damaged source has no record before
// the damage, so that all of it goes to quarantine/.
func (o *originWriter) forgetPrefix() error {
	err := errors.Join(o.scan.Tee(nil), o.prefix.Close())
	if err != nil {
		return err
	}
	if o.layout.base != nil {
		o.layout.base = new(base)
	}
	o.prefix, err = o.draft.CreateOrigin(prefixName)
	return err
}

// closeFiles closes the files that are open: after a failure, the draft that holds them is
// discarded.
func (o *originWriter) closeFiles() error {
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
