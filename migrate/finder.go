package migrate

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
)

// historyName is the member that the pipeline keeps its records in, and
// declaredName the member in which it says how many they are.
const (
	historyName  = "history"
	declaredName = "total_entries"
)

// streamName stands for a pointer where each value of the source is a record.
const streamName = "stream"

// maxPointer is the maximum length of the pointer to the records, which layout.json and the
// receipt have.
const maxPointer = 64 << 10

// A shape says what a pass takes for records. The zero value means that the pass
// finds it out.
type shape struct {
	pointer *jsonscan.Pointer // the elements of the array there are records; may be a pattern; nil means not known
	stream  bool              // each value of the source is a record
	named   bool              // Options.Records or a survey says so: the choice is not doubted
}

// A restart is the error of a pass that took the wrong values for records, or may have. The
// source must be read again with another shape. If survey is true, a survey finds that shape.
// If the source is too damaged for a survey, as is the shape, provided that it has a pointer.
type restart struct {
	as     shape
	format string // as sourcePass.format
	survey bool
	why    string
}

func (e *restart) Error() string { return e.why }

// A recordFinder reads the source's structure down to its records, and collects
// what makes the choice of records ambiguous.
type recordFinder struct {
	as        shape       // what to take for records
	path      string      // pointer to the array of records; valid if found
	depth     int         // containers around a record; 0 in a stream
	found     bool        // an array of records was found
	inRecords bool        // the value being read is a record
	lists     uint64      // number of records that are arrays of objects
	nested    bool        // the first record looks like a document with records inside
	other     int64       // bytes of the root's members that may hold the records instead
	second    string      // pointer to another member of the records' name, or to a second value where Options.Records points; "" means none
	weak      bool        // the records are a "history" without objects, so that an array of objects beside it may be meant
	rivals    []candidate // other arrays in the root that may be meant
	document  *document   // the first value of a stream that is not a record; nil means none so far
	dated     bool        // the root has a time of its own, as a record has
	timed     bool        // the first record has a time of its own
	kind      valueKind   // of the first value of a stream
	differs   uint64      // number of the first value of a stream of another kind; 0 means none
	declared  *int64      // how many records the source says it has; nil means that it does not say
	cursor    string      // pointer to the value being read outside the records
	matcher   *matcher    // takes the records if as.pointer is a pattern; else nil

	skipped map[string]bool // names of arrays in the root object before the records
}

// location returns the pointer to the array that the records were taken from, the pattern
// that led to them, or "stream", as origin/ stores it.
func (f *recordFinder) location() string {
	if f.depth == 0 {
		return streamName
	}
	return f.path
}

// shape returns the shape that was found, for another pass over the same source.
func (f *recordFinder) shape() shape {
	switch {
	case f.depth == 0:
		return shape{stream: true, named: true}
	case f.matcher != nil:
		return f.as
	case f.path == "": // the root array, which is found without help
		return shape{named: true}
	}
	at, _ := jsonscan.ParsePointer(f.path) // built by PointerToken, so it parses
	return shape{pointer: at}
}

// position returns the pointer to the value being read, after records records.
func (f *recordFinder) position(records uint64) string {
	switch {
	case f.matcher != nil:
		return f.cursor + f.matcher.position()
	case f.inRecords && f.depth > 0:
		return f.path + "/" + strconv.FormatUint(records, 10)
	case f.inRecords:
		return ""
	}
	return f.cursor
}

// run reads the whole source.
func (f *recordFinder) run(p *sourcePass) error {
	f.matcher = newMatcher(f.as.pointer)
	if at := f.as.pointer; at != nil {
		f.as.named = true
		f.as.stream = len(at.Tokens()) == 0
	}
	if f.as.stream {
		return f.takeStream(p)
	}
	kind, err := p.scan.Peek()
	if err != nil {
		return err
	}
	if err := f.firstValue(p); err != nil {
		return err
	}
	c, err := p.scan.Peek()
	switch {
	case err == io.EOF:
		return f.conclude(p)
	case err != nil:
		return err
	case f.as.pointer != nil && !f.found:
		return fmt.Errorf("%w: %s", ErrNoArray, jsonscan.ShortPointer(f.as.pointer.String()))
	case f.as.pointer != nil:
		return p.unexpected(c, "after the value that holds the records")
	case f.found && c != kind: // a stream has values of one kind: this one was not meant to be a record
		return f.valueAfterRecords(p, c)
	}
	return &restart{as: shape{stream: true}, why: "it holds several values"}
}

// firstValue reads the first value of the source.
func (f *recordFinder) firstValue(p *sourcePass) error {
	c, err := p.scan.Peek()
	if err != nil {
		return err
	}
	if at := f.as.pointer; at != nil {
		return f.follow(p, at.Tokens())
	}
	switch c {
	case '[':
		return f.takeArray(p, "", 1)
	case '{':
		return f.readObject(p, func(name string) error { return f.rootMember(p, name) })
	}
	return &restart{as: shape{stream: true}, why: "its first value is a single one"}
}

