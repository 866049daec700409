package segment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// apartFS is a file system whose locks do not meet those of another one that leads
// to the same files, as a FUSE mount of the directory is.
type apartFS struct {
	testutil.NoSync
	locked map[string]bool
}

func newApartFS() apartFS { return apartFS{locked: map[string]bool{}} }

func (a apartFS) TryLock(name string) (func() error, bool, error) {
	if _, err := os.Lstat(name); err != nil || a.locked[name] {
		return nil, false, err
	}
	a.locked[name] = true
	return func() error { delete(a.locked, name); return nil }, true, nil
}

// The first writer notices the second before it acknowledges anything more, and
// nothing that either of them acknowledged is lost.
func TestSecondWriterPastTheLock(t *testing.T) {
	for _, sync := range []string{"always", "interval=1ms", "none"} {
		for _, closed := range []string{"", " that is closed"} {
			t.Run(sync+closed, func(t *testing.T) {
				dir := newDir(t)
				first := create(t, dir, Settings{"sync": sync})
				appendTexts(t, first, 1, 3)
				testutil.NoError(t, first.syncAll())
				o := options(nil)
				o.FS = newApartFS()
				second, err := OpenWriter(t.Context(), dir, o)
				testutil.NoError(t, err)
				if closed != "" {
					testutil.NoError(t, second.Close())
				}
				if _, err = first.Append(t.Context(), []byte(text(4))); sync == "none" && err == nil { // whose look comes later
					first.lock()
					err = first.writeEntries()
					first.unlock()
				}
				testutil.ErrorIs(t, err, ErrSecondWriter)
				_, again := first.Append(t.Context(), []byte(text(4)))
				if again == nil || again.Error() != err.Error() {
					t.Errorf("it is not poisoned: %v", again)
				}
				_ = first.Close() // it says the same
				if closed != "" {
					second = openWriter(t, dir)
				} else if sync != "none" {
					appendTexts(t, second, 4, 5)
				}
				testutil.NoError(t, second.Close())
				good, bad := contents(t, dir)
				if len(bad) > 0 || good[3] != text(3) {
					t.Errorf("%v, %v", good, bad)
				}
			})
		}
	}
}

// A draft that another one has cleared away is not published.
func TestSecondDraft(t *testing.T) {
	dir := newDir(t)
	d, err := NewDraft(t.Context(), dir, options(nil))
	testutil.NoError(t, err)
	testutil.NoError(t, d.Write([]byte(`1`), nil))
	o := options(nil)
	o.FS = newApartFS()
	w, err := Create(t.Context(), dir, o)
	testutil.NoError(t, err)
	testutil.ErrorIs(t, d.Publish(), ErrSecondWriter)
	testutil.NoError(t, d.Discard())
	appendTexts(t, w, 1, 2)
	testutil.NoError(t, w.Close())
	wantTexts(t, dir, texts(1, 2))
}

// putHolder writes LOCK.
func putHolder(t *testing.T, dir string, h lockInfo) {
	t.Helper()
	b, err := json.Marshal(h)
	testutil.NoError(t, err)
	testutil.WriteFile(t, filepath.Join(dir, filename.Lock), b)
}

// started starts a process that lives until it is told to end.
func started(t *testing.T) *exec.Cmd {
	t.Helper()
	if processID(os.Getpid()) == "" {
		t.Skip("skipped: nothing is known of processes here")
	}
	c := exec.Command("sleep", "60")
	testutil.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	return c
}

// A process that lives and has not cleared LOCK writes the log, although its lock
// keeps nobody out. It is waited for, and then named.
func TestHolderAlive(t *testing.T) {
	dir := newDir(t)
	testutil.NoError(t, create(t, dir, nil).Close())
	c := started(t)
	h := lockInfo{Token: "x", PID: c.Process.Pid, Command: "sleep", Machine: "here", Process: processID(c.Process.Pid), Written: time.Now()}
	putHolder(t, dir, h)
	for _, wait := range []time.Duration{0, 20 * time.Millisecond} {
		o := options(nil)
		o.LockWait = wait
		_, err := OpenWriter(t.Context(), dir, o)
		var locked *LockedError
		if !errors.As(err, &locked) || locked.PID != h.PID || !locked.Apart || !strings.Contains(err.Error(), "does not keep this process out") {
			t.Errorf("%v", err)
		}
	}
	testutil.NoError(t, c.Process.Kill())
	for !isZombie(c.Process.Pid) { // until somebody waits for it
		time.Sleep(time.Millisecond)
	}
	testutil.NoError(t, openWriter(t, dir).Close())
}

func isZombie(pid int) bool { return processID(pid) == "" }

