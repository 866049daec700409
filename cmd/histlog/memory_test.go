package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/genhistory"
	"github.com/histlog/histlog/internal/testutil"
)

const mib = 1 << 20

// TestMemory asserts how much memory is resident at most while a history of
// 150 MB, in the fast run of 50 MB, is worked on, in batches of 1.8 MB, by a process of its own.
func TestMemory(t *testing.T) {
	needFigures(t)
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, shape genhistory.Shape) {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := genhistory.Write(f, genhistory.Options{Records: testutil.Rounds(30, 84), Shape: shape}); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write("step2.json", genhistory.ShapeHistory)
	write("batch.json", genhistory.ShapeBatch)
	write("stream.ndjson", genhistory.ShapeNDJSON)
	cores := runtime.NumCPU() // cat --fields may hold a batch for each
	for _, c := range []struct {
		most int
		args []string
	}{
		{64 * mib, []string{"migrate", "step2.json"}},
		{32 * mib, []string{"append", "step2", "batch.json"}},
		{32 * mib, []string{"append", "step2", "stream.ndjson", "stream.ndjson"}},
		{32 * mib, []string{"append", "--sync", "interval=1s", "step2", "stream.ndjson", "stream.ndjson"}},
		{32 * mib, []string{"tail", "step2"}},
		{32 * mib, []string{"inspect", "step2"}},
		{32 * mib, []string{"inspect", "--json", "step2"}},
		{32 * mib, []string{"inspect", "--html", "page.html", "step2"}},
		{32 * mib, []string{"inspect", "step2", "84"}},
		{32 * mib, []string{"cat", "-n", "1", "step2"}},
		{(32 + 2*cores) * mib, []string{"cat", "--fields", "/timestamp,/total_matches", "step2"}},
		{(32 + 2*cores) * mib, []string{"cat", "--csv", "--fields", "$time,/matches,/matches/*", "--to", "2", "step2"}},
		{48 * mib, []string{"plot", "step2", "/total_matches", "/matches#", "$bytes"}},
		{48 * mib, []string{"plot", "--html", "page.html", "--svg", "picture.svg", "step2", "/total_matches"}},
		{32 * mib, []string{"changes", "step2", "/total_matches", "/matches/*/status"}},
		{32 * mib, []string{"diff", "step2", "1", "30"}},
		{32 * mib, []string{"diff", "--json", "step2", "1", "30"}},
		{32 * mib, []string{"check", "--min-free", "0", "step2"}},
		{32 * mib, []string{"verify", "step2"}},
		{32 * mib, []string{"config", "step2", "time-field=/total_matches", "--restamp"}},
		{32 * mib, []string{"export", "-o", "again.json", "step2"}},
	} {
		peak := figure(t, peakEnv, dir, c.args...)
		t.Logf("%s: %.1f MiB", c.args[0], float64(peak)/mib)
		if peak > c.most && !raceDetector {
			t.Errorf("histlog %v: %.1f MiB were resident, want at most %d MiB", c.args, float64(peak)/mib, c.most/mib)
		}
	}
	read := figure(t, readEnv, dir, "check", "--min-free", "0", "step2")
	t.Logf("check: %.2f MiB read", float64(read)/mib)
	if read > mib/4 {
		t.Errorf("check read %.2f MiB: it must read no data", float64(read)/mib)
	}
	read = figure(t, readEnv, dir, "cat", "-n", "1", "step2")
	t.Logf("cat -n 1: %.1f MiB read", float64(read)/mib)
	if read > 4*mib {
		t.Errorf("cat -n 1 read %.1f MiB of a log of %.1f MiB", float64(read)/mib, float64(sizeOf(t, filepath.Join(dir, "step2")))/mib)
	}
}

// TestMemoryOfMany looks at a million records, five years of polls: what
// inspect, plot and cat --fields keep does not grow with them.
func TestMemoryOfMany(t *testing.T) {
	testutil.Proof(t)
	needFigures(t)
	t.Parallel()
	dir, records := t.TempDir(), new(strings.Builder)
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1_000_000 {
		fmt.Fprintf(records, "{\"timestamp\":%d,\"n\":%d}\n", at.Unix()+178*int64(i)+int64(i%7), i*i)
	}
	histlogIn(t, dir, records.String(), "migrate", "--records=", "--segment-size", "1M", "-", "log")
	for _, c := range []struct {
		most int
		args []string
	}{
		{32 * mib, []string{"inspect", "log"}},
		{32 * mib, []string{"inspect", "--json", "log"}},
		{48 * mib, []string{"plot", "log", "/n", "$bytes", "/timestamp"}},
		{48 * mib, []string{"plot", "--html", "plot.html", "log", "/n"}},
		{32 * mib, []string{"inspect", "--html", "page.html", "log"}},
		{32 * mib, []string{"cat", "--fields", "$seq,/n", "log"}},
	} {
		peak := figure(t, peakEnv, dir, c.args...)
		t.Logf("%v: %.1f MiB", c.args, float64(peak)/mib)
		if peak > c.most && !raceDetector {
			t.Errorf("histlog %v: %.1f MiB were resident, want at most %d MiB", c.args, float64(peak)/mib, c.most/mib)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "page.html")); err != nil || info.Size() > 500_000 {
		t.Errorf("the page: %v, %v", info, err)
	}
}

