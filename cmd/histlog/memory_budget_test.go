package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/segment"
)

// TestBudget runs every command with records that just fit its memory budget, and with
// records that do not. With the latter the command must print the budget and what it needs
// and exit before it exceeds the budget; the records before such a record must be kept.
func TestBudget(t *testing.T) {
	needFigures(t)
	t.Parallel()
	budget := memguard.Budget(48 * mib)
	fits, large := int(budget.Record())-100, int(budget.Record())+100
	dir := t.TempDir()
	write := func(name string, sizes ...int) {
		var b bytes.Buffer
		for n, size := range sizes {
			fmt.Fprintf(&b, "{\"n\":%d,\"pad\":\"%s\"}\n", n, strings.Repeat("x", size))
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("fits.json", 1, fits, fits, fits, fits, fits)
	write("large.json", 1, large)
	write("small.json", 1)
	histlogIn(t, dir, "", "append", "--create", "fits", "fits.json")
	histlogIn(t, dir, "", "append", "--create", "large", "large.json")

	for _, c := range []string{
		"append new-%s %[1]s.json --create", "append %s small.json --retry-after 1", "migrate %s.json made-%[1]s", "tail %s", "cat %s", "cat --json %s", "cat --fields /n %s", "cat --csv --fields /* %s", "inspect %s 2",
		"verify %s", "export %s", "export %s -o out.json",
	} {
		for name, code := range map[string]int{"fits": exitOK, "large": exitNoRoom} {
			args := strings.Fields(fmt.Sprintf(c, name))
			if args[0] == "append" && args[2] == "small.json" {
				code = exitOK // it is no record's size that tells them apart
			}
			peak, stderr := budgeted(t, dir, budget, code, args...)
			if peak > int(budget) && !raceDetector {
				t.Errorf("histlog %v: %.1f MiB were resident, the budget is %.1f MiB", args, float64(peak)/mib, float64(budget)/mib)
			}
			if figures := regexp.MustCompile(`the budget is \S+ \(50\.3MB\), available are \S+B of \S+B\nhint: .*--memory`); code != exitOK && !figures.MatchString(stderr) {
				t.Errorf("histlog %v: %s", args, stderr)
			}
		}
	}
	l, err := segment.Open(filepath.Join(dir, "new-large"))
	if err != nil {
		t.Fatal(err)
	}
	if next, err := l.NextSeq(); next != 2 || err != nil {
		t.Errorf("the good value before it: %d, %v", next-1, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "made-large")); err == nil {
		t.Error("half a migration is left")
	}
}

// budgeted runs histlog with a budget and returns its peak.
func budgeted(t *testing.T, dir string, b memguard.Budget, code int, args ...string) (peak int, stderr string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "peak")
	c := exec.Command("histlog", args...)
	var said bytes.Buffer
	c.Dir, c.Stderr = dir, &said
	c.Env = append(os.Environ(), peakEnv+"="+name, fmt.Sprint("HISTLOG_MEMORY=", uint64(b)))
	_ = c.Run() // the code says it
	if got := c.ProcessState.ExitCode(); got != code {
		t.Fatalf("histlog %v: exit %d, want %d\n%s", args, got, code, said.String())
	}
	return readFigure(t, name), said.String()
}

// TestOverBudget runs append without garbage collection, so that it exceeds its budget. It
// must warn before that on stderr and in the log's event log, and exit before the kernel
// would kill it. Every record that it acknowledged must be in the log.
func TestOverBudget(t *testing.T) {
	if raceDetector {
		t.Skip("skipped: memory is not what it is otherwise")
	}
	needFigures(t)
	t.Parallel()
	dir := t.TempDir()
	histlogIn(t, dir, "[1]", "append", "--create", "log")
	value := strings.Repeat("1", int(memguard.Budget(64*mib).Record()))
	c := exec.Command("histlog", "append", "log", "--memory", "64M")
	var stdout, stderr bytes.Buffer
	c.Dir, c.Stdin, c.Stdout, c.Stderr = dir, strings.NewReader(strings.Repeat(value+"\n", 100)), &stdout, &stderr
	c.Env = append(os.Environ(), "GOGC=off", "GOMEMLIMIT=10GiB")
	_ = c.Run() // the code says it
	eventLog, err := os.ReadFile(filepath.Join(dir, "log", filename.Events))
	said := stderr.String()
	if c.ProcessState.ExitCode() != exitNoRoom || !strings.Contains(said, "warning: ") || !strings.Contains(said, "out of the memory budget") || err != nil || !bytes.Contains(eventLog, []byte("memory is short")) {
		t.Errorf("%v\n%s\n%s %v", c.ProcessState, said, eventLog, err)
	}
	l, err := segment.Open(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	acks := strings.Fields(stdout.String())
	if next, err := l.NextSeq(); err != nil || len(acks) == 0 || fmt.Sprint(next-1) != acks[len(acks)-1] {
		t.Errorf("acknowledged: %v; there: %d, %v", acks, next-1, err)
	}
}
