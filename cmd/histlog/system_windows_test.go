package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/segment"
	"golang.org/x/sys/windows"
)

// upkeepEnds waits at the end of a test, before the log is removed, until no process has held
// a lock of the log for a while.
func upkeepEnds(t *testing.T, dir string) {
	t.Cleanup(func() {
		free := 0
		eventually(t, "upkeep ends", func() bool {
			if free++; is(filepath.Join(dir, ".lock")) {
				free = 0
			}
			return free > 20
		})
	})
}

// startTail follows a log in a process group of its own and returns its lines.
func startTail(t *testing.T, dir string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	c := exec.Command("histlog", "tail", "-f", dir)
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	return c, bufio.NewReader(out)
}

// TestWindowsInterrupt sends Ctrl-Break to a process: it ends with the exit code of an
// interrupted program. scripts/wine/test.sh presses Ctrl-C.
func TestWindowsInterrupt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	histlog(t, strings.NewReader(records2025(1)), "append", "--create", dir)
	c, lines := startTail(t, dir)
	for range 2 { // the header and the record
		if line, err := lines.ReadString('\n'); err != nil {
			t.Fatal(line, err)
		}
	}
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(c.Process.Pid)); err != nil {
		t.Skipf("skipped: Wine sends Ctrl-Break only with a window: %v", err)
	}
	_ = c.Wait() // the state says it
	if code := uint32(c.ProcessState.ExitCode()); code != uint32(windows.STATUS_CONTROL_C_EXIT) {
		t.Errorf("exit code %#x", code)
	}
}

// TestWindowsFollow removes files under a process that follows the log: segments are
// compressed, retired and restamped, and the follower goes on.
func TestWindowsFollow(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	histlog(t, strings.NewReader(records2025(3)), "append", "--create", "--segment-size", "1", dir)
	upkeepEnds(t, dir)
	_, lines := startTail(t, dir)
	expect := func(want string) {
		t.Helper()
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(line, want) {
				return
			}
		}
	}
	expect("n=3")
	histlog(t, nil, "compact", "--seal", "--older-than", "0s", dir)
	if is(filepath.Join(dir, filename.Text(1))) || !is(filepath.Join(dir, filename.Segment(1, segment.Zstd))) {
		t.Error("the segment was not compressed")
	}
	histlog(t, strings.NewReader(`{"n":4}`), "append", dir)
	expect("n=4")
	histlog(t, nil, "prune", "--yes", "--max-records", "1", dir)
	histlog(t, nil, "config", dir, "time-zone=Europe/Berlin", "--restamp")
	histlog(t, strings.NewReader(`{"n":5}`), "append", dir)
	expect("n=5")
	histlog(t, nil, "verify", dir)
}

// TestWindowsUpkeep seals segments: append starts maintenance in a process that holds
// nothing of append's, and that compresses the old ones.
func TestWindowsUpkeep(t *testing.T) {
	dir := upkeptLog(t)
	release, ok, err := segment.OS{}.TryLock(filepath.Join(dir, filename.Upkeep)) // so that the child has to wait
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	c := exec.Command("histlog", "append", dir)
	c.Stdin = strings.NewReader(records2025(3))
	patrol := time.AfterFunc(patience, func() { _ = release() }) // or a child that holds the pipes would keep this waiting
	if out, err := c.CombinedOutput(); err != nil || string(out) != "1\n2\n3\n" {
		t.Errorf("append: %v, %q", err, out)
	}
	if !patrol.Stop() {
		t.Error("the child holds the pipes of its parent")
	}
	if is(filepath.Join(dir, filename.Segment(1, segment.Zstd))) {
		t.Error("it is compressed, and UPKEEP was locked")
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a segment is compressed", func() bool {
		return is(filepath.Join(dir, filename.Segment(1, segment.Zstd))) && !is(filepath.Join(dir, filename.Text(1)))
	})
}

// TestWindowsProducer kills an append after each value that it has acknowledged, or not yet,
// and appends the value again as the clients do: no value is lost or doubled.
func TestWindowsProducer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	upkeepEnds(t, dir)
	histlog(t, nil, "append", "--create", "--allow-empty", dir)
	var want bytes.Buffer
	for n := range 8 {
		value := fmt.Sprintf("{\"n\":%d}\n", n)
		want.WriteString(value)
		c := exec.Command("histlog", "append", dir)
		stdin, err := c.StdinPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(stdin, value)
		if n%2 == 0 { // killed at once, or after the record is in the file
			eventually(t, "it is there", func() bool { return bytes.Equal(histlog(t, nil, "cat", dir), want.Bytes()) })
		}
		if err := errors.Join(err, c.Process.Kill()); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // it was killed
		seq := strings.TrimSpace(string(histlog(t, strings.NewReader(value), "append", "--lock-wait", "60s", "--retry-after", fmt.Sprint(n), dir)))
		if seq != fmt.Sprint(n+1) {
			t.Errorf("value %d is record %s", n, seq)
		}
	}
	if got := histlog(t, nil, "cat", dir); !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%q, want %q", got, want.Bytes())
	}
}

// TestWindowsLongPath makes a log at a path of more than 260 characters.
func TestWindowsLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a", 150), strings.Repeat("b", 150))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "log")
	histlog(t, strings.NewReader(records2025(3)), "append", "--create", log)
	histlog(t, nil, "compact", "--seal", "--older-than", "0s", log)
	histlog(t, nil, "snapshot", log, filepath.Join(dir, "copy"))
	if got := string(histlog(t, nil, "cat", filepath.Join(dir, "copy"))); got != records2025(3) {
		t.Errorf("%q", got)
	}
}
