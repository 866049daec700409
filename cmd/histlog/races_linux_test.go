package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
	"golang.org/x/sys/unix"
)

// racesEnv is the number of tries of TestRaces.
const racesEnv = "HISTLOG_RACES"

// secret is in the files outside of the log: it must not get into the log or be shown.
const secret = "SECRETSECR"

// raced are the commands that root runs on another account's log.
var raced = [][]string{
	{"append", "log", "--segment-size", "40"}, {"append", "new", "--create"}, {"cat", "log"}, {"tail", "log"}, {"inspect", "log"}, {"inspect", "log", "1"}, {"check", "log"},
	{"verify", "log"}, {"verify", "--repair", "log"}, {"export", "-o", "out.json", "log"}, {"config", "log", "segment-age=3d"}, {"config", "--accept-edit", "log"}, restampArgs,
	{"compact", "--older-than", "0s", "log"}, {"compact", "--seal", "--older-than", "0s", "log"}, {"compact", "--due", "log"}, {"prune", "--max-records", "1", "--yes", "log"},
	{"prune", "--max-records", "1", "--yes", "--archive-to", "old", "log"}, {"snapshot", "log", "new"}, {"migrate", "old.json", "new"},
}

// lostBefore are the races that an earlier version lost, which opened each file by its name.
// They get every second try.
var lostBefore = []struct {
	args []string
	name string
}{
	{raced[0], "log/quarantine"}, {raced[0], "log/events.log"}, {[]string{"verify", "--repair", "log"}, "log/quarantine"}, {[]string{"snapshot", "log", "new"}, "log/origin"},
}

// racedNames are the names of a log, an archive and a new log that are exchanged for links.
func racedNames() (names []string) {
	own := []string{"HISTLOG", ".HISTLOG.tmp", "LOCK", "UPKEEP", ".waiting", ".probe", "events.log", "events.log.lock", "quarantine", "origin"}
	for _, base := range []uint64{1, 5, 6} {
		for _, name := range []string{filename.Text(base), filename.Index(base), filename.Segment(base, segment.Zstd)} {
			own = append(own, name, "."+name+".tmp")
		}
	}
	for _, name := range own {
		names = append(names, filepath.Join("log", name))
	}
	for _, name := range []string{"HISTLOG", ".HISTLOG.draft", "LOCK", "UPKEEP", "events.log", "origin", "quarantine", filename.Text(1), "." + filename.Text(1) + ".tmp", filename.Index(1)} {
		names = append(names, filepath.Join("old", name), filepath.Join("new", name))
	}
	return names
}

// TestRaces runs each command as root on another account's log, while each name of the log
// is exchanged for a link that leads out of it, and back, as fast as one thread can. Nothing
// outside may be changed, nor get into the log or the output. The thread that exchanges
// the names is root's, too, which can do all that the owner of the log can.
func TestRaces(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root has rights to lose")
	}
	if raceDetector {
		t.Skip("skipped: the races are those of processes")
	}
	t.Parallel()
	tries := testutil.Rounds(60, 250)
	if text := os.Getenv(racesEnv); text != "" {
		var err error
		tries, err = strconv.Atoi(text)
		testutil.NoError(t, err)
	}
	before := racedLog(t)
	names := racedNames()
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(raced) * len(names)) // so that few tries mix both
	var swaps int64
	lost := 0
	for n := range tries {
		i := order[n/2%len(order)]
		r := &race{args: raced[i%len(raced)], name: names[i/len(raced)]}
		if n%2 == 0 {
			hot := lostBefore[n/2%len(lostBefore)]
			r = &race{args: hot.args, name: hot.name}
		}
		r.t, r.bare = t, n/2%2 == 0
		r.run(before)
		swaps, lost = swaps+r.swaps.Load(), lost+r.lost
	}
	t.Logf("%d tries, %d exchanges, %d lost", tries, swaps, lost)
	if swaps < int64(tries) {
		t.Error("the names were hardly exchanged")
	}
}

// racedLog returns the directory of a log whose last line is torn, with origin/ and
// quarantine/, and of a source to migrate.
func racedLog(t *testing.T) (dir string) {
	dir = t.TempDir()
	source(t, dir)
	threeSegments(t, dir)
	log := filepath.Join(dir, "log")
	for _, name := range []string{"origin", "quarantine"} {
		testutil.NoError(t, os.Mkdir(filepath.Join(log, name), 0o755))
		testutil.WriteFile(t, filepath.Join(log, name, "file"), []byte("own"))
	}
	testutil.EditFile(t, filepath.Join(log, filename.Text(5)), func(b []byte) []byte { return append(b, `{"torn`...) })
	testutil.EditFile(t, filepath.Join(log, filename.Text(1)), func(b []byte) []byte { b[5] ^= 1; return b }) // for repair
	return dir
}