// TestMemoryOfManySegments works on 10,000 segments: what commands keep of each is small.
func TestMemoryOfManySegments(t *testing.T) {
	testutil.Proof(t)
	needFigures(t)
	t.Parallel()
	dir, records := t.TempDir(), new(strings.Builder)
	for i := range 10_000 {
		fmt.Fprintf(records, "{\"timestamp\":%d}\n", 1_700_000_000+300*i)
	}
	histlogIn(t, dir, records.String(), "migrate", "--records=", "--verify", "none", "--segment-size", "25", "-", "log")
	histlogIn(t, dir, "", "config", "log", "compress-after=never")
	for _, c := range []struct {
		most int
		args []string
	}{
		{32 * mib, []string{"tail", "-n", "1", "log"}},
		{32 * mib, []string{"cat", "log", "5000"}},
		{32 * mib, []string{"cat", "--since", "@1702999000", "log"}},
		{32 * mib, []string{"check", "--stale-after", "100000d", "--min-free", "0", "log"}},
		{32 * mib, []string{"compact", "--due", "log"}},
		{48 * mib, []string{"inspect", "log"}},
	} {
		peak := figure(t, peakEnv, dir, c.args...)
		t.Logf("%v: %.1f MiB", c.args, float64(peak)/mib)
		if peak > c.most && !raceDetector {
			t.Errorf("histlog %v: %.1f MiB were resident, want at most %d MiB", c.args, float64(peak)/mib, c.most/mib)
		}
	}
}

// TestMemoryOfComparison compares a million records with their source: what is kept to find
// where the source begins does not grow with them, also if every place may be the one.
func TestMemoryOfComparison(t *testing.T) {
	testutil.Proof(t)
	needFigures(t)
	t.Parallel()
	for different, args := range map[int][]string{
		1:         {"verify", "--against", "source", "log"},
		2:         {"migrate", "--continue", "source", "log"}, // finds the place as verify does
		1_000_000: {"verify", "--against", "source", "log"},
	} {
		dir, records := t.TempDir(), new(strings.Builder)
		for i := range 1_000_000 {
			fmt.Fprintf(records, "{\"n\":%d}\n", i%different)
		}
		testutil.WriteFile(t, filepath.Join(dir, "source"), []byte(records.String()))
		histlogIn(t, dir, "", "migrate", "--records=", "--segment-size", "1M", "source", "log")
		peak := figure(t, peakEnv, dir, args...)
		t.Logf("%d different: %v: %.1f MiB", different, args, float64(peak)/mib)
		if peak > 32*mib && !raceDetector {
			t.Errorf("histlog %v: %.1f MiB were resident", args, float64(peak)/mib)
		}
	}
}

// TestMemoryOfLostIndexes makes lost indexes again within the budget, however many
// records they have.
func TestMemoryOfLostIndexes(t *testing.T) {
	testutil.Proof(t)
	needFigures(t)
	t.Parallel()
	const most = 40 * mib
	dir, records := t.TempDir(), new(strings.Builder)
	for i := range 1_000_000 {
		fmt.Fprintf(records, "{\"n\":%d}\n", i)
	}
	histlogIn(t, dir, records.String(), "migrate", "--records=", "--segment-size", "1G", "-", "one")
	histlogIn(t, dir, records.String(), "migrate", "--records=", "--segment-size", "10M", "-", "log")
	for _, log := range []string{"one", "log"} {
		if err := os.Remove(filepath.Join(dir, log, filename.Index(1))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "value.json"), []byte("1"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"cat", "--memory", "40M", "log", "1"},
		{"cat", "--memory", "40M", "one", "999999"},
		{"tail", "-n", "3", "--memory", "40M", "one"},
		{"verify", "--repair", "--memory", "40M", "log"},
		{"append", "--memory", "40M", "one", "value.json"},
		{"verify", "--memory", "40M", "one"},
	} {
		peak := figure(t, peakEnv, dir, args...)
		t.Logf("%v: %.1f MiB", args, float64(peak)/mib)
		if peak > most && !raceDetector {
			t.Errorf("histlog %v: %.1f MiB were resident", args, float64(peak)/mib)
		}
	}
}

// TestMemoryOfLargeTail recovers nothing that is larger than the budget allows: a
// whole record of 150 MB that the index does not know of.
func TestMemoryOfLargeTail(t *testing.T) {
	testutil.Proof(t)
	needFigures(t)
	t.Parallel()
	dir := t.TempDir()
	histlogIn(t, dir, "1\n", "append", "--create", "--max-record", "1GiB", "log")
	f, err := os.OpenFile(filepath.Join(dir, "log", filename.Text(1)), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(f, io.MultiReader(strings.NewReader(`"`), bytes.NewReader(bytes.Repeat([]byte("x"), 150*mib)), strings.NewReader("\"\n")))
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "figure")
	c := exec.Command("histlog", "append", "--memory", "64M", "log")
	c.Dir, c.Stdin, c.Env = dir, strings.NewReader("2\n"), append(os.Environ(), peakEnv+"="+name)
	out, err := c.CombinedOutput()
	if c.ProcessState.ExitCode() != exitNoRoom || !strings.Contains(string(out), "--memory") {
		t.Errorf("%v\n%s", err, out)
	}
	if peak := readFigure(t, name); peak > 64*mib && !raceDetector {
		t.Errorf("%.1f MiB were resident", float64(peak)/mib)
	}
	histlogIn(t, dir, "2\n", "append", "--memory", "2G", "log")
	histlogIn(t, dir, "", "cat", "log", "3")
}

func needFigures(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("no /proc")
	}
}

// figure runs histlog in dir and returns the figure that it left in the file env names.
func figure(t *testing.T, env, dir string, args ...string) int {
	t.Helper()
	name := filepath.Join(t.TempDir(), "figure")
	c := exec.Command("histlog", args...)
	var stderr bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = dir, io.Discard, &stderr
	c.Env = append(os.Environ(), env+"="+name)
	if err := c.Run(); err != nil {
		t.Fatalf("histlog %v: %v\n%s", args, err, stderr.String())
	}
	return readFigure(t, name)
}

func readFigure(t *testing.T, name string) int {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func sizeOf(t *testing.T, dir string) (size int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	return size
}
