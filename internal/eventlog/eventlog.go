// Package eventlog appends to events.log, which records the events of a log: creation,
// migration, maintenance, recovery, repair, damage. It is for people; no command depends
// on it, and a failure to write it is ignored.
package eventlog

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
	"github.com/histlog/histlog/segment"
	"gopkg.in/natefinch/lumberjack.v2"
)

const (
	maxMegabytes = 1 // size of events.log when it gets another name
	maxOld       = 3 // number of files with such a name that are kept

	oldName = "events-2006-01-02T15-04-05.000.log"
)

// Log appends one event to the event log of the log at dir, which is on fsys; nil means
// the machine's file system. One process at a time may write, because a full file gets
// another name; an event that finds the file locked is dropped rather than waited for.
func Log(fsys vfs.FS, dir string, level slog.Level, event string, attributes ...any) {
	if fsys == nil {
		fsys = vfs.OS{}
	}
	fsys, release, err := vfs.Hold(fsys, dir)
	if err != nil {
		return
	}
	defer release()
	mode, err := fileMode(fsys, dir)
	if err != nil {
		return
	}
	path := filepath.Join(dir, filename.Events)
	lock, err := fsys.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return
	}
	defer lock.Close()
	unlock, ok, err := fsys.TryLock(path + ".lock")
	if err != nil || !ok {
		return
	}
	defer unlock()
	var line bytes.Buffer
	slog.New(slog.NewJSONHandler(&line, nil)).Log(context.Background(), level, event, attributes...)
	if rotate(fsys, dir, int64(line.Len())) != nil {
		return
	}
	write(fsys, path, mode, line.Bytes())
}

// fileMode returns the mode of new files. A directory that is not a log gets none.
func fileMode(fsys vfs.FS, dir string) (fs.FileMode, error) {
	if _, err := fsys.Lstat(filepath.Join(dir, filename.Marker)); err != nil {
		return 0, err
	}
	return vfs.FileMode(fsys, dir)
}

// write appends a line to the event log. lumberjack gets a name that leads to the file
// which is open here: by its own name, the owner of the directory could lead it elsewhere.
func write(fsys vfs.FS, path string, mode fs.FileMode, line []byte) {
	f, err := fsys.OpenFile(path, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return
	}
	defer f.Close()
	//mutant:event-log-lumberjack-opens-it-by-name
	name, err := vfs.NameOf(f)
	if err != nil { // the file has no such name in a chroot without /dev/fd
		if info, err := f.Stat(); err == nil {
			_, _ = f.WriteAt(line, info.Size())
		}
		return
	}
	out := &lumberjack.Logger{Filename: name, MaxSize: maxMegabytes}
	defer out.Close()
	_, _ = out.Write(line)
}

// rotate gives events.log another name if it has no room for n bytes, and removes the
// oldest files with such a name. lumberjack would do that by name.
func rotate(fsys vfs.FS, dir string, n int64) error {
	path := filepath.Join(dir, filename.Events)
	size, err := vfs.Size(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || size+n < maxMegabytes<<20 {
		return err
	}
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		_, err := time.Parse(oldName, e.Name())
		return err != nil // a person's file, for instance
	})
	for len(entries) >= maxOld { // sorted by name, and so by time
		if err := fsys.Remove(filepath.Join(dir, entries[0].Name())); err != nil {
			return err
		}
		entries = entries[1:]
	}
	// Not synced: after a power cut the file may have its old name again.
	return fsys.Rename(path, filepath.Join(dir, time.Now().UTC().Format(oldName)))
}

// LogRecovery logs what the recovery of a log changed, if anything.
func LogRecovery(fsys vfs.FS, dir string, r segment.Recovery) {
	if r.Empty() {
		return
	}
	level := slog.LevelInfo
	damage := make([]string, len(r.Damage))
	for i, d := range r.Damage {
		level, damage[i] = slog.LevelError, d.Error()
	}
	Log(fsys, dir, level, "recovered", "adopted", r.Adopted, "taken_back", r.RolledBack, "quarantined", r.Quarantined, "damage", damage)
}
