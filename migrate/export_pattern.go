package migrate

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"iter"
	"slices"

	"github.com/histlog/histlog/segment"
)

// exportPattern writes the source of a pattern with the records in it.
func exportPattern(w *bufio.Writer, l *segment.Log, e *envelope, records iter.Seq2[segment.Record, error], newest segment.Sequence) (ExportResult, error) {
	added, err := findAdditions(l, e, records, newest)
	var unplaced *unplacedError
	if errors.As(err, &unplaced) {
		done, err := arrayEnvelope().write(w, records)
		done.Array = unplaced.reason
		return done, err
	}
	if err != nil || e.base.From == 0 { // nothing of the source was salvaged
		return ExportResult{}, err
	}
	x, err := newPatternExport(e, w)
	if err != nil {
		return ExportResult{}, err
	}
	x.added = added
	defer added.reader.close()
	return x.write(records)
}

// A patternExport writes the source of a pattern again.
//
// As long as it writes each record of the source, it copies the text between them. Where
// records are left out, that text would open and close the wrong containers: it is only
// read, for the outline, and the containers of the next record are written in the style of
// the source.
type patternExport struct {
	*envelope
	outline *outline
	out     *bufio.Writer
	set     *typesetter // of values
	tree    *Style      // of the containers around the records
	passed  uint64      // number of records of the source whose text the outline has read
	copying bool        // the previous record was written, or there is none
	ended   bool        // the outline is at the end of the base
	held    []byte      // white space that was copied and not written: a record may have to come before it
	form    []frame     // the containers around the first record, which appended ones are put into
	record  segment.Record
	value   []byte   // the record's text inside the objects that were unwrapped so far
	names   [][]byte // their keys
	added   *additions
	noting  bool   // find out where the appended records go, and write nothing
	dropped uint64 // members of other names that were left out between records
	err     error
}

// maxHeld is the maximum length of white space that is held. Appended records are written
// before it. White space beyond that length is written already, and so comes before them.
const maxHeld = 64 << 10

// newPatternExport returns an export to out.
func newPatternExport(e *envelope, out *bufio.Writer) (*patternExport, error) {
	x := &patternExport{envelope: e, out: out, copying: true, added: &additions{}, set: &typesetter{style: e.style, out: out}}
	bracket := make([]byte, 1)
	if _, err := e.prefix.ReadAt(bracket, e.base.From-1); err != nil {
		return nil, err
	}
	x.outline = newOutline(e.pattern, bracket[0] == '{', x)
	var err error
	if x.tree, err = e.treeStyle(); err == nil && e.count == 0 {
		x.set.style = inner(x.tree, len(e.pattern.Tokens()))
	}
	return x, err
}

// content returns the text of the base before its first record.
func (e *envelope) content() *io.SectionReader {
	return io.NewSectionReader(e.prefix, e.base.From, e.prefix.Size()-e.base.From)
}

// end returns the text of the base after its last record: all of it if there was none.
func (e *envelope) end() *io.SectionReader {
	if e.count == 0 && e.suffix == nil {
		return io.NewSectionReader(e.prefix, e.base.From, e.base.To-e.base.From)
	}
	return io.NewSectionReader(e.suffix, 0, e.base.To)
}

// rest returns the text from the end of the base on.
func (e *envelope) rest() *io.SectionReader {
	in := e.suffix
	if in == nil {
		in = e.prefix
	}
	return io.NewSectionReader(in, e.base.To, in.Size()-e.base.To)
}

// write writes the source with the records in it. Lost records are left out.
func (x *patternExport) write(records iter.Seq2[segment.Record, error]) (done ExportResult, err error) {
	if _, err := io.Copy(x.out, io.NewSectionReader(x.prefix, 0, x.base.From)); err != nil {
		return done, err
	}
	for rec, err := range records {
		if err != nil {
			return done, err
		}
		if rec.Seq > x.added.newest {
			break
		}
		if rec.Blank {
			done.Lost++
			continue
		}
		if done.Records++; done.Records == 1 {
			done.first = rec.Seq
		}
		done.last = rec.Seq
		if err := x.take(rec); err != nil {
			return done, err
		}
	}
	if err := x.finish(); err != nil {
		return done, err
	}
	done.Dropped = x.dropped
	return done, x.copy(x.out, x.rest())
}

// take writes a record of the source, or one that was appended.
func (x *patternExport) take(rec segment.Record) error {
	number := uint64(rec.Seq)
	if number > x.count {
		return x.takeAdded(rec)
	}
	if err := x.skipTo(number - 1); err != nil {
		return err
	}
	x.record, x.value, x.names = rec, rec.Text, x.names[:0]
	odd, err := x.gap(number)
	if err != nil {
		return err
	}
	if !x.unwrapTo(x.outline.keys()) {
		return errLayout
	}
	x.outline.follow(x.names)
	if !x.copying {
		x.bridge()
	}
	x.release()
	x.copying, x.passed = true, number
	x.outline.top().filled = true
	x.outline.top().elements++
	if x.noting {
		return x.err
	}
	return cmp.Or(x.err, x.set.write(x.value, odd))
}

