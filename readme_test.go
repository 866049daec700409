package histlog

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme runs every line of the README's console blocks that begins with
// "$ ", block by block, beside a step2.json as the README says there is.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	must(t, exec.Command("go", "build", "-o", bin+"/", "./cmd/histlog", "./scripts/genhistory"))
	work := filepath.Join(dir, "work")
	must(t, exec.Command(filepath.Join(bin, "genhistory"), "-records", "20", "-batch-bytes", "20000", "-o", filepath.Join(dir, "step2.json")))
	must(t, exec.Command(filepath.Join(bin, "genhistory"), "-records", "20", "-batch-bytes", "20000", "-shape", "batch", "-o", filepath.Join(dir, "batch.json")))
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	must(t, exec.Command("cp", filepath.Join(dir, "step2.json"), filepath.Join(dir, "batch.json"), work))
	blocks := regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Fatal("the README has no console block")
	}
	for _, b := range blocks {
		for line := range strings.Lines(b[1]) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if !ok || strings.HasPrefix(command, "make ") || strings.HasPrefix(command, "go install ") {
				continue
			}
			c := exec.Command("sh", "-c", command)
			c.Dir = work
			c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
			must(t, c)
		}
	}
}

func must(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
}
