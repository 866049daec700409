package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/histlog/histlog/segment"
)

// TestUpkeepUnlinked has processes change one setting each while UPKEEP is
// unlinked under them: what a process was told is set stays set.
func TestUpkeepUnlinked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	w, err := segment.Create(dir, segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const changes = 60
	relock := unlinkUpkeep(t, dir)
	var setters sync.WaitGroup
	for key, unit := range map[string]string{"segment-age": "d", "max-record": "M"} {
		setters.Go(func() {
			for n := range changes {
				value := fmt.Sprint(n+1) + unit
				if out, err := exec.Command("histlog", "config", dir, key+"="+value).CombinedOutput(); err != nil {
					t.Errorf("%s=%s is refused: %v\n%s", key, value, err, out)
					continue
				}
				l, err := segment.Open(dir, nil)
				if err != nil {
					t.Error(err)
				} else if got := l.Marker.Settings[key]; got != value {
					t.Errorf("%s=%s was set, and is %s", key, value, got)
				}
			}
		})
	}
	setters.Wait()
	relock()
}

// unlinkUpkeep unlinks UPKEEP again and again, until stop is called.
func unlinkUpkeep(t *testing.T, dir string) (stop func()) {
	done := make(chan struct{})
	var unlinker sync.WaitGroup
	unlinker.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if err := os.Remove(filepath.Join(dir, "UPKEEP")); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
				return
			}
		}
	})
	return func() { close(done); unlinker.Wait() }
}

// TestUpkeepRaces has processes prune, compress and change a setting while another
// appends and UPKEEP is unlinked under them: nothing that was done is undone, and
// no one takes another's file away.
func TestUpkeepRaces(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	const records, rounds = 40, 20
	fill := func() {
		w, err := segment.OpenWriter(context.Background(), dir, segment.Options{LockWait: patience})
		for range records {
			if err == nil {
				_, err = w.Append(context.Background(), []byte(`{"timestamp":"2025-05-30T07:01:00Z"}`))
			}
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Error(err)
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
				if l, err := segment.Open(dir, nil); err != nil || !holds(l.Marker, n) {
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
