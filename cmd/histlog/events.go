package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"github.com/histlog/histlog/segment"
	"gopkg.in/natefinch/lumberjack.v2"
)

// record writes one line to the log's diary, events.log, which is opened only
// for that. One process at a time does so, for lumberjack renames the file when
// it rolls it; a process that does not get the turn at once does without. The
// diary must never keep anything from working.
func record(dir string, level slog.Level, event string, attributes ...any) {
	path := filepath.Join(dir, segment.EventsName)
	info, err := os.Stat(dir)
	if err != nil {
		return
	}
	for _, name := range []string{path, path + ".lock"} { // with the log's owner and mode, which lumberjack keeps
		f, err := segment.OS{}.OpenFile(name, os.O_RDWR|os.O_CREATE, info.Mode().Perm()&0o666)
		if err != nil {
			return
		}
		f.Close()
	}
	turn := flock.New(path + ".lock")
	if ok, err := turn.TryLock(); err != nil || !ok {
		return
	}
	defer turn.Unlock()
	out := &lumberjack.Logger{Filename: path, MaxSize: 1, MaxBackups: 3}
	defer out.Close()
	slog.New(slog.NewJSONHandler(out, nil)).Log(context.Background(), level, event, attributes...)
}

// recordRecovery notes what opening a log had to mend.
func recordRecovery(dir string, r segment.Recovery) {
	if r.Nothing() {
		return
	}
	level := slog.LevelInfo
	damage := make([]string, len(r.Damage))
	for i, d := range r.Damage {
		level, damage[i] = slog.LevelError, d.Error()
	}
	record(dir, level, "recovered", "adopted", r.Adopted, "taken_back", r.TakenBack, "quarantined", r.Quarantined, "damage", damage)
}
