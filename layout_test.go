// Package histlog holds the tests of the repository as a whole: who imports
// whom, and that the README does what it says.
package histlog

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/histlog/histlog/"

// mayImport says which packages of the module a package may import, tests aside.
var mayImport = map[string][]string{
	"cmd/histlog":         {"migrate", "reader", "compactor", "segment", "internal/survey", "internal/jsonscan", "internal/memguard"},
	"migrate":             {"segment", "internal/jsonscan", "internal/memguard"},
	"compactor":           {"segment"},
	"reader":              {"segment"},
	"internal/survey":     {"segment"},
	"segment":             {"internal/jsonscan"},
	"internal/jsonscan":   {},
	"internal/memguard":   {},
	"internal/faultfs":    {"segment"},
	"internal/survival":   {},
	"internal/genhistory": {},
	"scripts/genhistory":  {"internal/genhistory"},
	"scripts/bench":       {"segment", "internal/genhistory"},
	"scripts/bench/empty": {},
	"scripts/month":       {"compactor", "segment", "internal/jsonscan", "internal/memguard"},
	"scripts/mutants":     {},
}

func TestImportDirection(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		name, inside := strings.CutPrefix(p.ImportPath, module)
		if !inside {
			continue
		}
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("%s: a new package: say here what it may import", name)
		}
		for _, i := range p.Imports {
			if to, ours := strings.CutPrefix(i, module); ours && !slices.Contains(allowed, to) {
				t.Errorf("%s must not import %s", name, to)
			}
		}
	}
}
