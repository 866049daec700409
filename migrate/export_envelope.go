package migrate

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"iter"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

// An envelope is what surrounds and separates the records of an export. If prefix is
// nil, the envelope is not a source's: only before and after surround the records.
type envelope struct {
	before, after string            // written around the records, inside prefix and suffix
	prefix        *io.SectionReader // the source's bytes before its first record
	suffix        *io.SectionReader // its bytes after the last record; nil means none
	files         []segment.File    // of origin/, open until close
	empty         string            // the whole export if there is no record and no prefix
	between       string            // written between two records
	records       string            // where in the source the records were, as in layout.json
	base          *base             // of the pattern; nil if records is none
	pattern       *jsonscan.Pointer // parsed; nil if records is none
	style         *Style
	odd           *oddSpace         // white space of records that is not the style's; nil means none
	count         uint64            // number of records, from the first of the log, that odd may have entries for
	whole         *io.SectionReader // the source if it had no record; else nil
}

// historyEnvelope returns the envelope of {"history": [...]}.
func historyEnvelope() *envelope {
	return plainEnvelope(`{"history": [`, "\n  ]\n}\n", `{"history": []}`+"\n", 2)
}

// arrayEnvelope returns the envelope of an array.
func arrayEnvelope() *envelope { return plainEnvelope("[", "\n]\n", "[]\n", 1) }

// plainEnvelope returns an envelope in the style of Python's json.dump.
func plainEnvelope(before, after, empty string, depth int) *envelope {
	s := pythonStyle(depth)
	return &envelope{before: before + s.Line, after: after, between: "," + s.Line, empty: empty, style: s}
}

// openEnvelope opens the envelope of the source that l was migrated from; nil if l was not
// migrated.
func openEnvelope(l *segment.Log) (*envelope, error) {
	at, err := readLayout(l)
	if err != nil || at == nil {
		return nil, err
	}
	f := &envelope{style: at.style(), records: at.Records, base: at.base, count: at.Count}
	if at.base != nil {
		if f.pattern, err = at.pointer(); err != nil {
			return nil, err
		}
	}
	if err = f.openFiles(l, at); err != nil {
		f.close()
		return nil, err
	}
	switch {
	case at.Between != nil:
		f.between = *at.Between
	case at.base != nil: // patternExport derives it
	case at.Depth == 0:
		f.between = "\n"
	case f.style.Array.Lines:
		f.between = "," + f.style.Array.Comma + f.style.Line
	default:
		f.between = "," + f.style.Array.Comma
	}
	if at.Empty && at.base == nil {
		if err = f.divide(at.Depth); err != nil {
			f.close()
			return nil, err
		}
	}
	return f, nil
}

// openFiles opens the files of origin/. close closes them, also after an error.
func (e *envelope) openFiles(l *segment.Log, at *layout) (err error) {
	if e.prefix, err = e.section(l, prefixName); err != nil {
		return err
	}
	end := int64(-1)
	e.suffix, err = e.section(l, suffixName)
	switch {
	case errors.Is(err, fs.ErrNotExist) && at.Count == 0:
	case errors.Is(err, fs.ErrNotExist):
		return damagedOrigin(l, suffixName, fs.ErrNotExist)
	case err != nil:
		return err
	default:
		end = e.suffix.Size()
	}
	if err = damagedOrigin(l, layoutName, at.checkSizes(e.prefix.Size(), end)); err != nil {
		return err
	}
	e.odd, err = openOddSpace(l)
	return err
}

// section opens a file of origin/. close closes it.
func (e *envelope) section(l *segment.Log, name string) (*io.SectionReader, error) {
	file, err := l.OpenOrigin(name)
	if err != nil {
		return nil, err
	}
	e.files = append(e.files, file)
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return io.NewSectionReader(file, 0, info.Size()), nil
}

// divide prepares for records in a source that had none. Its prefix is all of it: divide
// splits it inside the empty array, and derives from the rest how records are formatted.
func (e *envelope) divide(depth int) error {
	path, err := jsonscan.ParsePointer(e.records)
	if err != nil {
		return nil // a stream without values
	}
	s := scanFile(e.prefix)
	_, ok := namesBefore(s, path.Tokens())
	// If the array is not found, the source itself is exported while there is no record.
	if c, err := s.Peek(); !ok || err != nil || c != '[' {
		plain := historyEnvelope()
		plain.files, plain.whole = e.files, e.prefix
		*e = *plain
		return nil
	}
	// The white space inside the empty array is left out: records are to be put there.
	s.Next()
	inside := s.Offset()
	if _, err := s.Peek(); err != nil {
		return err
	}
	closing, size := s.Offset(), e.prefix.Size()
	e.whole = e.prefix
	e.prefix, e.suffix = io.NewSectionReader(e.whole, 0, inside), io.NewSectionReader(e.whole, closing, size-closing)
	around, err := around(e.prefix, e.suffix)
	if err != nil {
		return err
	}
	e.style = inner(around, depth)
	e.before, e.after, e.between = "", "", ","+e.style.Array.Comma
	if e.style.Array.Lines {
		// The closing bracket is indented one level less than the records.
		e.before, e.between = e.style.Line, e.between+e.style.Line
		e.after = strings.TrimSuffix(e.style.Line, e.style.Indent)
	} else {
		e.before, e.after = e.style.Array.Open, e.style.Array.Close
	}
	return nil
}

