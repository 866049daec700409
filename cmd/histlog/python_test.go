package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// allPythonsEnv has TestPython run all tests under each version of Python.
const allPythonsEnv = "HISTLOG_TEST_PYTHONS"

// TestPython runs the tests of the Python client with this histlog: all under
// python3 and, as a proof, those of appending and reading under each other version
// that the client supports and this machine has.
func TestPython(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, python := range pythons(t) {
		version, err := exec.Command(python, "-c", "import sys; print(*sys.version_info[:2], sep='.')").Output()
		if err != nil || seen[string(version)] { // pyenv has names without a program behind them
			continue
		}
		// The others differ in the language, not in when processes end.
		tests := []string{"test_histlog.Appending", "test_histlog.Reading", "test_histlog.Refused", "test_reading.Sequence", "test_reading.Items", "test_reading.Times", "test_reading.Fields"}
		if len(seen) == 0 || os.Getenv(allPythonsEnv) != "" {
			tests = []string{"test_histlog", "test_limits", "test_reading", "test_spool", "test_storm"}
		} else if !testutil.Proofs() {
			continue
		}
		seen[string(version)] = true
		t.Run(strings.TrimSpace(string(version)), func(t *testing.T) { runPython(t, python, tests) })
	}
	t.Run("pandas", func(t *testing.T) {
		const system = "/usr/bin/python3" // Debian's packages are for this one
		if exec.Command(system, "-c", "import pandas").Run() != nil {
			t.Skip("skipped: pandas is missing; install the package python3-pandas")
		}
		runPython(t, system, []string{"test_reading.Pandas"})
	})
}

// runPython runs tests under a version of Python, at once because they mostly wait.
func runPython(t *testing.T, python string, tests []string) {
	var all sync.WaitGroup
	for _, test := range tests {
		c := pythonCommand(t, "-W", "error", "-m", "unittest", test)
		c.Dir, c.Path = clientDir(t), python
		all.Go(func() {
			out, err := c.CombinedOutput()
			t.Logf("%s: %s", test, out)
			if err != nil {
				t.Errorf("%s: %v", test, err)
			}
		})
	}
	all.Wait()
}

// pythons returns the paths of Pythons from 3.8 to 3.13, python3 first.
func pythons(t *testing.T) (paths []string) {
	t.Helper()
	for _, name := range []string{"python3", "python3.8", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13"} {
		if path, err := exec.LookPath(name); err == nil {
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		t.Skip("skipped: python3 is missing; install the package python3")
	}
	if home, err := os.UserHomeDir(); err == nil {
		for _, pattern := range []string{"3.[89].*", "3.1[0-3].*"} {
			more, err := filepath.Glob(filepath.Join(home, ".pyenv", "versions", pattern, "bin", "python3"))
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, more...)
		}
	}
	return paths
}

// clientDir returns the directory of the Python client.
func clientDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../scripts/python")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// pythonCommand makes a command that runs a Python program, which can import the client.
func pythonCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the programs that take histlog's place are shell scripts")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("skipped: python3 is missing; install the package python3")
	}
	c := exec.Command(python, args...)
	c.Env = append(os.Environ(), "HISTLOG_BIN=histlog", "PYTHONPATH="+clientDir(t), "PYTHONDONTWRITEBYTECODE=1")
	return c
}
