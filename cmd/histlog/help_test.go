//go:build unix

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/health"
)

// example is a line of a command's description to be run.
var example = regexp.MustCompile(`^ {3,}((?:.*\| )?histlog .*)$`)

// TestExamples runs every example that help shows, each in a directory of its own
// with a step2.json, the log step2 of it, a batch.json and a poll.py.
func TestExamples(t *testing.T) {
	prepared := t.TempDir()
	shell := func(line string) {
		c := exec.Command("sh", "-ec", line)
		c.Dir = prepared
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	shell(`genhistory -records 800 -batch-bytes 2000 -o step2.json
genhistory -records 800 -batch-bytes 2000 -shape batch -o batch.json
cp batch.json history-2024.json; cp batch.json history-2025.json; mkdir polls; cp batch.json polls/1.json
histlog migrate step2.json --segment-size 100K
echo 'print(open("batch.json").read())' > poll.py
mkdir -p .zfunc .local/share/bash-completion/completions .config/fish/completions`)
	for _, c := range newApp().Commands {
		found := 0
		for line := range strings.Lines(c.Description) {
			m := example.FindStringSubmatch(strings.TrimRight(line, "\n"))
			if m == nil {
				continue
			}
			found++
			t.Run(m[1], func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(prepared)); err != nil {
					t.Fatal(err)
				}
				runExample(t, dir, m[1])
			})
		}
		if found == 0 && strings.Contains(c.ArgsUsage, "DIR") {
			t.Errorf("%s has no example", c.Name)
		}
	}
}

// TestCommandsDocumented checks that the README lists each command for a log.
func TestCommandsDocumented(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range newApp().Commands {
		if row := "| `histlog " + c.Name + " "; strings.Contains(c.ArgsUsage, "DIR") && !strings.Contains(string(readme), row) {
			t.Errorf("README.md has no row for %s", c.Name)
		}
	}
}

// documented are the exit codes other than 0 that an example may end with.
var documented = map[string][]int{
	"check": {int(health.Warning)}, // the disk may have less free than that
}

func runExample(t *testing.T, dir, line string) {
	for _, program := range []string{"python3", "jq", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil && strings.Contains(line, program) {
			t.Skipf("skipped: %s is missing", program)
		}
	}
	if strings.HasPrefix(line, "histlog migrate") && !strings.Contains(line, "--continue") {
		if err := os.RemoveAll(filepath.Join(dir, "step2")); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("sh", "-c", line)
	c.Dir, c.Env = dir, append(os.Environ(), "HOME="+dir)
	if strings.Contains(line, " -f ") || strings.Contains(line, " -F ") {
		followExample(t, c)
		return
	}
	out, err := c.CombinedOutput()
	if code := c.ProcessState.ExitCode(); err != nil && !slices.Contains(documented[strings.Fields(line)[1]], code) {
		t.Errorf("%v\n%s", err, out)
	}
}

// followExample runs what ends by a signal alone, until it has shown something.
func followExample(t *testing.T, c *exec.Cmd) {
	c.Args[2] = "exec " + c.Args[2]
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = bufio.NewReader(out).ReadString('\n')
	if e := c.Process.Signal(syscall.SIGINT); err != nil || e != nil {
		t.Errorf("%v, %v", err, e)
	}
	_ = c.Wait() // the state says it
	if state := c.ProcessState.Sys().(syscall.WaitStatus); state.Signal() != syscall.SIGINT {
		t.Errorf("%v\n%s", c.ProcessState, stderr.String())
	}
}
