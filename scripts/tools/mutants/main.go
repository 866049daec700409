// Command mutants proves the tests: it removes each sync, each checksum and each order
// of writing from the code, one at a time, and reports which test notices. It fails if no
// test notices a mutant.
//
//	mutants [TEXT…]     only mutants whose names contain one of the texts
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// A stage is one run of go test.
type stage struct {
	proofs bool // enumerate everything
	args   []string
}

// stages are the tests that hunt a mutant, the fastest first.
var stages = []stage{
	{false, []string{"./segment", "./compactor"}},
	{false, []string{"./internal/survival"}},
	{false, []string{"-run", "TestStale|TestHalfRetired", "./reader"}},
	{true, []string{"-run", "TestUpkeep|TestScripts/(compact|prune)", "./cmd/histlog"}}, // two processes
	{true, []string{"./internal/survival"}},
	{true, []string{"./migrate"}},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(only []string) error {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(".")); err != nil {
		return err
	}
	places, err := findMarks(dir)
	if err != nil {
		return err
	}
	alive, broken := 0, 0
	for _, m := range mutants {
		if !m.named(only) {
			continue
		}
		test, err := m.hunt(dir, places)
		if err != nil {
			fmt.Printf("%-58s BROKEN: %v\n", m.name, err)
			broken++
			continue
		}
		if test == "" {
			test, alive = "ALIVE", alive+1
		}
		fmt.Printf("%-58s %s\n", m.name, test)
	}
	if alive+broken > 0 {
		return fmt.Errorf("%d mutants were not noticed, %d do not build or have no place", alive, broken)
	}
	return nil
}

func (m mutant) named(only []string) bool {
	for _, text := range only {
		if strings.Contains(m.name, text) {
			return true
		}
	}
	return len(only) == 0
}

// hunt runs the tests with the mutant in place of the code and returns the
// first one that fails; "" if none does.
func (m mutant) hunt(dir string, places map[string]place) (test string, err error) {
	p, ok := places[m.mark()]
	if !ok {
		return "", fmt.Errorf("no line %s%s in the source", prefix, m.mark())
	}
	mutated, err := p.replace(m.old, m.new)
	if err != nil {
		return "", err
	}
	original, err := os.ReadFile(p.path)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(p.path, mutated, 0o644); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.WriteFile(p.path, original, 0o644)) }()
	for _, stage := range append(m.guard(), stages...) {
		c := exec.Command("go", append([]string{"test", "-failfast", "-timeout", "20m"}, stage.args...)...)
		c.Dir = dir
		if stage.proofs {
			c.Env = append(os.Environ(), "HISTLOG_PROOFS=1")
		}
		out, err := c.CombinedOutput()
		if bytes.Contains(out, []byte("[build failed]")) {
			return "", fmt.Errorf("%w\n%s", err, out)
		}
		if err != nil {
			return firstFailure(out), nil
		}
	}
	return "", nil
}

// guard returns the stage that runs the test which noticed the mutant before.
func (m mutant) guard() []stage {
	folder, test, ok := strings.Cut(m.test, " ")
	if !ok {
		return nil
	}
	parts := strings.Split(test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return []stage{{args: []string{"-run", strings.Join(parts, "/"), "./" + folder}, proofs: true}}
}

var failure = regexp.MustCompile(`--- FAIL: (\S+)`)

// firstFailure returns the first test that failed, and of its failed subtests the innermost.
func firstFailure(out []byte) string {
	const timedOut = "no test: the time limit ended the run"
	name := timedOut
	for _, match := range failure.FindAllSubmatch(out, -1) {
		if inner := string(match[1]); name == timedOut || strings.HasPrefix(inner, name+"/") {
			name = inner
		}
	}
	return name
}
