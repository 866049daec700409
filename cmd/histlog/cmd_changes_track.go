package main

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/histlog/histlog/internal/field"
	"github.com/histlog/histlog/internal/jsondiff"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
)

// A transition is one line of changes: the first value of a pointer, or a change of it.
type transition struct {
	rec      reader.Record // the record that has the new value
	pointer  string
	from, to []byte // empty means absent
	start    bool   // to is the first value: there is no from
	held     time.Duration
	known    bool // held is known
	atLeast  bool // from may have held before the first record that was read
}

// A tracker finds the transitions in a sequence of records.
type tracker struct {
	plain   fieldGroup // the fields without a star
	starred []fieldGroup
	values  []*holding // of the fields of plain
	same    func(a, b []byte) bool
	emit    func(*transition) error
	begun   bool
}

// A fieldGroup is fields that one Extractor takes from a record. With a star, the first value of a
// row is the name or index of the match, before those of the fields.
type fieldGroup struct {
	fields  []field.Field
	extract *field.Extractor
	matches []*holding          // those that the last record had, in the order in which they appeared
	index   map[string]*holding // of matches, by the index of the field and the name or index of the match
}

// A holding is the current value of a pointer.
type holding struct {
	pointer string
	value   []byte    // empty means absent
	since   time.Time // of the record that brought it
	first   bool      // it was there in the first record
	seen    segment.Sequence
	id      string // its key in fieldGroup.index
}

// trackedFields divides the fields of arguments into groups: those without a star are taken
// from a record in one pass, and those of each argument with a star in another one. An error
// is one of the user.
func trackedFields(arguments []string) (plain []field.Field, starred [][]field.Field, err error) {
	first := map[string]field.Field{} // by what it names
	for _, text := range arguments {
		fields, err := field.ParseUnnamed(text)
		if err != nil {
			return nil, nil, err
		}
		var matches []field.Field
		for _, f := range fields {
			id := fmt.Sprint(f.HasStar(), f.Pointer([]byte(`"*"`))) // a star is not the member *
			if other, ok := first[id]; ok && !f.IsKey() {
				return nil, nil, fmt.Errorf("fields %q and %q are the same: leave out one", other, f)
			}
			first[id] = f
			switch {
			case f.IsKey(): // which a pointer shows
			case f.HasStar():
				matches = append(matches, f)
			default:
				plain = append(plain, f)
			}
		}
		if matches != nil {
			starred = append(starred, matches)
		}
	}
	return plain, starred, nil
}

// newTracker returns a tracker that calls emit. numeric compares numbers by their values.
func newTracker(plain []field.Field, starred [][]field.Field, numeric bool, emit func(*transition) error) *tracker {
	t := &tracker{same: bytes.Equal, emit: emit}
	if numeric {
		t.same = func(a, b []byte) bool { return bytes.Equal(a, b) || jsondiff.EqualNumbers(a, b) }
	}
	t.plain = fieldGroup{fields: plain, extract: field.NewExtractor(plain)}
	for _, f := range plain {
		t.values = append(t.values, &holding{pointer: f.Pointer(nil)})
	}
	key, _ := field.Parse([]string{"$key,/*"})
	for _, fields := range starred {
		t.starred = append(t.starred, fieldGroup{fields: fields, extract: field.NewExtractor(append(key[:1:1], fields...)), index: map[string]*holding{}})
	}
	return t
}

// show emits the transitions that a record brings.
func (t *tracker) show(rec reader.Record) error {
	err := t.plain.extract.Rows(recordOf(rec), func(values [][]byte) error {
		for i, h := range t.values {
			if err := t.update(h, rec, values[i], !t.begun); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range t.starred {
		if err == nil {
			err = t.showMatches(&t.starred[i], rec)
		}
	}
	t.begun = true
	return err
}

// showMatches emits the transitions of the matches of a star, and then forgets those that the record
// does not have: otherwise memory would grow with the history.
func (t *tracker) showMatches(g *fieldGroup, rec reader.Record) error {
	var id []byte
	err := g.extract.Rows(recordOf(rec), func(row [][]byte) error {
		key, values := row[0], row[1:]
		for i, f := range g.fields {
			id = append(strconv.AppendInt(id[:0], int64(i), 10), key...)
			h := g.index[string(id)]
			if values[i] == nil || h != nil && h.seen == rec.Seq { // of members with one name the first counts
				continue
			}
			if h == nil {
				h = &holding{pointer: f.Pointer(key), id: string(id)}
				g.index[h.id] = h
				g.matches = append(g.matches, h)
			}
			if err := t.update(h, rec, values[i], !t.begun); err != nil {
				return err
			}
		}
		return nil
	})
	kept := g.matches[:0]
	for _, h := range g.matches {
		if h.seen == rec.Seq {
			kept = append(kept, h)
			continue
		}
		delete(g.index, h.id)
		if err == nil {
			err = t.update(h, rec, nil, false)
		}
	}
	clear(g.matches[len(kept):])
	g.matches = kept
	return err
}

// update makes value the current one of h, and emits the transition if it differs.
func (t *tracker) update(h *holding, rec reader.Record, value []byte, start bool) error {
	appears := h.seen == 0
	h.seen = rec.Seq
	if !appears && t.same(h.value, value) {
		return nil
	}
	change := transition{rec: rec, pointer: h.pointer, from: h.value, to: value, start: start, known: !appears, held: rec.Time.Sub(h.since), atLeast: h.first}
	err := t.emit(&change)
	h.value, h.since, h.first = append(h.value[:0], value...), rec.Time, start
	return err
}
