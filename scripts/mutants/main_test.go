package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestTable checks that the code of each mutant occurs exactly once, so that a
// change of the code that breaks a mutant is noticed without a hunt.
func TestTable(t *testing.T) {
	for _, m := range mutants {
		text, err := os.ReadFile(filepath.Join("../..", m.file))
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		if n := bytes.Count(text, []byte(m.old)); n != 1 {
			t.Errorf("%s: its code occurs %d times in %s, want once:\n%s", m.name, n, m.file, m.old)
		}
	}
}
