package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTable checks that each mutant has its mark and its code, and each mark its
// mutant, so that a change of the code that breaks one is noticed without a hunt.
func TestTable(t *testing.T) {
	places, err := findMarks("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		p, ok := places[m.mark()]
		if !ok {
			t.Errorf("%s: no line %s%s in the source", m.name, prefix, m.mark())
			continue
		}
		if _, err := p.replace(m.old, m.new); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		if !isTest(t, m.test) {
			t.Errorf("%s: there is no test %s", m.name, m.test)
		}
		delete(places, m.mark())
	}
	for _, mark := range slices.Sorted(maps.Keys(places)) {
		t.Errorf("%s: %s%s marks no mutant", places[mark].path, prefix, mark)
	}
}

// isTest reports whether the folder of a mutant's guard has a test of its name.
func isTest(t *testing.T, guard string) bool {
	folder, test, ok := strings.Cut(guard, " ")
	if !ok {
		return guard == ""
	}
	name, _, _ := strings.Cut(test, "/")
	files, err := filepath.Glob(filepath.Join("../../..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("func "+name+"(")) {
			return true
		}
	}
	return false
}
