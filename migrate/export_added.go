package migrate

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/histlog/histlog/segment"
)

// maxAdded is the maximum size in bytes of what is held of records that were appended to
// several groups, and of the groups.
const maxAdded = 4 << 20

// additions say which of the appended records go into which container of the source.
type additions struct {
	groups map[string]*group    // by the path of the container
	last   map[string]container // by path, the last container of that path: the records go into it
	bytes  int                  // that the two maps take, about
	newest segment.Sequence     // the last record that was there
	reader sequenceReader
}

// A container is an array or object of the source.
type container struct {
	id     uint64 // of its frame
	object bool
}

// A group is a container with appended records in it.
type group struct {
	object  bool
	element bool // the pattern names it by an index over 0, which a new array does not have
	records []segment.Sequence
	inner   []branch // containers in it with such records
}

type branch struct {
	path string
	name []byte // the key that leads to it; nil means that no key does
}

func newAdditions(l *segment.Log, newest segment.Sequence) *additions {
	return &additions{groups: map[string]*group{}, last: map[string]container{}, newest: newest, reader: sequenceReader{log: l}}
}

// group returns the group of a path.
func (a *additions) group(path string) *group {
	g := a.groups[path]
	if g == nil {
		const size = 200 // of a group and its places in the maps
		g = new(group)
		a.groups[path] = g
		a.bytes += 2*len(path) + size
	}
	return g
}

// checkSize returns an error if more than maxAdded is held.
func (a *additions) checkSize() error {
	if a.bytes <= maxAdded {
		return nil
	}
	return &unplacedError{"the appended records, or the groups of the source, are too many to put each into its own"}
}

// note notes which container an appended record with these keys goes into. form has the
// containers around a record.
func (a *additions) note(o *outline, form []frame, seq segment.Sequence, keys [][]byte) {
	path := ""
	a.group(path).object = form[0].object
	for i := 0; i < len(form)-1; i++ {
		in := branch{path: plainStep(path)}
		if o.keyed(&form[i]) {
			in.path, in.name = keyStep(path, keys[0]), bytes.Clone(keys[0])
			keys = keys[1:]
		}
		if _, known := a.groups[in.path]; !known {
			g := a.group(path)
			g.inner = append(g.inner, in)
			a.bytes += len(in.name)
			inside := a.group(in.path)
			inside.object, inside.element = form[i+1].object, o.later(&form[i])
		}
		path = in.path
	}
	g := a.group(path)
	g.records = append(g.records, seq)
	a.bytes += 8
}

// takeAdded writes an appended record, or notes it.
func (x *patternExport) takeAdded(rec segment.Record) error {
	if err := x.atEnd(); err != nil {
		return err
	}
	n := x.outline.keysIn(x.form)
	switch {
	case x.noting && !isWrapped(rec.Text, n):
		return notWrapped(rec.Seq, n)
	case x.noting:
		keys, _ := unwrap(rec.Text, n, nil)
		x.added.note(x.outline, x.form, rec.Seq, keys)
		return x.added.checkSize()
	case len(x.form) == 1:
		x.writeAdded(0, x.outline.top(), n, rec.Text)
	}
	return x.err
}

// notWrapped returns the error for a record that is not wrapped in n objects.
func notWrapped(seq segment.Sequence, n int) error {
	objects := "an object with its key"
	if n > 1 {
		objects = fmt.Sprintf("%d objects with its keys", n)
	}
	return &unplacedError{fmt.Sprintf("record %d is not inside %s, as the records of the source are", seq, objects)}
}

// add writes the appended records that belong to f, the i-th container from the base, if no
// later container has the same path. While noting, it writes nothing and notes that f is the
// last one so far.
func (x *patternExport) add(i int, f *frame) {
	switch {
	case !f.known:
	case x.noting:
		if _, known := x.added.last[f.path]; !known {
			x.added.bytes += len(f.path) + 50
		}
		x.added.last[f.path] = container{f.id, f.object}
		x.err = cmp.Or(x.err, x.added.checkSize())
	case x.added.last[f.path].id == f.id:
		x.addTo(i, f, x.outline.keys())
	}
}

// addTo writes the appended records that belong to f, and the new containers in it. A
// record there has so many keys.
func (x *patternExport) addTo(i int, f *frame, keys int) {
	g := x.added.groups[f.path]
	if g == nil {
		return
	}
	for _, seq := range g.records {
		text, err := x.added.reader.read(seq)
		if err != nil {
			x.err = err
			return
		}
		x.writeAdded(i, f, keys, text)
	}
	for _, in := range g.inner {
		if _, there := x.added.last[in.path]; there { // the source has that container
			continue
		}
		child := x.form[i+1]
		child.path, child.open, child.filled = in.path, true, false
		x.begin(i, f, in.name)
		x.out.WriteByte(brackets(child.object)[0])
		inside := keys
		if x.outline.keyed(&child) {
			inside++
		}
		x.addTo(i+1, &child, inside)
		x.lineBefore(i+1, child.object)
		x.out.WriteByte(brackets(child.object)[1])
	}
}

