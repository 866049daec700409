package migrate

import (
	"bytes"
	"fmt"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/segment"
)

// Several values in one source are usually records, one on a line. They may also be
// documents, each with records inside: two programs wrote to one file, or one began to
// append lines after a document. Run must not make one record of a document. These rules
// decide about each value, in this order:
//
//  1. An object with a time of its own at the time field is a record, whatever
//     arrays it holds: {"timestamp": 1748448862, "matches": [{}]}.
//  2. An array that begins with an object is a document; any other array is a
//     record, such as a row of a table.
//  3. An object with an array "history" is a document.
//  4. An object with one array of objects is a document if the first object
//     has a time at the time field.
//  5. So is one whose array of objects is nine tenths of its text, unless a
//     scalar beside the array is a time.
//  6. Every other value is a record.

// A document is a value of a stream that contains records.
type document struct {
	number uint64    // of the value, from 1
	inside candidate // the array of its records
}

// undecided returns the ErrUndecided for a stream of values that has the document.
func (d *document) undecided(values uint64) error {
	filter := `if type=="array" then .[] else . end`
	if d.inside.at != "" {
		at := jqPath(d.inside.at)
		filter = "if type==\"object\" and (" + at + "|type)==\"array\" then " + at + "[] else . end"
	}
	where := jsonscan.ShortPointer(d.inside.at)
	if where == "" {
		where = "the root array"
	}
	reason := fmt.Sprintf("the source holds %d values, and value %d holds an array: %s (%d)", values, d.number, where, d.inside.count)
	return &UndecidedError{Reason: reason, Filter: filter}
}

// A timeField is where a record has its time. With a nil field, no value has a time in it.
type timeField struct {
	field *segment.Pointer
	times *recordtime.Parser
}

// newTimeField returns the time field of a log with those settings.
func newTimeField(s segment.Settings) timeField {
	policy, err := s.Policy()
	if err != nil || policy.TimeField == nil || len(policy.TimeField.Tokens()) == 0 {
		return timeField{times: &recordtime.Parser{}}
	}
	return timeField{policy.TimeField, &recordtime.Parser{Format: policy.TimeFormat, Zone: policy.TimeZone}}
}

// path returns the tokens of the field.
func (f timeField) path() []string {
	if f.field == nil {
		return nil
	}
	return f.field.Tokens()
}

// in reports whether a compact value has a plausible time at the time field.
func (f timeField) in(value []byte) bool {
	if f.field == nil {
		return false
	}
	scalar := jsonscan.CaptureIn(value, f.field)
	return scalar != nil && f.is(scalar)
}

// is reports whether a scalar is a plausible time.
func (f timeField) is(scalar []byte) bool {
	const from, to = 1990, 2100
	if scalar[0] == '{' || scalar[0] == '[' {
		return false
	}
	t, ok := f.times.Parse(scalar)
	return ok && t.Year() >= from && t.Year() <= to
}

// documentIn returns the array of records that a compact value holds if the
// value is a document; ok is false if it is a record.
func documentIn(value []byte, time timeField) (inside candidate, ok bool) {
	switch {
	case value[0] == '[' && beginsWithObject(value):
		return count("", value), true
	case value[0] != '{' || time.in(value):
		return candidate{}, false
	}
	arrays, timed := 0, false
	var records jsonscan.Member
	for m := range jsonscan.Members(value) {
		switch {
		case m.Value[0] == '[' && jsonscan.Unquote(m.Name) == historyName:
			return count(jsonscan.PointerToken(historyName), m.Value), true
		case beginsWithObject(m.Value):
			arrays++
			records = m
		case m.Value[0] != '{' && m.Value[0] != '[':
			timed = timed || time.is(m.Value)
		}
	}
	if arrays != 1 {
		return candidate{}, false
	}
	inside = count(jsonscan.PointerToken(jsonscan.Unquote(records.Name)), records.Value)
	nearlyAll := len(records.Value) >= len(value)/10*9 && len(value) >= 10
	return inside, time.in(first(records.Value)) || (nearlyAll && !timed)
}

// mayBeDocument reports whether documentIn must be called: it returns false only for records.
// It is fast, because documentIn would read each value of a source a second time, and
// most values hold no array of objects.
func mayBeDocument(value []byte) bool {
	if value[0] != '{' {
		return beginsWithObject(value)
	}
	const longestName = len(`\u0000`)*len(historyName) + len(`"":`)
	for i := 1; ; i++ {
		n := bytes.IndexByte(value[i:], '[')
		if n < 0 {
			return false
		}
		i += n
		name := value[max(0, i-longestName):i]
		if beginsWithObject(value[i:]) || bytes.HasSuffix(name, []byte(`"`+historyName+`":`)) || bytes.IndexByte(name, '\\') >= 0 {
			return true
		}
	}
}

// beginsWithObject reports whether a compact value is an array whose first element is an object.
func beginsWithObject(value []byte) bool { return bytes.HasPrefix(value, []byte("[{")) }

// first returns the first element of an array that has one.
func first(array []byte) []byte { return array[1:jsonscan.SkipValue(array, 1)] }

// count returns the array at a pointer as a candidate.
func count(at string, array []byte) candidate {
	c := candidate{at: at}
	for range jsonscan.Members(array) {
		c.count++
	}
	return c
}
