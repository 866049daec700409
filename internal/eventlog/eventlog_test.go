package eventlog

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/segment"
)

// TestLog appends one JSON object a line with the mode of the directory, and drops an
// event while another process writes.
func TestLog(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filename.Events)
	Log(dir, slog.LevelWarn, "repaired", "lost", 2)
	lock := flock.New(path + ".lock")
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	Log(dir, slog.LevelInfo, "dropped")
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	LogRecovery(dir, segment.Recovery{}) // changed nothing
	Log(filepath.Join(dir, "missing"), slog.LevelInfo, "nowhere")
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
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o037 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
