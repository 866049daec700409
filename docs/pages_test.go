package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// TestPages runs what the pages show, beside a step2.json and a batch.json as
// they say there are: every line of a console block that begins with "$ ", then each
// Go program and each SQL query, then all Python blocks as one program, in which batch is a batch.
func TestPages(t *testing.T) {
	bin := t.TempDir()
	must(t, exec.Command("go", "build", "-o", bin+"/", "./cmd/histlog"))
	must(t, exec.Command("go", "build", "-C", "scripts/tools", "-o", bin+"/", "./genhistory"))
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("PYTHONDONTWRITEBYTECODE", "1")
	for page, check := range map[string]string{
		"README.md":          "",
		"docs/ANALYSIS.md":   "assert 'matches' not in globals() or len(matches) > 20 < len(changes)",
		"docs/MONITORING.md": "",
		"docs/PYTHON.md": `
assert len(newest) == 3 and done == 21 and log[-1] == {"n": 2}
assert list(log.last(2, fields=["n"])) == [{"n": 1}, {"n": 2}]
`,
		"docs/PIPELINE.md": `
assert add_batch(batch) == log.append([1]) - 1
assert list(log.last(2)) == [batch, [1]]
log.close()
import os
os.rename("step2", "unmounted")
assert add_batch([2]) is None and log.spooled == 1
os.rename("unmounted", "step2")
assert add_batch([3]) and log.spooled == 0
assert list(log.last(3)) == [[1], [2], [3]]
assert [log.append({}) for log in logs.values()] == [1, 1]
`,
	} {
		t.Run(page, func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			dir := testutil.TempDir(t)
			runIn(t, dir, "genhistory", "-records", "20", "-batch-bytes", "20000", "-o", "step2.json")
			runIn(t, dir, "genhistory", "-records", "20", "-batch-bytes", "20000", "-shape", "batch", "-o", "batch.json")
			runIn(t, dir, "sh", "-c", "sed s/timestamp/generated_at/ step2.json >step3.json")
			runConsole(t, dir, string(text))
			runGo(t, dir, string(text))
			runSQL(t, dir, string(text))
			runPython(t, dir, string(text), check)
		})
	}
}

// runConsole runs the lines of a page's console blocks, and fails where there is none.
func runConsole(t *testing.T, dir, page string) {
	t.Helper()
	ran := 0
	for _, block := range blocks(page, "console") {
		for line := range strings.Lines(block) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
			if !ok || strings.HasPrefix(command, "make ") || strings.HasPrefix(command, "go install ") {
				continue
			}
			if _, err := exec.LookPath("jq"); err != nil && strings.Contains(command, "| jq ") {
				t.Log("one command is left out: there is no jq")
				continue
			}
			runIn(t, dir, "sh", "-c", command)
			ran++
		}
	}
	if ran == 0 {
		t.Error("the page has no console block")
	}
}

// runGo runs each of a page's Go programs.
func runGo(t *testing.T, dir, page string) {
	t.Helper()
	for _, block := range blocks(page, "go") {
		place := t.TempDir()
		source, program := filepath.Join(place, "main.go"), filepath.Join(place, "program")
		if err := os.WriteFile(source, []byte(block), 0o644); err != nil {
			t.Fatal(err)
		}
		must(t, exec.Command("go", "build", "-o", program, source))
		runIn(t, dir, program)
	}
}

// runSQL runs each of a page's SQL blocks with DuckDB, which must give a row. They are left out
// where NODE_PATH does not lead to DuckDB.
func runSQL(t *testing.T, dir, page string) {
	t.Helper()
	const run = `require('@duckdb/node-api').DuckDBInstance.create().then(async duck => {
	const found = await (await duck.connect()).runAndReadAll(process.argv[1]);
	if (found.getRows().length == 0) throw 'no rows';
});`
	for _, block := range blocks(page, "sql") {
		if exec.Command("node", "-e", "require('@duckdb/node-api')").Run() != nil {
			t.Log("one query is left out: node does not find DuckDB; see TestDuckDB")
			continue
		}
		runIn(t, dir, "node", "-e", run, block)
	}
}

// runPython runs a page's Python blocks and what checks them. A block that wants
// pandas is left out where that is missing.
func runPython(t *testing.T, dir, page, check string) {
	t.Helper()
	python, pandas := findPython(t)
	client, err := filepath.Abs("scripts/python")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHONPATH", client)
	program := "import json\nbatch = json.load(open('batch.json'))\n"
	for _, block := range blocks(page, "python") {
		if strings.Contains(block, "pandas") && !pandas {
			t.Log("one block is left out: there is no pandas")
			continue
		}
		program += block
	}
	// The pages name a directory of the system.
	runIn(t, dir, python, "-c", strings.ReplaceAll(program+check, "/var/spool", t.TempDir()))
}

// findPython returns the path of a Python, one with pandas if there is one: the system's may have
// it where python3 is another.
func findPython(t *testing.T) (python string, pandas bool) {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if path, err := exec.LookPath(name); err == nil {
			python = path
			if exec.Command(path, "-c", "import pandas").Run() == nil {
				return path, true
			}
		}
	}
	if python == "" {
		t.Skip("skipped: python3 is missing; install the package python3")
	}
	return python, false
}

// TestRetryLoop runs the loop of docs/PIPELINE.md with a histlog that ends as told:
// the script ends as the last attempt did.
func TestRetryLoop(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a shell script")
	}
	text, err := os.ReadFile("docs/PIPELINE.md")
	if err != nil {
		t.Fatal(err)
	}
	loops := blocks(string(text), "sh")
	if len(loops) == 0 || !strings.Contains(loops[0], "for try") {
		t.Fatal("the first shell block is not the loop")
	}
	const stubs = "sleep() { :; }\nhistlog() { ends=${CODES%% *}; CODES=${CODES#* }; return $ends; }\n"
	for codes, want := range map[string]int{"0": 0, "6 6 0": 0, "6 4": 4, "1": 1, "6 6 6 6 0": 0, "6 6 6 6 6": 6, "6 6 6 6 5": 5} {
		c := exec.Command("sh", "-c", stubs+loops[0])
		c.Env = append(os.Environ(), "CODES="+codes)
		out, err := c.CombinedOutput()
		if got := c.ProcessState.ExitCode(); got != want {
			t.Errorf("after attempts that end with %s the loop ends with %d, want %d: %v\n%s", codes, got, want, err, out)
		}
	}
}

// blocks returns a page's code blocks of a language.
func blocks(page, language string) (found []string) {
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(page, -1) {
		found = append(found, m[1])
	}
	return found
}

func runIn(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	c := exec.Command(program, args...)
	c.Dir = dir
	must(t, c)
}

func must(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
}
