package histlog

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/histlog/histlog/"

// mayImport says which packages of the module a package may import, tests aside.
var mayImport = map[string][]string{
	"": {"reader", "segment", "internal/filename"}, // the front door
	"cmd/histlog": {
		"migrate", "reader", "compactor", "segment",
		"internal/feed", "internal/report", "internal/report/html", "internal/health", "internal/survey",
		"internal/eventlog", "internal/filename", "internal/outfile", "internal/recordtime", "internal/size", "internal/term", "internal/timespec", "internal/timezone",
		"internal/field", "internal/jsondiff", "internal/jsonscan", "internal/memguard", "internal/plot", "internal/seekable", "internal/vfs",
	},
	"migrate":              {"segment", "internal/filename", "internal/jsonscan", "internal/memguard", "internal/recordtime", "internal/size"},
	"compactor":            {"segment"},
	"docs":                 {},
	"reader":               {"segment"},
	"internal/feed":        {"segment", "internal/eventlog", "internal/filename", "internal/jsonscan", "internal/recordtime", "internal/term"},
	"internal/report":      {"migrate", "segment", "internal/filename", "internal/health", "internal/jsonscan", "internal/memguard", "internal/survey", "internal/term"},
	"internal/plot":        {"reader", "segment", "internal/field", "internal/jsonscan", "internal/survey", "internal/term"},
	"internal/report/html": {"segment", "internal/plot", "internal/report", "internal/survey", "internal/term"},
	"internal/health":      {"compactor", "segment", "internal/filename", "internal/memguard", "internal/survey", "internal/term"},
	"internal/eventlog":    {"segment", "internal/filename", "internal/vfs"},
	"internal/outfile":     {"internal/vfs"},
	"internal/term":        {"internal/size"},
	"internal/timespec":    {},
	"internal/recordtime":  {"internal/jsonscan"},
	"internal/field":       {"internal/jsonscan"},
	"internal/timezone":    {},
	"internal/survey":      {"segment"},
	"segment":              {"internal/filename", "internal/jsonscan", "internal/recordtime", "internal/seekable", "internal/size", "internal/timespec", "internal/vfs"},
	"internal/jsondiff":    {"internal/jsonscan"},
	"internal/jsonscan":    {},
	"internal/memguard":    {"internal/size"},
	"internal/filename":    {"internal/seekable"},
	"internal/size":        {},
	"internal/faultfs":     {"internal/vfs"},
	"internal/survival":    {},
	"internal/testutil":    {"internal/vfs"},
	"internal/seekable":    {},
	"internal/vfs":         {},
	"internal/genhistory":  {},

	// Modules of their own.
	"scripts/bench":            {"segment", "internal/genhistory"},
	"scripts/bench/empty":      {},
	"scripts/browser":          {},
	"scripts/powercut":         {"scripts/powercut/disk"},
	"scripts/powercut/disk":    {},
	"scripts/tools/genhistory": {"internal/genhistory"},
	"scripts/tools/month":      {"compactor", "segment", "internal/jsonscan", "internal/memguard", "internal/recordtime"},
	"scripts/tools/mutants":    {},
	"scripts/tools/patches":    {},
}

func TestImportDirection(t *testing.T) {
	for _, dir := range modules(t) {
		c := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
		c.Dir = dir
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		checkImports(t, out)
	}
}

// TestArchitecture checks that docs/ARCHITECTURE.md names every package.
func TestArchitecture(t *testing.T) {
	text, err := os.ReadFile("docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range mayImport {
		module, _, _ := strings.Cut(name, "/") // of scripts the modules are enough
		if name != "" && module != "scripts" && !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not in the table of packages", name)
		}
	}
}

// checkImports checks the imports of the packages that go list wrote.
func checkImports(t *testing.T, list []byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(list))
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
		name, inside := strings.CutPrefix(p.ImportPath+"/", module)
		if !inside {
			continue
		}
		name = strings.TrimSuffix(name, "/")
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

// osWithoutFiles are the names of package os that touch no file, and may be used
// in package segment.
var osWithoutFiles = []string{
	"Args", "FileInfo", "FileMode", "Getpid", "Hostname", "LinkError", "PathSeparator",
	"O_CREATE", "O_EXCL", "O_RDONLY", "O_RDWR", "O_TRUNC",
}

// osExceptions are the files of package segment that use more of package os:
// lock_process_linux.go reads /proc, which belongs to no disk that a test could play.
var osExceptions = map[string][]string{
	"lock_process_linux.go": {"ReadFile", "Readlink"},
}

// All file access of package segment goes through vfs.FS, so that the tests which
// play a failing disk and a power cut see every operation.
func TestFileAccess(t *testing.T) {
	files, err := filepath.Glob("segment/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); !ok || x.Name != "os" {
				return true
			}
			if !slices.Contains(osWithoutFiles, s.Sel.Name) && !slices.Contains(osExceptions[filepath.Base(name)], s.Sel.Name) {
				t.Errorf("%s: os.%s: use vfs.FS instead", set.Position(s.Pos()), s.Sel.Name)
			}
			return true
		})
	}
}
