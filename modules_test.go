package histlog

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// modules returns the directories of the repository's modules.
func modules(t *testing.T) (dirs []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "go.mod" {
			dirs = append(dirs, filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// TestModules checks that make lint and make cross check every module.
func TestModules(t *testing.T) {
	text, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if line := "MODULES = " + strings.Join(modules(t), " ") + "\n"; !strings.Contains(string(text), line) {
		t.Errorf("the Makefile does not say %q", line)
	}
}

// TestDependencies keeps what only tests of the page, benchmarks and tools need out of
// the module that programs import.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		for _, unwanted := range []string{"github.com/chromedp/", "github.com/evanphx/", "github.com/hanwen/", "github.com/tidwall/", "honnef.co/"} {
			if strings.HasPrefix(line, unwanted) {
				t.Errorf("histlog depends on %s", line)
			}
		}
	}
}
