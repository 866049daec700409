//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A bare is a directory that holds nothing but the program, as a container made
// from scratch does: no zoneinfo, no /proc, no /dev.
type bare struct{ root string }

func newBare(t *testing.T) bare {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root may change the root directory")
	}
	b := bare{t.TempDir()}
	c := exec.Command("go", "build", "-o", filepath.Join(b.root, "histlog"), ".")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := exec.Command(filepath.Join(b.root, "histlog"), "version").Run(); err != nil {
		t.Fatal(err)
	}
	return b
}

// run runs the program there, under a name, and returns what it printed.
func (b bare) run(t *testing.T, name, stdin string, args ...string) (string, error) {
	t.Helper()
	c := exec.Command("/histlog", args...)
	c.Args[0] = name
	c.Dir, c.Env = "/", []string{"PATH=/"}
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: b.root}
	c.Stdin = strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	return string(out), err
}

// A log with a time zone takes records where the machine has no zoneinfo, and
// upkeep runs where neither /proc nor the null device is there.
func TestBareRoot(t *testing.T) {
	t.Parallel()
	b := newBare(t)
	do := func(name, stdin string, args ...string) {
		t.Helper()
		if out, err := b.run(t, name, stdin, args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	do("/histlog", `{"timestamp":"2025-06-01T10:00:00"}`, "append", "--create", "--time-zone", "America/New_York", "--segment-size", "1", "log")
	do("/histlog", "", "config", "log", "compress-after=0s")
	for i, name := range []string{"/histlog", "histlog"} {
		do(name, records2025(2), "append", "log")
		eventually(t, "upkeep compresses as "+name, func() bool {
			found, _ := filepath.Glob(filepath.Join(b.root, "log", "*.zst"))
			return len(found) > i
		})
	}
	if out, err := b.run(t, "/histlog", "", "check", "--min-free", "1", "log"); err != nil || !strings.HasPrefix(out, "OK ") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := b.run(t, "/histlog", "", "cat", "--json", "log", "1"); err != nil || !strings.Contains(out, "2025-06-01T14:00:00Z") {
		t.Errorf("%v\n%s", err, out)
	}
}

// Where upkeep can't be started, check warns.
func TestUpkeepNotStarted(t *testing.T) {
	t.Parallel()
	b := newBare(t)
	for _, args := range [][]string{{"append", "--create", "--segment-size", "1", "--allow-empty", "log"}, {"append", "log"}} {
		stdin := ""
		if len(args) == 2 {
			stdin = records2025(2)
		}
		if out, err := b.run(t, "under-another-name", stdin, args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		} else if stdin != "" && !strings.Contains(out, "warning: maintenance failed: it could not be started: ") {
			t.Errorf("%s", out)
		}
	}
	if out, err := b.run(t, "/histlog", "", "check", "log"); err == nil || !strings.HasPrefix(out, "WARNING ") || !strings.Contains(out, "maintenance failed") {
		t.Errorf("%v\n%s", err, out)
	}
}
