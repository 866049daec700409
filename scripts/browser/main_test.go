// Package browser tests the pages and pictures that histlog inspect and plot write, in Chromium.
// It is a module of its own, so that histlog does not depend on the driver of the browser.
package browser

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain builds histlog and puts it first in PATH.
func TestMain(m *testing.M) {
	code, err := testMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func testMain(m *testing.M) (code int, err error) {
	bin, err := os.MkdirTemp("", "histlog-browser")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/histlog")
	build.Dir = filepath.Join("..", "..") // histlog's own module
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build histlog: %w\n%s", err, out)
	}
	os.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	os.Setenv("TZ", "UTC")
	return m.Run(), nil
}

// runHistlog runs histlog in dir and fails the test if histlog fails.
func runHistlog(t *testing.T, dir, stdin string, args ...string) {
	t.Helper()
	c := exec.Command("histlog", args...)
	c.Dir, c.Stdin = dir, strings.NewReader(stdin)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("histlog %v: %v\n%s", args, err, out)
	}
}
