package eventlog

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/internal/vfs"
	"github.com/histlog/histlog/segment"
)

// newLog makes a directory that Log takes for a log.
func newLog(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	testutil.WriteFile(t, filepath.Join(dir, filename.Marker), nil)
	return dir
}

// TestRotate fills the event log several times: the newest files stay, and no event is in
// two of them.
func TestRotate(t *testing.T) {
	dir := newLog(t)
	long := strings.Repeat("x", 300<<10)
	for n := range 20 {
		Log(nil, dir, slog.LevelInfo, "event", "n", n, "text", long)
		time.Sleep(2 * time.Millisecond) // the names of the old files have milliseconds
	}
	names, err := filepath.Glob(filepath.Join(dir, "events*.log"))
	if err != nil || len(names) != 4 {
		t.Fatalf("%v, %v; want events.log and three older ones", names, err)
	}
	next := 20
	for _, name := range slices.Backward(names) { // events.log sorts last
		lines := strings.Split(strings.TrimSpace(string(testutil.ReadFile(t, name))), "\n")
		for _, line := range slices.Backward(lines) {
			next--
			if !strings.Contains(line, fmt.Sprintf(`"n":%d,`, next)) {
				t.Errorf("%s: %.60s, want event %d", name, line, next)
			}
		}
		if len(lines) > 3 {
			t.Errorf("%s has %d events of 300 KiB", name, len(lines))
		}
	}
}

// TestRotateKeepsOtherFiles rotates beside files of a person with similar names, which stay.
func TestRotateKeepsOtherFiles(t *testing.T) {
	dir := newLog(t)
	others := []string{"events-0.log", "events-notes.log", "events-2026.log", "events-2026-01-02.log"}
	for _, name := range others {
		testutil.WriteFile(t, filepath.Join(dir, name), nil)
	}
	for range 3 {
		Log(nil, dir, slog.LevelInfo, "event", "text", strings.Repeat("x", 600<<10))
		time.Sleep(2 * time.Millisecond)
	}
	for _, name := range others {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if names, err := filepath.Glob(filepath.Join(dir, "events-*T*.log")); err != nil || len(names) != 2 {
		t.Errorf("%v, %v; want two older ones", names, err)
	}
}

// TestSimulatedDisk writes an event to a file that has no name under /dev/fd.
func TestSimulatedDisk(t *testing.T) {
	dir := newLog(t)
	calls := 0
	Log(testutil.CountingFS{Calls: &calls}, dir, slog.LevelInfo, "event")
	if b := testutil.ReadFile(t, filepath.Join(dir, filename.Events)); !strings.Contains(string(b), "event") {
		t.Errorf("events.log: %q", b)
	}
}

// TestLinks puts a link in the place of each file: nothing is written where it leads.
func TestLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "file")
	testutil.WriteFile(t, outside, []byte("precious"))
	for _, name := range []string{filename.Events, filename.Events + ".lock"} {
		dir := newLog(t)
		testutil.NoError(t, os.Symlink(outside, filepath.Join(dir, name)))
		Log(nil, dir, slog.LevelInfo, "event")
		if b := testutil.ReadFile(t, outside); string(b) != "precious" {
			t.Errorf("%s: %q was written", name, b)
		}
	}
}

// TestLog appends one JSON object a line with the mode of the directory, and drops an
// event while another process writes.
func TestLog(t *testing.T) {
	dir := newLog(t)
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filename.Events)
	Log(nil, dir, slog.LevelWarn, "repaired", "lost", 2)
	unlock, ok, err := vfs.OS{}.TryLock(path + ".lock")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	Log(nil, dir, slog.LevelInfo, "dropped")
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	LogRecovery(nil, dir, segment.Recovery{}) // changed nothing
	Log(nil, filepath.Join(dir, "missing"), slog.LevelInfo, "nowhere")
	other := t.TempDir()
	Log(nil, other, slog.LevelInfo, "not a log")
	if entries, err := os.ReadDir(other); err != nil || len(entries) > 0 {
		t.Errorf("a directory that is not a log has %v, %v", entries, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var event struct {
		Level, Msg string
		Lost       int
	}
	if err := json.Unmarshal(text, &event); err != nil || event.Level != "WARN" || event.Msg != "repaired" || event.Lost != 2 {
		t.Errorf("%s: %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o037 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