// skipTo reads the text before the records up to number, which are left out.
func (x *patternExport) skipTo(number uint64) error {
	x.record = segment.Record{}
	for x.passed < number {
		x.copying = false
		x.held = x.held[:0]
		if _, err := x.gap(x.passed + 1); err != nil {
			return err
		}
		x.passed++
		x.outline.top().elements++
		last, err := x.separated(number)
		if err != nil {
			return err
		}
		// Of separators that are the same, the last one alone matters.
		if last > x.passed+1 {
			x.outline.top().elements += int(last - x.passed - 1)
			x.passed = last - 1
		}
	}
	return x.err
}

// separated returns the last record up to number before which, as before all from the next
// one on, there is the text between two records.
func (x *patternExport) separated(number uint64) (uint64, error) {
	if x.odd == nil {
		return number, nil
	}
	_, err := x.odd.begin(x.passed + 1)
	return min(number, x.odd.entry-1), err
}

// gap reads the text before a record. It returns the white space inside the record that is
// not as in the style; nil means that there is none.
func (x *patternExport) gap(number uint64) (gaps, error) {
	here, err := false, error(nil)
	if x.odd != nil {
		if here, err = x.odd.begin(number); err != nil {
			return nil, err
		}
	}
	done := false
	if number == 1 {
		_, err = io.Copy(x, x.content())
	} else if here {
		done, err = x.odd.between(x)
	}
	if number > 1 && !done && err == nil {
		_, err = io.WriteString(x, x.between)
	}
	if err == nil && !x.outline.atRecord() {
		err = errLayout
	}
	if x.form == nil {
		x.form = slices.Clone(x.outline.frames)
	}
	if !here || err != nil {
		return nil, err
	}
	return x.odd, x.err
}

// Write implements io.Writer for the text between records.
func (x *patternExport) Write(p []byte) (int, error) {
	if !x.outline.read(p) {
		x.err = errLayout
	}
	return len(p), x.err
}

// unwrapTo unwraps the record up to n keys, and reports whether it has that many.
func (x *patternExport) unwrapTo(n int) bool {
	if more := n - len(x.names); more > 0 {
		x.names, x.value = unwrap(x.value, more, x.names)
	}
	return x.value != nil
}

// release writes the white space that is held.
func (x *patternExport) release() {
	x.out.Write(x.held)
	x.held = x.held[:0]
}

// text implements outlineWriter.
func (x *patternExport) text(c byte) {
	if x.copying {
		if len(x.held) > 0 {
			x.release()
		}
		x.out.WriteByte(c)
	}
}

// space implements outlineWriter.
func (x *patternExport) space(c byte) {
	if x.copying {
		if len(x.held) == maxHeld {
			x.release()
		}
		x.held = append(x.held, c)
	}
}

// key implements outlineWriter.
func (x *patternExport) key(index int) []byte {
	if x.record.Text == nil {
		return nil
	}
	if index < 0 || !x.unwrapTo(index+1) {
		x.err = errLayout
		return nil
	}
	if x.copying {
		x.release()
		x.out.Write(x.names[index])
	}
	return x.names[index]
}

// member implements outlineWriter.
func (x *patternExport) member(within *frame, beside bool) {
	switch {
	case x.copying:
		within.filled = true
	case beside:
		x.dropped++
	}
}

// opened implements outlineWriter.
func (x *patternExport) opened() bool { return x.copying }

// closing implements outlineWriter.
func (x *patternExport) closing(f *frame, c byte) {
	if f.open {
		x.close(f)
		x.out.WriteByte(c)
	}
}

// close adds to a container, the innermost one, the appended records that belong to it, and
// writes the white space before its closing bracket.
func (x *patternExport) close(f *frame) {
	i := len(x.outline.frames) - 1
	x.add(i, f)
	if f.filled && (f.elements == 0 || !x.copying) {
		x.held = x.held[:0]
		x.lineBefore(i, f.object)
	}
	x.release()
}

// finish goes to the end of the base, and adds what was appended.
func (x *patternExport) finish() error {
	err := x.atEnd()
	if err == nil && len(x.outline.frames) == 1 { // there are more where a source was salvaged
		x.close(x.outline.top())
	}
	return cmp.Or(err, x.err)
}

// atEnd reads all text of the base.
func (x *patternExport) atEnd() error {
	if x.ended {
		return nil
	}
	x.ended = true
	if err := x.skipTo(x.count); err != nil {
		return err
	}
	_, err := io.Copy(x, x.envelope.end())
	if x.form == nil {
		x.form = x.outline.wayOn()
	}
	return err
}