// A stale LOCK refuses nobody.
func TestHolderGone(t *testing.T) {
	c := started(t)
	alive := processID(c.Process.Pid)
	for name, h := range map[string]lockInfo{
		"an earlier version's":                  {PID: c.Process.Pid},
		"a copy of a log that is being written": {Token: "x", PID: c.Process.Pid, Process: alive, Written: time.Now().Add(-time.Minute)},
		"this process itself":                   {Token: "x", PID: os.Getpid(), Process: processID(os.Getpid())},
		"another process with that number":      {Token: "x", PID: c.Process.Pid, Process: alive + "1"},
		"before the machine was started":        {Token: "x", PID: c.Process.Pid, Process: "0" + alive},
		"another machine or container":          {Token: "x", PID: c.Process.Pid, Machine: "far", Process: "boot pid:[1] 7 9"},
		"a machine that tells nothing about it": {Token: "x", PID: c.Process.Pid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newDir(t)
			testutil.NoError(t, create(t, dir, nil).Close())
			putHolder(t, dir, h)
			w := openWriter(t, dir)
			appendTexts(t, w, 1, 1)
			testutil.NoError(t, w.Close())
		})
	}
}

// A writer that can't know whether another one is at work waits for what that has
// on its way; a context that ends, ends that.
func TestHolderUnknown(t *testing.T) {
	dir := newDir(t)
	testutil.NoError(t, create(t, dir, nil).Close())
	putHolder(t, dir, lockInfo{Token: "x", PID: 1, Process: "boot pid:[1] 1 9"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := OpenWriter(ctx, dir, options(nil))
	testutil.ErrorIs(t, err, context.Canceled)
	if h, err := readLockInfo(OS{}, dir); err != nil || h.PID != 0 {
		t.Errorf("it left %+v, %v", h, err)
	}
}

// A writer that was poisoned, and lives on, holds nothing after Close.
func TestPoisonedHolderIsNobody(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	w.lock()
	w.err = errors.New("spoiled")
	w.unlock()
	if w.Close() == nil {
		t.Error("no error")
	}
	if h, err := readLockInfo(OS{}, dir); err != nil || h.PID != 0 {
		t.Errorf("LOCK says %+v, %v", h, err)
	}
}

// A long command line is shortened, so that LOCK can be read, by earlier versions
// too, and the file system is not probed again.
func TestLongCommand(t *testing.T) {
	for name, command := range map[string]string{
		"long": strings.Repeat("a", 9000), "escapes": strings.Repeat("\x1b", 9000), "no UTF-8": strings.Repeat("\xff", 9000), "é": strings.Repeat("é", 9000),
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			o := options(nil)
			o.Command = command
			w, err := Create(t.Context(), dir, o)
			testutil.NoError(t, err)
			_, err = OpenWriter(t.Context(), dir, options(nil))
			var locked *LockedError
			if !errors.As(err, &locked) || locked.PID != os.Getpid() || len(locked.Command) > 4096 {
				t.Errorf("%v", err)
			}
			if b := testutil.ReadFile(t, filepath.Join(dir, filename.Lock)); len(b) != lockSize || !json.Valid(b) {
				t.Errorf("LOCK takes %d bytes", len(b))
			}
			testutil.NoError(t, w.Close())
			fsys := &countingFS{}
			o.FS = fsys
			w, err = OpenWriter(t.Context(), dir, o)
			testutil.NoError(t, err)
			testutil.NoError(t, w.Close())
			if fsys.probes > 0 {
				t.Errorf("probed %d times", fsys.probes)
			}
		})
	}
	dir := newDir(t) // as an earlier version wrote it
	testutil.NoError(t, create(t, dir, nil).Close())
	host, _ := os.Hostname()
	putHolder(t, dir, lockInfo{PID: 7, Command: strings.Repeat("a", 9000), Machine: host})
	if h, err := readLockInfo(OS{}, dir); err != nil || h.Machine != host {
		t.Errorf("%v", err)
	}
}

// countingFS counts probes of the file system.
type countingFS struct {
	testutil.NoSync
	probes int
}

func (c *countingFS) Remove(name string) error {
	if filepath.Base(name) == filename.Probe {
		c.probes++
	}
	return c.NoSync.Remove(name)
}

// What is left of a longer LOCK, of an earlier version, goes.
func TestLockIsOverwritten(t *testing.T) {
	dir := newDir(t)
	testutil.NoError(t, create(t, dir, nil).Close())
	path := filepath.Join(dir, filename.Lock)
	testutil.WriteFile(t, path, append([]byte(`{"pid":1}`), bytes.Repeat([]byte("x"), 4000)...))
	w := openWriter(t, dir)
	appendTexts(t, w, 1, 1)
	if h, err := readLockInfo(OS{}, dir); err != nil || h.PID != os.Getpid() || len(testutil.ReadFile(t, path)) != lockSize {
		t.Errorf("%+v, %v", h, err)
	}
}
