//go:build linux || windows

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// TestProcessesRace has processes append at once, each value in a process of its
// own, while LOCK and UPKEEP are unlinked and settings change: every
// acknowledged sequence is unique, and holds the value it was given for.
func TestProcessesRace(t *testing.T) {
	for _, processes := range []int{2, testutil.Rounds(5, 16)} {
		t.Run(fmt.Sprint(processes), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "log")
			upkeepEnds(t, dir)
			w, err := segment.Create(t.Context(), dir, segment.Options{Settings: segment.Settings{"segment-size": "500"}})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			const each = 6
			acked := make([]map[int]string, processes)
			var all sync.WaitGroup
			for p := range processes {
				acked[p] = map[int]string{}
				all.Go(func() {
					for n := range each {
						value := fmt.Sprintf(`{"process":%d,"n":%d}`, p, n)
						seq, err := appendOne(dir, value, "60s")
						if err != nil {
							t.Errorf("process %d: %v", p, err)
							return
						}
						acked[p][seq] = value
						if p == 0 {
							disturb(t, dir, n)
						}
					}
				})
			}
			all.Wait()
			records, err := recordsOf(dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(records) != processes*each {
				t.Errorf("%d records, %d were acknowledged", len(records), processes*each)
			}
			seen := map[int]bool{}
			for p := range acked {
				for seq, value := range acked[p] {
					if seen[seq] || seq > len(records) || records[seq-1] != value {
						t.Errorf("record %d was acknowledged as %s", seq, value)
					}
					seen[seq] = true
				}
			}
		})
	}
}

// disturb does what must not disturb writers.
func disturb(t *testing.T, dir string, n int) {
	for _, name := range []string{"LOCK", "UPKEEP"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
	if out, err := exec.Command("histlog", "config", dir, fmt.Sprintf("segment-age=%dd", n+1)).CombinedOutput(); err != nil {
		t.Errorf("config: %v\n%s", err, out)
	}
}

// appendOne appends a value by a process and returns the acknowledged sequence.
func appendOne(dir, value, wait string) (seq int, err error) {
	c := exec.Command("histlog", "append", dir, "--lock-wait", wait)
	c.Stdin = strings.NewReader(value)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, stderr.String())
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// TestOneWriter: while a process holds the lock, others that do not wait exit 4 and
// name it; when it is killed, nothing stays behind, whatever LOCK says.
func TestOneWriter(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	holder := exec.Command("histlog", "append", "--create", "--exclusive", dir)
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(stdin, "1")
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "1\n" {
		t.Fatal(line, err)
	}
	for range 4 {
		_, err := appendOne(dir, "2", "0s")
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitLocked {
			t.Fatalf("want exit 4: %v", err)
		}
		for _, want := range []string{fmt.Sprint(holder.Process.Pid), "append --create --exclusive", "since"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in %v", want, err)
			}
		}
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // it was killed
	stale, err := json.Marshal(map[string]any{"pid": os.Getpid(), "command": "a process that lives, and holds nothing", "since": "2025-05-28T16:14:22Z"})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "LOCK"), stale, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if seq, err := appendOne(dir, "2", "0s"); seq != 2 || err != nil {
		t.Errorf("after the holder's death: %d, %v", seq, err)
	}
}

// TestUpkeepRaces has processes prune, compress and change a setting while another
// appends and UPKEEP is unlinked under them: nothing that was done is undone, and
// no one takes another's file away.
func TestUpkeepRaces(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	rounds := testutil.Rounds(5, 20)
	records := 2 * rounds
	fill := func() {
		for range records {
			if _, err := appendOne(dir, `{"timestamp":"2025-05-30T07:01:00Z"}`, "10s"); err != nil {
				t.Error(err)
			}
		}
	}
	histlog(t, nil, "append", "--create", "--allow-empty", "--segment-size", "1", "--sync", "none", dir)
	histlog(t, nil, "config", dir, "maintain=manual")
	fill()
	relock := unlinkUpkeep(t, dir)
	var all sync.WaitGroup
	each := func(args func(n int) []string, holds func(m segment.Marker, n int) bool) {
		all.Go(func() {
			for n := 1; n <= rounds; n++ {
				c := args(n)
				if out, err := exec.Command("histlog", c...).CombinedOutput(); err != nil {
					t.Errorf("%v: %v\n%s", c, err, out)
				}
				if l, err := segment.Open(dir); err != nil || !holds(l.Marker, n) {
					t.Errorf("%v: it is undone, %+v, %v", c, l.Marker, err)
				}
			}
		})
	}
	each(func(n int) []string { return []string{"config", dir, fmt.Sprintf("segment-age=%dd", n)} },
		func(m segment.Marker, n int) bool { return m.Settings["segment-age"] == fmt.Sprintf("%dd", n) })
	each(func(n int) []string { return []string{"prune", dir, "--yes", "--max-records", fmt.Sprint(records - n)} },
		func(m segment.Marker, n int) bool { return m.FirstSeq > segment.Sequence(n) })
	for _, codec := range []string{"zstd", "gzip"} {
		each(func(int) []string { return []string{"compact", dir, "--codec", codec} }, func(segment.Marker, int) bool { return true })
	}
	all.Go(fill)
	all.Wait()
	relock()
	histlog(t, nil, "compact", dir)
	got, err := recordsOf(dir)
	if err != nil || len(got) < records-rounds {
		t.Errorf("%d records are left, %v", len(got), err)
	}
}