// conclude is called at the end of the source, after a single value. It returns an
// error if the choice of records is ambiguous.
func (f *recordFinder) conclude(p *sourcePass) error {
	switch {
	case f.second != "" && f.second == f.path:
		return fmt.Errorf("%w: %s", ErrTwice, jsonscan.ShortPointer(f.path))
	case !f.found && f.as.pointer != nil:
		return fmt.Errorf("%w: %s", ErrNoArray, jsonscan.ShortPointer(f.as.pointer.String()))
	case !f.found:
		return &restart{survey: true, why: "neither the root nor a member of it is an array of objects"}
	case f.as.named:
		return nil
	}
	if why := f.doubt(p); why != "" {
		return &restart{survey: true, why: why}
	}
	return nil
}

// fewRecords is the number of records from which on an array of documents is taken for an
// array of records.
const fewRecords = 10

// doubt returns what speaks against the array that was taken for the records; "" means
// nothing. If the source can be read again, a survey decides.
func (f *recordFinder) doubt(p *sourcePass) string {
	switch {
	case f.lists > 0 && f.lists == p.records:
		return listsOfObjects
	case f.nested && p.records < fewRecords:
		return "its records hold arrays that may be the records"
	case f.path == "":
		return ""
	case len(f.rivals) > 0 && (f.weak || f.rivals[0].at == historyPointer):
		return "there is another array of objects"
	case f.dated && !f.timed && f.path != historyPointer:
		return ownTime
	case f.other > p.covered:
		return "it is less than half of the source"
	// Without a survey there is nothing to compare with but other arrays in the root.
	case f.path != historyPointer && f.other > p.covered/nearness && (!p.once || len(f.rivals) > 0):
		return "there is another array of objects"
	}
	return ""
}

// takeArray takes the elements of the array that begins here as records.
func (f *recordFinder) takeArray(p *sourcePass, path string, depth int) error {
	p.scan.Next()
	return f.takeElements(p, path, depth)
}

// takeElements is takeArray after the opening bracket.
func (f *recordFinder) takeElements(p *sourcePass, path string, depth int) error {
	if len(path) > maxPointer {
		return fmt.Errorf("%w: %s", ErrLongPointer, jsonscan.ShortPointer(path))
	}
	f.found, f.path, f.depth = true, path, depth
	p.origin.inside(depth)
	c, err := p.scan.Peek()
	if err != nil {
		return p.truncated(err)
	}
	f.weak = c != '{'
	if c == ']' {
		p.scan.Next()
		return nil
	}
	if err := p.origin.endPrefix(); err != nil {
		return err
	}
	f.inRecords = true
	p.counted = p.scan.Offset()
	p.first = p.counted
	for {
		if err := p.record(); err != nil {
			return err
		}
		if err := f.checkElement(p); err != nil {
			return err
		}
		more, err := f.nextElement(p)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := p.origin.between(); err != nil {
			return err
		}
	}
	f.inRecords = false
	// The suffix begins with the closing bracket, so the bracket is read after this.
	if err := p.origin.beginSuffix(); err != nil {
		return err
	}
	p.scan.Next()
	return nil
}

// nextElement reads the comma after a record, and reports whether another one follows. If
// damaged parts of the source are excluded, the comma may be missing, or left over before
// the end, and the end may be missing.
func (f *recordFinder) nextElement(p *sourcePass) (more bool, err error) {
	partial := p.o.exclude != nil
	c, err := p.scan.Peek()
	if err == nil && c == ',' {
		p.scan.Next()
		if c, err = p.scan.Peek(); err == nil && !(partial && c == ']') {
			return true, nil
		}
	}
	switch {
	case err == io.EOF && partial:
		return false, errors.Join(p.origin.beginSuffix(), errCutShort)
	case err != nil:
		return false, p.truncated(err)
	case c == ']':
		return false, nil
	case c == '{' && partial:
		return true, nil
	}
	return false, p.unexpected(c, "where ',' or ']' should be")
}

// pastRecords reports whether the array of records was read to its end.
func (f *recordFinder) pastRecords() bool { return f.found && !f.inRecords }

// checkElement examines the record just read, unless its array was named. It counts records
// that are arrays of objects, and notes whether the first record is a document, or has a time.
func (f *recordFinder) checkElement(p *sourcePass) error {
	if p.records == 1 && !f.as.named {
		f.timed = findTimeField([][]byte{p.buf}, 0, p.o.Settings) != ""
	}
	switch {
	case f.as.named:
	case beginsWithObject(p.buf):
		// A survey will decide, so the pass need not go on. But before a salvage, the pass must
		// find the damage.
		if f.lists++; p.records == 1 && !p.once && !p.o.Salvage {
			return &restart{survey: true, why: listsOfObjects}
		}
	case p.records == 1 && mayBeDocument(p.buf):
		_, f.nested = documentIn(p.buf, newTimeField(p.o.Settings))
	}
	return nil
}

// ownTime is the doubt about an array of values without times in an object with one.
const ownTime = "the source has a time of its own, as a record has"

const listsOfObjects = "the elements of its array are arrays of objects"