// aroundBytes is how much of the text on each side of an empty array is read to learn
// its writer's style.
const aroundBytes = 64 << 10

// around learns the style of a document from the text around an empty array in it.
func around(prefix, suffix io.ReaderAt) (*Style, error) {
	before, _, err := readBeginning(prefix)
	if err != nil {
		return nil, err
	}
	after, _, err := readBeginning(suffix)
	if err != nil {
		return nil, err
	}
	return styleOf(before, after), nil
}

// styleOf learns the style of a document from parts of its text.
func styleOf(parts ...[]byte) *Style {
	l := newLearner()
	l.begin()
	for _, text := range parts {
		l.observer.read(text)
	}
	l.settle("", 0)
	if !l.seen[0][jsonscan.AfterOpening] && !l.seen[1][jsonscan.AfterOpening] {
		return pythonStyle(0)
	}
	return &l.style
}

// readBeginning returns the beginning of a text, and whether that is all of it.
func readBeginning(r io.ReaderAt) (text []byte, complete bool, err error) {
	text = make([]byte, aroundBytes)
	n, err := r.ReadAt(text, 0)
	if complete = err == io.EOF; complete {
		err = nil
	}
	return trimBOM(text[:n]), complete, err
}

// trimBOM returns text without a byte-order mark.
func trimBOM(text []byte) []byte {
	const bom = "\xef\xbb\xbf"
	return []byte(strings.TrimPrefix(string(text), bom))
}

// inner returns the style s of a document for values inside depth containers.
func inner(s *Style, depth int) *Style {
	in := *s
	if s.Object.Lines || s.Array.Lines {
		if s.Line == "" {
			in.Line = "\n"
		}
		in.Line += strings.Repeat(s.Indent, depth)
	}
	return &in
}

// write writes the envelope with the records in it. Lost records are left out.
func (e *envelope) write(w *bufio.Writer, records iter.Seq2[segment.Record, error]) (done ExportResult, err error) {
	t := &typesetter{style: e.style, out: w}
	for rec, err := range records {
		if err != nil {
			return done, err
		}
		if rec.Blank {
			done.Lost++
			continue
		}
		if done.Records++; done.Records == 1 {
			done.first = rec.Seq
		}
		done.last = rec.Seq
		if err := e.record(t, rec, done.Records == 1); err != nil {
			return done, err
		}
	}
	switch {
	case done.Records > 0:
		if _, err := w.WriteString(e.after); err != nil {
			return done, err
		}
		return done, e.copy(w, e.suffix)
	case e.whole != nil:
		return done, e.copy(w, e.whole)
	case e.prefix == nil:
		_, err := w.WriteString(e.empty)
		return done, err
	}
	return done, errors.Join(e.copy(w, e.prefix), e.copy(w, e.suffix))
}

// record writes one record and what comes before it.
func (e *envelope) record(t *typesetter, rec segment.Record, first bool) (err error) {
	here := false
	if number := uint64(rec.Seq); e.odd != nil && number <= e.count {
		if here, err = e.odd.begin(number); err != nil {
			return err
		}
	}
	// No record is before the first one exported, even if it is not the source's first: what
	// odd has between it and the record before it is read and discarded.
	if first {
		err = e.open(t.out)
	}
	between := first
	if err == nil && here {
		var to io.Writer = t.out
		if first {
			to = io.Discard
		}
		var done bool
		done, err = e.odd.between(to)
		between = between || done
	}
	if err == nil && !between {
		_, err = t.out.WriteString(e.between)
	}
	if err != nil {
		return err
	}
	if here {
		return t.write(rec.Text, e.odd)
	}
	return t.write(rec.Text, nil)
}

// open writes what comes before the first record.
func (e *envelope) open(w *bufio.Writer) error {
	if err := e.copy(w, e.prefix); err != nil {
		return err
	}
	_, err := w.WriteString(e.before)
	return err
}

// copy writes a section; nil means none.
func (e *envelope) copy(w *bufio.Writer, from *io.SectionReader) error {
	if from == nil {
		return nil
	}
	_, err := io.Copy(w, from)
	return err
}

// close closes the files of origin/.
func (e *envelope) close() {
	for _, file := range e.files {
		_ = file.Close() // it was only read
	}
	if e.odd != nil {
		e.odd.close()
	}
}
