package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// prefix begins the comment that marks a mutant's place.
const prefix = "//mutant:"

// A place is a mark in a source file.
type place struct {
	path string
	text []byte // the file without the lines that are marks
	at   int    // the offset in text of the line below the mark
}

var (
	apostrophes = strings.NewReplacer("'", "")
	notMark     = regexp.MustCompile(`[^a-z0-9]+`)
)

// mark returns the text of m's mark, without prefix.
func (m mutant) mark() string {
	return notMark.ReplaceAllString(strings.ToLower(apostrophes.Replace(m.name)), "-")
}

// findMarks returns the marks in the Go files below root, by their text without
// prefix.
func findMarks(root string) (map[string]place, error) {
	places := map[string]place{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for mark, at := range marksIn(&source) {
			if other, ok := places[mark]; ok {
				return fmt.Errorf("%s%s is in %s and in %s", prefix, mark, other.path, path)
			}
			places[mark] = place{path, source, at}
		}
		return nil
	})
	return places, err
}

// marksIn removes the marks from source and returns the offsets in the rest of the line
// below each.
func marksIn(source *[]byte) map[string]int {
	marks := map[string]int{}
	var text []byte
	for line := range bytes.Lines(*source) {
		if mark, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte(prefix)); ok {
			marks[string(mark)] = len(text)
		} else {
			text = append(text, line...)
		}
	}
	*source = text
	return marks
}

// replace returns the file with the first old at p replaced, which must begin
// on the line below the mark.
func (p place) replace(old, new string) ([]byte, error) {
	rest := p.text[p.at:]
	i := bytes.Index(rest, []byte(old))
	if i < 0 || bytes.IndexByte(rest[:i], '\n') >= 0 {
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		return nil, fmt.Errorf("%s: the line below the mark is\n%s\nand not\n%s", p.path, line, old)
	}
	return bytes.Join([][]byte{p.text[:p.at+i], []byte(new), rest[i+len(old):]}, nil), nil
}
