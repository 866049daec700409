package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// TestUpkeepUnlinked has processes change one setting each while UPKEEP is
// unlinked under them: what a process was told is set stays set.
func TestUpkeepUnlinked(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	w, err := segment.Create(t.Context(), dir, segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	changes := testutil.Rounds(15, 60)
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
				l, err := segment.Open(dir)
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
