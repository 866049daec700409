// Package eventlog appends to events.log, which records the events of a log: creation,
// migration, maintenance, recovery, repair, damage. It is for people; no command depends
// on it, and a failure to write it is ignored.
package eventlog

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
	"github.com/histlog/histlog/segment"
	"gopkg.in/natefinch/lumberjack.v2"
)

// Log appends one event to the event log of the log at dir. lumberjack renames the
// file when it is full, so one process at a time may write; an event that finds the
// file locked is dropped rather than waited for.
func Log(dir string, level slog.Level, event string, attributes ...any) {
	path := filepath.Join(dir, filename.Events)
	info, err := os.Stat(dir)
	if err != nil {
		return
	}
	for _, name := range []string{path, path + ".lock"} { // created here with the log's owner and mode, which lumberjack keeps
		f, err := vfs.OS{}.OpenFile(name, os.O_RDWR|os.O_CREATE, info.Mode().Perm()&0o666)
		if err != nil {
			return
		}
		f.Close()
	}
	lock := flock.New(path + ".lock")
	if ok, err := lock.TryLock(); err != nil || !ok {
		return
	}
	defer lock.Unlock()
	out := &lumberjack.Logger{Filename: path, MaxSize: 1, MaxBackups: 3}
	defer out.Close()
	slog.New(slog.NewJSONHandler(out, nil)).Log(context.Background(), level, event, attributes...)
}

// LogRecovery logs what the recovery of a log changed, if anything.
func LogRecovery(dir string, r segment.Recovery) {
	if r.Empty() {
		return
	}
	level := slog.LevelInfo
	damage := make([]string, len(r.Damage))
	for i, d := range r.Damage {
		level, damage[i] = slog.LevelError, d.Error()
	}
	Log(dir, level, "recovered", "adopted", r.Adopted, "taken_back", r.RolledBack, "quarantined", r.Quarantined, "damage", damage)
}
