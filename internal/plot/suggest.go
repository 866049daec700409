package plot

import (
	"cmp"
	"strings"

	"github.com/histlog/histlog/internal/field"
	"github.com/histlog/histlog/internal/jsonscan"
)

// Suggest returns at most eight pointers to what can be drawn of a record: its numbers, and
// how many members or elements its arrays and its large objects have.
func Suggest(record []byte) []string {
	s := suggestions{record: record}
	s.add("", record, 0)
	return s.found
}

type suggestions struct {
	record []byte
	found  []string
}

// add adds what is at a pointer, and below it.
func (s *suggestions) add(pointer string, value []byte, depth int) {
	const maxFound, maxDepth, maxMembers = 8, 4, 50
	if len(s.found) == maxFound || len(value) == 0 {
		return
	}
	members := 0
	for range jsonscan.Members(value) {
		members++
	}
	switch {
	case value[0] == '[', members > maxMembers, members > 0 && depth == maxDepth:
		s.check(cmp.Or(pointer, ".") + "#")
	case value[0] == '{':
		for m := range jsonscan.Members(value) {
			s.add(pointer+fieldToken(jsonscan.Unquote(m.Name)), m.Value, depth+1)
		}
	default:
		s.check(pointer)
	}
}

// check adds a pointer if there is a number.
func (s *suggestions) check(pointer string) {
	fields, err := field.Parse([]string{pointer})
	if err != nil {
		return
	}
	_ = field.NewExtractor(fields).Rows(field.Record{Text: s.record}, func(values [][]byte) error { // the function has no error
		if _, k := parse(values[0]); k == number {
			s.found = append(s.found, pointer)
		}
		return nil
	})
}

// fieldToken returns a name as a token of a field, with the slash before it.
func fieldToken(name string) string {
	token := strings.NewReplacer(",", "~,", "#", "~#").Replace(jsonscan.PointerToken(name))
	if token == "/*" {
		return "/~*"
	}
	return token
}
