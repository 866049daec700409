//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// tortureEnv asks for every fault instead of a choice.
const tortureEnv = "HISTLOG_TORTURE"

// leastRuns and leastTortured are how many runs a fault must have fired in.
const leastRuns, leastTortured = 300, 2000

// A traced is a command that strace kills, or whose system calls it fails.
type traced struct {
	name  string
	setup func(t *testing.T, dir string) // what is there before
	args  []string                       // in dir
	stdin string
	check func(t *testing.T, o outcome) error
	names func(dir string) []string // of files that faults may hit; nil: all
}

// tracedCommands is the table that every command joins that changes a log.
var tracedCommands = []traced{
	{"append", existing, []string{"append", "log"}, values(3, 5), appended(5), ownPaths},
	{"append over a roll", existing, []string{"append", "log", "--segment-size", "40"}, values(3, 5), appended(5), ownPaths},
	{"append after a torn write", torn, []string{"append", "log"}, values(3, 5), appended(5), ownPaths},
	{"create", nil, []string{"append", "log", "--create"}, values(1, 3), appended(3), ownPaths},
	{"repair", rotten, []string{"verify", "--repair", "log"}, "", repairs, ownPaths},
	{"repair beside a foreign segment", foreign, []string{"verify", "--repair", "log"}, "", expels, ownPaths},
	{"compact", threeSegments, []string{"compact", "--older-than", "0s", "log"}, "", compacted, ownPaths},
	{"compact by gzip", threeSegments, []string{"compact", "--older-than", "0s", "--codec", "gzip", "log"}, "", compacted, ownPaths},
	{"compact the newest segment too", oneSegment, []string{"compact", "--seal", "--older-than", "0s", "log"}, "", sealedAndCompacted, ownPaths},
	{"compact many records", manyRecords, []string{"compact", "--older-than", "0s", "log"}, "", shrunk, ownPaths},
	{"merge", smallSegments, []string{"compact", "--older-than", "0s", "log"}, "", mergedAndCompacted, ownPaths},
	{"restamp", threeSegments, restampArgs, "", restamped, ownPaths},
	{"restamp a small index", smallIndex, restampArgs, "", restamped, ownPaths},
	{"prune", threeSegments, []string{"prune", "--max-records", "1", "--yes", "log"}, "", retired, ownPaths},
	{"prune to an archive", threeSegments, []string{"prune", "--max-records", "1", "--yes", "--archive-to", "old", "log"}, "", archived, ownPaths},
	{"snapshot", threeSegments, []string{"snapshot", "log", "old"}, "", snapshotted, ownPaths},
	migration("migrate", source, ownPaths, "migrate", "old.json", "log"),
	migration("migrate two sources", twoSources, originPaths, "migrate", "old.json", "new.json", "log"),
	migration("migrate files of one record each", fourFiles, originPaths, "migrate", "--each", "poll-*.json", "log"),
	{"export", existing, []string{"export", "-o", "out.json", "--format", "array", "log"}, "", exported, nil}, // by a name that nobody foresees
}

// migration returns a row for the command args, which migrates what setup writes.
func migration(name string, setup func(*testing.T, string), names func(string) []string, args ...string) traced {
	return traced{name, setup, args, "", migrated(setup, args), names}
}

// values returns the records from..to, one a line.
func values(from, to int) string {
	var b strings.Builder
	for n := from; n <= to; n++ {
		fmt.Fprintf(&b, "{\"n\":%d,\"pad\":\"0123456789\"}\n", n)
	}
	return b.String()
}

func existing(t *testing.T, dir string) {
	histlogIn(t, dir, "", "append", "--create", "--allow-empty", "log")
	histlogIn(t, dir, "", "config", "log", "maintain=manual") // or a child would be traced too
	histlogIn(t, dir, values(1, 2), "append", "log")
}

// oneSegment makes a log of five records, none of which is sealed.
func oneSegment(t *testing.T, dir string) {
	existing(t, dir)
	histlogIn(t, dir, values(3, 5), "append", "log")
}

