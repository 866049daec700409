package field

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzExtract compares the rows of a record with those that encoding/json finds.
func FuzzExtract(f *testing.F) {
	for _, list := range []string{"/a", "/a/0/b,/a#,c=/a/b", "/a/*,$key,/b,/a/*#", "/*/a/b,$key,.#", "/0/0,/1#", ".a.b,", "$key,/a~1/*/1,x~,=/~0~*"} {
		for _, text := range []string{`{"a":[{"b":[1,{}]},2],"b":"\"}"}`, `{"a":{"b":1,"b":2},"a":{"c":"\\"},"\u0061":{"b":[]}}`, `[[1,"]"],{"a":{"b":null}}]`, `{"a":`, `{"a/":{"x":[1,"["]},"~*":-0.5e3}`} {
			f.Add(list, text)
		}
	}
	f.Fuzz(func(t *testing.T, list, text string) {
		fields, err := Parse([]string{list})
		if err != nil {
			return
		}
		var compact bytes.Buffer
		valid := utf8.ValidString(text) && json.Compact(&compact, []byte(text)) == nil
		if !valid { // no panic and no endless loop is all that is promised
			_ = NewExtractor(fields).Rows(Record{Text: []byte(text)}, func([][]byte) error { return nil })
			return
		}
		got := rowsOf(t, list, Record{Text: compact.Bytes()})
		if want := strings.Join(expectedRows(fields, compact.Bytes()), "; "); got != want {
			t.Errorf("%s of %s:\n%s, want\n%s", list, compact.Bytes(), got, want)
		}
	})
}

// expectedRows returns the rows that a record gives by encoding/json.
func expectedRows(fields []Field, text []byte) (rows []string) {
	matches := []member{{}}
	for _, f := range fields {
		if f.star >= 0 {
			matches = membersOf(follow(text, f.path[:f.star]))
		}
	}
	for _, m := range matches {
		var row []string
		for _, f := range fields {
			row = append(row, expectedValue(f, text, m))
		}
		rows = append(rows, strings.Join(row, " "))
	}
	return rows
}

func expectedValue(f Field, text []byte, m member) string {
	path := f.path
	if f.star >= 0 {
		text, path = m.value, path[f.star+1:]
	}
	found := follow(text, path)
	switch {
	case f.kind == matched:
		return m.name
	case f.kind == textSize:
		return fmt.Sprint(len(text))
	case f.kind == sequence:
		return "0"
	case f.kind > matched || found == nil:
		return "-"
	case f.kind == counted && found[0] != '{' && found[0] != '[':
		return "-"
	case f.kind == counted:
		return fmt.Sprint(len(membersOf(found)))
	}
	return string(found)
}

// follow returns the value that path leads to; nil if there is none.
func follow(value json.RawMessage, path []step) json.RawMessage {
	for _, s := range path {
		elements := []json.RawMessage{}
		switch {
		case len(value) > 0 && value[0] == '{':
			value = firstMember(value, s.name)
		case len(value) > 0 && value[0] == '[' && json.Unmarshal(value, &elements) == nil && s.index >= 0 && s.index < len(elements):
			value = elements[s.index]
		default:
			return nil
		}
	}
	return value
}

// firstMember returns the value of the first member of an object with that name, or nil.
func firstMember(object json.RawMessage, name string) json.RawMessage {
	for _, m := range membersOf(object) {
		var decoded string
		if json.Unmarshal([]byte(m.name), &decoded) == nil && decoded == name {
			return m.value
		}
	}
	return nil
}

type member struct {
	name  string // as JSON; the index of an element
	value json.RawMessage
}

// membersOf returns the members or elements of a value in their order.
func membersOf(value json.RawMessage) (all []member) {
	if len(value) == 0 || value[0] != '{' && value[0] != '[' {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(value))
	_, _ = d.Token() // the bracket
	for d.More() {
		m := member{name: fmt.Sprint(len(all))}
		if value[0] == '{' {
			from := d.InputOffset()
			_, _ = d.Token()
			m.name = strings.TrimPrefix(string(value[from:d.InputOffset()]), ",")
		}
		if d.Decode(&m.value) != nil {
			return nil
		}
		all = append(all, m)
	}
	return all
}
