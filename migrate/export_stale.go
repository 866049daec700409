package migrate

import (
	"bufio"
	"io"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

// stale returns the names of the members around the records if other records are
// exported than the source had. The source's writer may have kept their values up to date,
// such as a number of entries.
func (e *envelope) stale(l *segment.Log, done ExportResult) ([]string, error) {
	r, err := exportReceipt(l)
	if err != nil || r == nil || e.prefix == nil || e.suffix == nil {
		return nil, err
	}
	if done.Records == r.Records && done.first == r.FirstSeq && done.last == r.LastSeq {
		return nil, nil
	}
	if e.base != nil {
		way := e.pattern.Tokens()[:e.pattern.Stars()[0]]
		names, _ := namesBefore(scanFile(io.NewSectionReader(e.prefix, 0, e.base.From)), way)
		return append(names, namesAfter(scanFile(e.rest()))...), nil
	}
	path, err := jsonscan.ParsePointer(e.records)
	if err != nil {
		return nil, nil // a stream has nothing but records
	}
	names, _ := namesBefore(scanFile(e.prefix), path.Tokens())
	return append(names, namesAfter(scanFile(e.suffix))...), nil
}

// scanFile returns a scanner of a file of origin/.
func scanFile(f *io.SectionReader) *jsonscan.Scanner {
	return jsonscan.NewReader(bufio.NewReader(io.NewSectionReader(f, 0, f.Size())), jsonscan.Options{})
}

// namesBefore returns the names of the complete members in a text like
// {"n": 1, "a": {"b": [, where tokens lead to its end. ok is false if they do not.
func namesBefore(s *jsonscan.Scanner, tokens []string) (names []string, ok bool) {
	if _, err := s.SkipBOM(); err != nil {
		return nil, false
	}
	for len(tokens) > 0 {
		c, err := s.Peek()
		if err != nil {
			return names, false
		}
		s.Next()
		if c == '[' {
			if n, err := strconv.Atoi(tokens[0]); err != nil || !skipElements(s, n) {
				return names, false
			}
			tokens = tokens[1:]
			continue
		}
		// The text ends inside the last container, so that a name that does not lead on must
		// be followed by a complete value and a comma.
		for {
			name, ok := readName(s)
			if !ok {
				return names, false
			}
			if name == tokens[0] {
				break
			}
			if s.Skip() != nil || !readByte(s, ',') {
				return names, false
			}
			names = append(names, name)
		}
		tokens = tokens[1:]
	}
	return names, true
}

// namesAfter returns the names of the members in a text like ], "n": 1}, "m": 2}.
func namesAfter(s *jsonscan.Scanner) (names []string) {
	for {
		c, err := s.Peek()
		if err != nil {
			return names
		}
		s.Next()
		if c != ',' {
			continue
		}
		if c, err := s.Peek(); err != nil || c != '"' {
			if s.Skip() != nil {
				return names
			}
			continue
		}
		name, ok := readName(s)
		if !ok || s.Skip() != nil {
			return names
		}
		names = append(names, name)
	}
}

// readName reads a member's name and the colon after it.
func readName(s *jsonscan.Scanner) (string, bool) {
	b, err := s.Value(nil)
	if err != nil || b[0] != '"' {
		return "", false
	}
	return jsonscan.Unquote(b), readByte(s, ':')
}

// readByte reads the next byte, and reports whether it is want.
func readByte(s *jsonscan.Scanner, want byte) bool {
	c, err := s.Peek()
	if err != nil || c != want {
		return false
	}
	s.Next()
	return true
}

// skipElements skips n elements of an array and the commas after them.
func skipElements(s *jsonscan.Scanner, n int) bool {
	for range n {
		if s.Skip() != nil || !readByte(s, ',') {
			return false
		}
	}
	return true
}
