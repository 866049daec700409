package main

import (
	"maps"
	"slices"
	"testing"
)

// TestTable checks that each mutant has its mark and its code, and each mark its
// mutant, so that a change of the code that breaks one is noticed without a hunt.
func TestTable(t *testing.T) {
	places, err := findMarks("../..")
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
		delete(places, m.mark())
	}
	for _, mark := range slices.Sorted(maps.Keys(places)) {
		t.Errorf("%s: %s%s marks no mutant", places[mark].path, prefix, mark)
	}
}
