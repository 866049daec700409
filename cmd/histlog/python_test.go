package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestPython runs the tests of the Python client with this histlog.
func TestPython(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c := pythonCommand(t, filepath.Join(scripts(t), "test_histlog.py"))
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// scripts returns the directory of the Python client.
func scripts(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../scripts")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// pythonCommand makes a command that runs a Python program, which can import the client.
func pythonCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("what stands in for histlog are shell scripts")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("skipped: python3 is missing; install the package python3")
	}
	c := exec.Command(python, args...)
	c.Env = append(os.Environ(), "HISTLOG_BIN=histlog", "PYTHONPATH="+scripts(t), "PYTHONDONTWRITEBYTECODE=1")
	return c
}
