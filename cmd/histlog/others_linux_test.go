package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// give gives a directory and its files to another account.
func give(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root gives files away")
	}
	testutil.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, nobody, nobody))
	}))
}

// TestAnothersArchive: the settings of another account's log say that segments go to a
// directory where only root may write. Root's append does not write there, nor does prune,
// unless it is told to.
func TestAnothersArchive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, archive := filepath.Join(dir, "log"), filepath.Join(dir, "old")
	histlogIn(t, dir, "", "append", "--create", "--allow-empty", "log", "--segment-size", "70")
	histlogIn(t, dir, "", "config", "log", "maintain=manual")
	histlogIn(t, dir, values(1, 4), "append", "log")
	histlogIn(t, dir, "", "config", "--yes", "log", "maintain=", "max-records=1", "compress-after=0s", "archive-to="+archive)
	give(t, log)
	upkeepEnds(t, "log")

	histlogIn(t, dir, values(5, 8), "append", "log")
	eventually(t, "maintenance fails", func() bool { return !notesOf(t, log).Failed.IsZero() })
	eventually(t, "the child ends", func() bool { return len(upkeepsOf(t, "log")) == 0 })
	if _, err := os.Lstat(archive); err == nil {
		t.Error("append made an archive")
	}
	events := testutil.ReadFile(t, filepath.Join(log, filename.Events))
	if !bytes.Contains(events, []byte("maintenance failed")) || !bytes.Contains(events, []byte("permission denied")) {
		t.Errorf("the event log: %s", events)
	}
	names, err := filepath.Glob(filepath.Join(log, "*"))
	testutil.NoError(t, err)
	for _, name := range names {
		info, err := os.Lstat(name)
		if err != nil || info.Sys().(*syscall.Stat_t).Uid != nobody {
			t.Errorf("%s does not belong to the owner of the log, %v", name, err)
		}
	}

	for _, args := range [][]string{{"prune", "log"}, {"compact", "--due", "log"}} {
		c := exec.Command("histlog", args...)
		c.Dir = dir
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), segment.ErrOthersSetting.Error()) {
			t.Errorf("%v: %v, %s", args, err, out)
		}
		if _, err := os.Lstat(archive); err == nil {
			t.Errorf("%v made an archive", args)
		}
	}
	histlogIn(t, dir, "", "prune", "--archive-to", archive, "log")
	if _, err := segment.Open(archive); err != nil {
		t.Errorf("prune --archive-to: %v", err)
	}
}

// TestMaintenanceAsRoot: the owner of the log cannot enter a parent of it, or is not a member
// of its group. Maintenance then stays root: it does its work, and the files keep their group.
func TestMaintenanceAsRoot(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		parent fs.FileMode
		group  int
	}{
		{"a parent that only root may enter", 0o700, nobody},
		{"a group that the owner is not a member of", 0o755, nobody - 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			log := filepath.Join(dir, "log")
			histlogIn(t, dir, "", "append", "--create", "--allow-empty", "log", "--segment-size", "70")
			histlogIn(t, dir, "", "config", "--yes", "log", "max-records=1", "compress-after=0s")
			give(t, log)
			testutil.NoError(t, errors.Join(os.Chmod(dir, row.parent), os.Lchown(log, nobody, row.group), os.Lchown(filepath.Join(log, filename.Marker), nobody, row.group)))
			upkeepEnds(t, "log")

			histlogIn(t, dir, values(1, 8), "append", "log")
			eventually(t, "segments are retired", func() bool {
				l, err := segment.Open(log)
				defer func() { l.Close() }()
				return err == nil && l.Segments[0].Base > 1
			})
			info, err := os.Lstat(filepath.Join(log, filename.Marker))
			testutil.NoError(t, err)
			if own := info.Sys().(*syscall.Stat_t); own.Uid != nobody || int(own.Gid) != row.group {
				t.Errorf("HISTLOG belongs to %d:%d", own.Uid, own.Gid)
			}
		})
	}
}

// TestUpkeepOfAnotherLog: the child of append finds another log where it was started.
func TestUpkeepOfAnotherLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	histlogIn(t, dir, "", "append", "--create", "--allow-empty", "log")
	c := exec.Command("histlog", "compact", "--log-id", uuid.NewString(), "--due", "--", "log")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err == nil || !strings.Contains(string(out), segment.ErrReplaced.Error()) {
		t.Errorf("%v, %s", err, out)
	}
	l, err := segment.Open(filepath.Join(dir, "log"))
	testutil.NoError(t, err)
	histlogIn(t, dir, "", "compact", "--log-id", l.Marker.ID.String(), "--due", "--", "log")
}
