package migrate

import (
	"bufio"
	"io"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

// stale names the members beside the records that the source's writer kept up
// with them, where other records are exported than the source had.
func (e *envelope) stale(l *segment.Log, done ExportResult) ([]string, error) {
	r, err := ReadReceipt(l)
	if err != nil || r == nil || e.prefix == nil || e.suffix == nil {
		return nil, err
	}
	if done.Records == r.Records && done.first == r.FirstSeq && done.last == r.LastSeq {
		return nil, nil
	}
	path, err := jsonscan.ParsePointer(e.records)
	if err != nil {
		return nil, nil // a stream: nothing stands beside the records
	}
	names, _ := namesBefore(scanFile(e.prefix), path.Tokens())
	return append(names, namesAfter(scanFile(e.suffix))...), nil
}

func scanFile(f *io.SectionReader) *jsonscan.Scanner {
	return jsonscan.NewReader(bufio.NewReader(io.NewSectionReader(f, 0, f.Size())), jsonscan.Options{})
}

// namesBefore returns the members in a text like {"n": 1, "a": {"b": [ that do
// not lead to its end, which the tokens do, and reports whether they do.
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

// namesAfter returns the members in a text like ], "n": 1}, "m": 2}.
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

// readName reads a member's name and its colon.
func readName(s *jsonscan.Scanner) (string, bool) {
	b, err := s.Value(nil)
	if err != nil || b[0] != '"' {
		return "", false
	}
	return jsonscan.Unquote(b), readByte(s, ':')
}

func readByte(s *jsonscan.Scanner, want byte) bool {
	c, err := s.Peek()
	if err != nil || c != want {
		return false
	}
	s.Next()
	return true
}

func skipElements(s *jsonscan.Scanner, n int) bool {
	for range n {
		if s.Skip() != nil || !readByte(s, ',') {
			return false
		}
	}
	return true
}
