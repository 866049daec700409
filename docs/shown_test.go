package docs

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestShownMigration compares what the pages show as the output of histlog migrate with
// what it prints. The numbers are examples.
func TestShownMigration(t *testing.T) {
	bin := t.TempDir()
	must(t, exec.Command("go", "build", "-o", bin+"/", "./cmd/histlog"))
	must(t, exec.Command("go", "build", "-C", "scripts/tools", "-o", bin+"/", "./genhistory"))
	dir := t.TempDir()
	runIn(t, dir, bin+"/genhistory", "-records", "20", "-batch-bytes", "20000", "-o", "step2.json")
	migrate := exec.Command(bin+"/histlog", "migrate", "step2.json")
	migrate.Dir = dir
	printed, err := migrate.Output()
	if err != nil {
		t.Fatal(err)
	}
	numbers := regexp.MustCompile(`[0-9][0-9.]*( %|[a-zA-Z]+)?`)
	want := numbers.ReplaceAllString("$ histlog migrate step2.json\n"+string(printed), "0")
	for _, page := range []string{"README.md", "docs/PIPELINE.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(numbers.ReplaceAllString(string(text), "0"), want) {
			t.Errorf("%s does not show what histlog migrate prints:\n%s", page, want)
		}
	}
}