func torn(t *testing.T, dir string) {
	existing(t, dir)
	path := filepath.Join(dir, "log", filename.Text(1))
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(b, `{"n":`...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// manySegments makes a log of four records in two segments.
func manySegments(t *testing.T, dir string) {
	existing(t, dir)
	histlogIn(t, dir, "", "config", "log", "segment-size=70")
	histlogIn(t, dir, values(3, 4), "append", "log")
}

// threeSegments makes a log of five records, of which the last is not sealed.
func threeSegments(t *testing.T, dir string) {
	manySegments(t, dir)
	histlogIn(t, dir, values(5, 5), "append", "log")
}

// smallSegments makes a log of three segments of a record and one of two, none of which is
// compressed. The first three fit in one, and the fourth does not.
func smallSegments(t *testing.T, dir string) {
	existing(t, dir)
	histlogIn(t, dir, "", "config", "log", "segment-size=120", "merge=never")
	for n := 3; n <= 5; n++ {
		histlogIn(t, dir, "", "compact", "--seal", "--older-than", "1d", "log")
		histlogIn(t, dir, values(n, n), "append", "log")
	}
	histlogIn(t, dir, "", "compact", "--seal", "--older-than", "1d", "log")
	histlogIn(t, dir, "", "config", "log", "merge=auto")
}

// manyRecords makes a log whose first segment has so many records that its index has
// a small form.
func manyRecords(t *testing.T, dir string) {
	existing(t, dir)
	histlogIn(t, dir, "", "config", "log", "segment-size=4K")
	histlogIn(t, dir, values(3, 200), "append", "--sync", "none", "log")
}

// smallIndex makes a log whose first segment has an index in the small form.
func smallIndex(t *testing.T, dir string) {
	manyRecords(t, dir)
	histlogIn(t, dir, "", "compact", "--older-than", "0s", "log")
}

// restampArgs read the member pad of the records, which have no times, as a date of 1989.
var restampArgs = []string{"config", "log", "time-field=/pad", "time-format=%m%d4567%y", "--restamp"}

func rotten(t *testing.T, dir string) {
	manySegments(t, dir)
	path := filepath.Join(dir, "log", filename.Text(1))
	b, err := os.ReadFile(path)
	if err == nil {
		b[5] ^= 1
		err = os.WriteFile(path, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// foreign makes a log of four records beside which a segment of another log stands.
func foreign(t *testing.T, dir string) {
	manySegments(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "log", filename.Text(6)), []byte(foreignText), 0o644); err != nil {
		t.Fatal(err)
	}
}

const foreignText = "{\"other\":1}\n"

func source(t *testing.T, dir string) {
	text := "[" + strings.ReplaceAll(strings.TrimSpace(values(1, 4)), "\n", ",") + "]"
	if err := os.WriteFile(filepath.Join(dir, "old.json"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// twoSources writes the records of source to two files.
func twoSources(t *testing.T, dir string) {
	lines := strings.SplitAfter(strings.TrimSpace(values(1, 4)), "\n")
	testutil.WriteFile(t, filepath.Join(dir, "old.json"), []byte(lines[0]+lines[1]))
	testutil.WriteFile(t, filepath.Join(dir, "new.json"), []byte("["+lines[2]+","+lines[3]+"]"))
}

// fourFiles writes the records of source to a file each.
func fourFiles(t *testing.T, dir string) {
	for i, line := range strings.Split(strings.TrimSpace(values(1, 4)), "\n") {
		testutil.WriteFile(t, filepath.Join(dir, fmt.Sprintf("poll-%d.json", i+1)), []byte(line))
	}
}

// An injection is one fault at one system call.
type injection struct {
	call  string
	errno syscall.Errno // 0: the process is killed
	at    int           // which call, from 1
	on    string        // "": that one; "+": all from there on
}

func (i injection) String() string {
	if i.errno == 0 {
		return fmt.Sprintf("killed at %s %d", i.call, i.at)
	}
	return fmt.Sprintf("%s at %s %d%s", errnoName(i.errno), i.call, i.at, i.on)
}

func (i injection) expression() string {
	how := "signal=KILL"
	if i.errno != 0 {
		how = "error=" + errnoName(i.errno)
	}
	return fmt.Sprintf("inject=%s:%s:when=%d%s", i.call, how, i.at, i.on)
}

func errnoName(e syscall.Errno) string {
	return map[syscall.Errno]string{syscall.EIO: "EIO", syscall.ENOSPC: "ENOSPC", syscall.EDQUOT: "EDQUOT", syscall.EROFS: "EROFS", syscall.EMFILE: "EMFILE"}[e]
}

// calls are the system calls that change a log or make changes last, and the
// errors that they can meet.
var calls = []struct {
	names  string // as many as do the same on one machine or another
	kill   bool   // a kill at another call leaves what one at the change or the sync beside it leaves
	errnos []syscall.Errno
}{
	{"pwrite64", true, []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT}},
	{"fsync", true, []syscall.Errno{syscall.EIO, syscall.ENOSPC}},
	{"fdatasync", true, []syscall.Errno{syscall.EIO, syscall.ENOSPC}},
	{"ftruncate", true, []syscall.Errno{syscall.EIO}},
	{"rename,renameat,renameat2", true, []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EROFS}},
	{"link,linkat", true, []syscall.Errno{syscall.EIO, syscall.ENOSPC}},
	{"unlink,unlinkat", true, []syscall.Errno{syscall.EIO, syscall.EROFS}},
	{"mkdir,mkdirat", true, []syscall.Errno{syscall.ENOSPC, syscall.EROFS}},
	{"fchmod", true, []syscall.Errno{syscall.EROFS}},
	{"fchown", true, []syscall.Errno{syscall.EROFS}},
	{"flock", false, nil},
	{"close", false, []syscall.Errno{syscall.EIO}},
	{"openat", false, []syscall.Errno{syscall.EMFILE, syscall.ENOSPC, syscall.EROFS}},
}

// An outcome is what a run has left.
type outcome struct {
	injection
	dir            string
	stdout, stderr string
	killed         bool
	code           int
}

// TestInjected runs the command under strace with a fault at each system call
// that changes a log, and holds what it leaves against the invariants. The fast run
// does so with one kind of call of each command.
func TestInjected(t *testing.T) {
	if raceDetector {
		t.Skip("skipped: strace takes its time")
	}
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("skipped: strace is missing; install the package strace")
	}
	if out, err := exec.Command("strace", "-f", "--seccomp-bpf", "-qq", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("skipped: strace may not trace here: %v %s", err, out)
	}
	var fired atomic.Int64
	t.Run("all", func(t *testing.T) {
		limit := make(chan struct{}, runtime.GOMAXPROCS(0)+1)
		for i, c := range tracedCommands {
			for j, k := range calls {
				if !testutil.Proofs() && j != i%8 {
					continue
				}
				if c.names == nil && slices.Contains([]string{"openat", "close"}, k.names) {
					k.errnos = nil // the program would miss what it opens for itself
				}
				t.Run(c.name+" "+k.names, func(t *testing.T) {
					t.Parallel()
					limit <- struct{}{}
					defer func() { <-limit }()
					before := t.TempDir()
					if c.setup != nil {
						c.setup(t, before)
					}
					fired.Add(int64(c.injectAll(t, os.DirFS(before), k.names, k.kill, k.errnos)))
				})
			}
		}
	})
	least := testutil.Rounds(1, leastRuns)
	if os.Getenv(tortureEnv) != "" {
		least = leastTortured
	}
	t.Logf("%d runs with a kill or an error", fired.Load())
	if int(fired.Load()) < least {
		t.Errorf("want at least %d", least)
	}
}

// injectAll kills the command at each call of some names, if kill says so, and fails them,
// each time with the files that are there before.
func (c traced) injectAll(t *testing.T, before fs.FS, names string, kill bool, errnos []syscall.Errno) (fired int) {
	each := func(i injection, step int) {
		for i.at = 1; ; i.at += step {
			if !c.inject(t, before, i) {
				return
			}
			fired++
		}
	}
	if kill || os.Getenv(tortureEnv) != "" {
		each(injection{call: names}, 1)
	}
	if os.Getenv(tortureEnv) == "" {
		errnos = errnos[:min(testutil.Rounds(1, 2), len(errnos))]
	} else if len(errnos) > 0 {
		errnos = []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE}
	}
	for n, errno := range errnos {
		for m, on := range []string{"", "+"} {
			if os.Getenv(tortureEnv) != "" {
				each(injection{call: names, errno: errno, on: on}, 1)
			} else if n == m {
				step := 1
				if on != "" && names == "openat" {
					step = 3 // most of so many calls only read
				}
				each(injection{call: names, errno: errno, on: on}, step)
			}
		}
	}
	return fired
}

// inject runs the command with one fault and reports whether it fired.
func (c traced) inject(t *testing.T, before fs.FS, i injection) (fired bool) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, before); err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	args := []string{"-f", "-qq", "-o", trace, "-e", "trace=" + i.call, "-e", i.expression()}
	if i.errno != 0 {
		args = append(args, "--seccomp-bpf") // stops at no other call; signals are not injected with it
	}
	if c.names != nil {
		for _, name := range c.names(dir) {
			args = append(args, "-P", name)
		}
	}
	p := exec.Command("strace", append(append(args, "histlog"), c.args...)...)
	p.Dir, p.Stdin = dir, strings.NewReader(c.stdin)
	p.Env = append(os.Environ(), threadEnv+"=1")
	var stdout, stderr bytes.Buffer
	p.Stdout, p.Stderr = &stdout, &stderr
	err := p.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	o := outcome{injection: i, dir: dir, stdout: stdout.String(), stderr: stderr.String(), code: p.ProcessState.ExitCode()}
	status := p.ProcessState.Sys().(syscall.WaitStatus)
	o.killed = status.Signaled() && status.Signal() == syscall.SIGKILL || o.code == 128+int(syscall.SIGKILL)
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	fired = o.killed
	if i.errno != 0 {
		fired = bytes.Contains(text, []byte("(INJECTED)"))
	}
	if !fired {
		return false
	}
	if err := c.check(t, o); err != nil {
		t.Errorf("%s, %v: %v\nexit %d, stdout %q, stderr %q", c.name, i, err, o.code, o.stdout, o.stderr)
	}
	return true
}

// ownPaths are the files of a log in dir that faults may hit, so that none
// hits what the program opens for itself. What is for messages only is not there.
func ownPaths(dir string) (paths []string) {
	names := []string{"", "quarantine", "origin", "HISTLOG", ".HISTLOG.tmp", ".HISTLOG.draft", "UPKEEP", "origin/prefix", "origin/suffix", "origin/receipt.json", "origin/1.receipt.json", "origin/2.prefix", "origin/2.suffix", "origin/files.ndjson"}
	for base := segment.Sequence(1); base <= 6; base++ {
		for _, name := range []string{filename.Text(uint64(base)), filename.Segment(uint64(base), segment.Zstd), filename.Segment(uint64(base), segment.Gzip), filename.Index(uint64(base)), filename.SmallIndex(uint64(base))} {
			names = append(names, name, "."+name+".tmp")
		}
	}
	merged := filename.Stem{Base: 1, End: 4}
	for _, name := range []string{merged.Text(segment.Zstd), merged.Index()} {
		names = append(names, name, "."+name+".tmp")
	}
	paths = []string{dir}
	for _, folder := range []string{"log", "old"} { // the latter is an archive or a snapshot
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, folder, name))
		}
	}
	return paths
}

// originPaths are the paths of origin/ among ownPaths: the rest is the same for each migration.
func originPaths(dir string) []string {
	return slices.DeleteFunc(ownPaths(dir), func(path string) bool { return !strings.Contains(path, filepath.Join(dir, "log", "origin")) })
}