// A race is one try.
type race struct {
	t     *testing.T
	args  []string
	name  string
	bare  bool         // the log has no quarantine/ at first
	swaps atomic.Int64 // number of exchanges
	lost  int          // number of things that went wrong
}

func (r *race) run(before string) {
	t := r.t
	work, outside := t.TempDir(), t.TempDir()
	defer os.RemoveAll(work)
	defer os.RemoveAll(outside)
	testutil.NoError(t, os.CopyFS(work, os.DirFS(before)))
	if r.bare {
		testutil.NoError(t, os.RemoveAll(filepath.Join(work, "log", "quarantine")))
	}
	give(t, filepath.Join(work, "log"))
	target := r.plant(outside, filepath.Join(before, "log", filepath.Base(r.name)))
	link := filepath.Join(work, "link")
	testutil.NoError(t, os.Symlink(target, link))
	testutil.NoError(t, os.Lchown(link, nobody, nobody))
	was := r.tree(outside)

	var stop atomic.Bool
	var all sync.WaitGroup
	all.Go(func() { r.exchange(filepath.Join(work, r.name), link, &stop) })
	out := r.command(work)
	stop.Store(true)
	all.Wait()

	if now := r.tree(outside); !maps.Equal(was, now) {
		r.fail("outside was\n%v\nand is\n%v\n%s", was, now, out)
	}
	if bytes.Contains(out, []byte(secret)) {
		r.fail("the secret is shown: %s", out)
	}
	err := filepath.WalkDir(work, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(secret)) {
			r.fail("the secret is in %s", path)
		}
		return err
	})
	testutil.NoError(t, err)
}

func (r *race) fail(format string, args ...any) {
	r.lost++
	r.t.Errorf("histlog %v, while %s was exchanged: %s", r.args, r.name, fmt.Sprintf(format, args...))
}

// plant makes what the link leads to: the file like, with the secret in it, or a folder.
func (r *race) plant(outside, like string) (target string) {
	target = filepath.Join(outside, "target")
	info, err := os.Stat(like)
	if err == nil && info.IsDir() {
		testutil.NoError(r.t, os.Mkdir(target, 0o700))
		testutil.WriteFile(r.t, filepath.Join(target, "file"), []byte(secret))
		return target
	}
	text := []byte(secret + "\n")
	if b, err := os.ReadFile(like); err == nil && bytes.Contains(b, []byte("0123456789")) {
		text = bytes.ReplaceAll(b, []byte("0123456789"), []byte(secret))
	}
	testutil.NoError(r.t, os.WriteFile(target, text, 0o600))
	return target
}

// exchange exchanges a name for a link and back until stop is set. If no file has
// that name, it creates the link and removes it again.
func (r *race) exchange(name, link string, stop *atomic.Bool) {
	runtime.LockOSThread()
	for !stop.Load() {
		err := unix.Renameat2(unix.AT_FDCWD, name, unix.AT_FDCWD, link, unix.RENAME_EXCHANGE)
		if errors.Is(err, unix.ENOENT) && unix.Renameat2(unix.AT_FDCWD, link, unix.AT_FDCWD, name, unix.RENAME_NOREPLACE) == nil {
			for range 100 {
				if stop.Load() {
					break
				}
			}
			err = unix.Renameat2(unix.AT_FDCWD, name, unix.AT_FDCWD, link, unix.RENAME_NOREPLACE)
		}
		if err == nil {
			r.swaps.Add(1)
		}
	}
}

// command runs histlog, which may fail, and returns its output.
func (r *race) command(work string) []byte {
	const patience = 90 * time.Second // more than the minute that it may wait for a lock
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, "histlog", r.args...)
	c.Dir, c.Stdin = work, strings.NewReader(values(6, 8))
	out, _ := c.CombinedOutput() // of most tries an error
	if ctx.Err() != nil {
		r.fail("the command does not end")
	}
	return out
}

// tree describes every file below a directory. The change time differs after any change of
// a file, of its owner, its mode or the number of its names.
func (r *race) tree(dir string) map[string]string {
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		s := info.Sys().(*syscall.Stat_t)
		all[path] = fmt.Sprintf("%v %d:%d, %d bytes, %d names, changed %v", info.Mode(), s.Uid, s.Gid, s.Size, s.Nlink, s.Ctim)
		return nil
	})
	testutil.NoError(r.t, err)
	return all
}