// writeAdded writes an appended record into a container.
func (x *patternExport) writeAdded(i int, f *frame, keys int, text []byte) {
	names, value := unwrap(text, keys, nil)
	if value == nil {
		x.err = errLayout
		return
	}
	var name []byte
	if keys > 0 {
		name = names[keys-1]
	}
	x.separate(i, f, name)
	if err := x.set.write(value, nil); err != nil {
		x.err = err
	}
}

// separate writes what comes before an appended record in a container.
func (x *patternExport) separate(i int, f *frame, name []byte) {
	before, after, marked := strings.Cut(x.between, string(keyMark))
	if !f.filled || x.between == "" || marked != f.object || f.object && !x.outline.keyed(f) {
		x.begin(i, f, name)
		return
	}
	x.out.WriteString(before)
	if marked {
		x.out.Write(name)
	}
	x.out.WriteString(after)
}

// An unplacedError says why the source of a pattern cannot be exported with all records.
type unplacedError struct{ reason string }

func (e *unplacedError) Error() string { return e.reason }

// quoted returns a name as a JSON string.
func quoted(name string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(name) // a string
	return bytes.TrimSpace(b.Bytes())
}

// findAdditions finds out which containers of the source the appended records go into. If
// the base is the only one, they go there in their order, and nothing is held. The error is
// an *unplacedError if a record has no place in the source.
func findAdditions(l *segment.Log, e *envelope, records iter.Seq2[segment.Record, error], newest segment.Sequence) (*additions, error) {
	added := newAdditions(l, newest)
	if uint64(added.newest) <= e.count {
		return added, nil
	}
	if e.base.From == 0 || e.suffix != nil && e.suffix.Size() == 0 {
		return nil, &unplacedError{"the source was salvaged, so that its end is not known"}
	}
	form, err := formOf(e)
	if err != nil {
		return nil, err
	}
	if len(form) == 1 {
		return added, added.check(l, e, form)
	}
	again, err := openEnvelope(l) // the white space of e can be read only once, from the first record on
	if err != nil {
		return nil, err
	}
	defer again.close()
	x, err := newPatternExport(again, bufio.NewWriter(io.Discard))
	if err != nil {
		return nil, err
	}
	x.added, x.noting = added, true
	if _, err = x.write(records); err != nil {
		return nil, err
	}
	return added, added.checkKinds()
}

// checkKinds returns an error if a container of the source is an array where records were
// appended to an object, or the other way round: their keys are not those of its records. It
// also returns one if a new container has no place.
func (a *additions) checkKinds() error {
	for path, g := range a.groups {
		switch c, there := a.last[path]; {
		case there && c.object != g.object:
			return &unplacedError{"the appended records have the keys of the source's first record, and not those of each group"}
		case !there && g.element:
			return &unplacedError{"a group of appended records would be an element of an array that lacks the elements before it"}
		}
	}
	return nil
}

// formOf returns the containers around the first record of a source.
func formOf(e *envelope) ([]frame, error) {
	x, err := newPatternExport(e, bufio.NewWriter(io.Discard))
	if err != nil {
		return nil, err
	}
	if e.count == 0 {
		err = x.atEnd()
		return x.form, err
	}
	_, err = x.gap(1)
	return x.outline.frames, err
}

// check checks that all appended records can be put into the base, as it is the only
// container of form.
func (a *additions) check(l *segment.Log, e *envelope, form []frame) error {
	n := newOutline(e.pattern, true, nil).keysIn(form)
	for rec, err := range records(l, segment.Sequence(e.count+1)) {
		switch {
		case err != nil:
			return err
		case rec.Seq > a.newest:
			return nil
		case !rec.Blank && !isWrapped(rec.Text, n):
			return notWrapped(rec.Seq, n)
		}
	}
	return nil
}

// A sequenceReader reads records in any order.
type sequenceReader struct {
	log    *segment.Log
	reader *segment.Reader // of the segment opened last; nil means that none is open
}

func (r *sequenceReader) close() {
	if r.reader != nil {
		_ = r.reader.Close() // it was only read
	}
	r.reader = nil
}

// read returns the text of a record, which is valid until the next call.
func (r *sequenceReader) read(seq segment.Sequence) ([]byte, error) {
	if s := r.reader; s == nil || seq < s.Segment().Base || s.Segment().Next != 0 && seq >= s.Segment().Next {
		r.close()
		opened, err := r.log.OpenReaderAt(seq)
		if err != nil {
			return nil, err
		}
		r.reader = opened
	}
	rec, err := r.reader.Record(seq)
	return rec.Text, err
}
