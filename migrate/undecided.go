package migrate

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"

	"github.com/histlog/histlog/internal/jsonscan"
)

// maxNamed is the maximum number of candidates that an error or a report names.
const maxNamed = 8

// A Candidate is a place in a source whose values may be its records.
type Candidate struct {
	At    string  `json:"records_at"` // for Options.Records; "" means that each value of the source is a record
	Count uint64  `json:"count"`      // number of records there; 0 with At "" means not known
	Share float64 `json:"share"`      // part of the source's text that it takes, 0 to 1; 0 means not known
}

// An UndecidedError is an ErrUndecided that says why. Its text does not name the candidates.
type UndecidedError struct {
	Reason     string
	Candidates []Candidate // the most probable one first; may be empty
	Filter     string      // program of jq that writes the records of several documents, a line each; "" means none
	Once       bool        // the source was not read again to find out, because it cannot be
}

func (e *UndecidedError) Error() string { return fmt.Sprintf("%v: %s", ErrUndecided, e.Reason) }
func (e *UndecidedError) Unwrap() error { return ErrUndecided }

// undecided returns an ErrUndecided without candidates.
func undecided(reason string) error { return &UndecidedError{Reason: reason} }

// undecided returns the ErrUndecided for a source with these candidates.
func (s *survey) undecided(c *collector, reason string) error {
	return &UndecidedError{Reason: reason, Candidates: s.named(c)}
}

// named returns the candidates as errors and reports name them. The source as one record is
// the last of them if it is an object.
func (s *survey) named(c *collector) (all []Candidate) {
	found := c.found
	if len(found) == 0 {
		found = c.empty
	}
	size := float64(s.p.source.size)
	for _, f := range found[:min(len(found), maxNamed)] {
		named := Candidate{At: patternOf(f.at), Count: f.count}
		if f.count > 0 {
			named.Share = float64(f.bytes) / size
		}
		all = append(all, named)
	}
	if s.root.values == 1 && s.root.objects == 1 {
		all = append(all, Candidate{"", 1, float64(s.root.bytes) / size})
	}
	return all
}

// patternOf returns the pattern that names the records at a pointer. As a pattern, that to the
// root would name each value of the source.
func patternOf(pointer string) string {
	if pointer == "" {
		return anyToken
	}
	return pointer
}

// jqPath returns the path of jq that a pointer without stars is.
func jqPath(pointer string) string {
	path := "."
	at, _ := jsonscan.ParsePointer(pointer) // built by PointerToken, so it parses
	for i, name := range at.Tokens() {
		quoted, _ := json.Marshal(name)
		switch index, err := strconv.ParseUint(name, 10, 31); {
		case isIdentifier.MatchString(name) && i == 0:
			path += name
		case isIdentifier.MatchString(name):
			path += "." + name
		case err == nil && strconv.FormatUint(index, 10) == name:
			path += "[(if type==\"array\" then " + name + " else " + string(quoted) + " end)]"
		default:
			path += "[" + string(quoted) + "]"
		}
	}
	return path
}

var isIdentifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// undecidedOnce returns the ErrUndecided of a pass over a source that cannot be read again.
func (p *sourcePass) undecidedOnce(again *restart) error {
	if again.format != "" {
		return fmt.Errorf("%w in one pass: %s", ErrUndecided, again.why)
	}
	e := &UndecidedError{Reason: "in one pass, " + again.why, Once: true}
	f := &p.finder
	if f.found && !again.as.stream {
		e.Candidates = append(e.Candidates, Candidate{At: patternOf(f.path), Count: p.records})
	}
	if again.as.stream {
		e.Candidates = append(e.Candidates, Candidate{At: ""})
	}
	for _, r := range f.rivals {
		e.Candidates = append(e.Candidates, Candidate{At: r.at, Count: r.count})
	}
	return e
}
