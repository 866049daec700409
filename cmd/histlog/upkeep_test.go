//go:build linux

package main

import (
	"bytes"
	"errors"
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
)

// upkeepsOf returns the processes that look after a log.
func upkeepsOf(t *testing.T, dir string) (pids []string) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path) // an error: it has ended
		if err == nil && bytes.Contains(text, []byte("\x00--due\x00--\x00"+dir+"\x00")) {
			pids = append(pids, filepath.Base(filepath.Dir(path)))
		}
	}
	return pids
}

// upkeepEnds waits at the end of a test, before the log is removed, until no background
// process maintains it any more.
func upkeepEnds(t *testing.T, dir string) {
	t.Cleanup(func() { eventually(t, "upkeep ends", func() bool { return len(upkeepsOf(t, dir)) == 0 }) })
}

// TestUpkeepOnTheWay: append starts a child that compresses what is due. It lives
// on, holds nothing of append's, and a signal to append's group is not one to it.
func TestUpkeepOnTheWay(t *testing.T) {
	t.Parallel()
	dir := upkeptLog(t)
	release, ok, err := segment.OS{}.TryLock(filepath.Join(dir, "UPKEEP")) // so that the child has to wait
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	c := exec.Command("histlog", "append", dir)
	c.Stdin = strings.NewReader(records2025(3))
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	left, given, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	c.ExtraFiles = []*os.File{given}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Start(), given.Close()); err != nil {
		t.Fatal(err)
	}
	patrol := time.AfterFunc(patience, func() { _ = release() }) // or a child that holds the pipes would keep this waiting
	acks, err := io.ReadAll(stdout)
	said, err2 := io.ReadAll(stderr)
	if err := errors.Join(err, err2, c.Wait()); err != nil || string(acks) != "1\n2\n3\n" || len(said) > 0 {
		t.Errorf("append: %v, %q, %q", err, acks, said)
	}
	if !patrol.Stop() {
		t.Error("the child holds the pipes of its parent")
	}
	_ = left.SetReadDeadline(time.Now().Add(patience))
	if _, err := left.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the child holds a file that its parent was given: %v", err)
	}
	if err := syscall.Kill(-c.Process.Pid, 0); err != syscall.ESRCH {
		t.Error("the child is in its parent's group")
	}
	if pids := upkeepsOf(t, dir); len(pids) != 1 {
		t.Errorf("these look after the log: %v, want one", pids)
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
	eventually(t, "the child ends", func() bool { return len(upkeepsOf(t, dir)) == 0 })
	histlog(t, strings.NewReader(records2025(1)), "append", dir)
	eventually(t, "one more is compressed", func() bool { return is(filepath.Join(dir, filename.Segment(2, segment.Zstd))) })
	if got, want := string(histlog(t, nil, "cat", dir)), records2025(3)+records2025(1); got != want {
		t.Errorf("the log holds %q, want %q", got, want)
	}
	eventually(t, "it is noted", func() bool { return !notesOf(t, dir).OK.IsZero() })
}

func notesOf(t *testing.T, dir string) segment.UpkeepStatus {
	t.Helper()
	l, err := segment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l.Status().Upkeep
}

// No child is started where upkeep is by hand, nor where no segment was sealed.
func TestNoUpkeep(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		settings []string
	}{
		{"by hand", []string{"maintain=manual"}},
		{"nothing sealed", []string{"segment-size=1M"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := upkeptLog(t, row.settings...)
			histlog(t, strings.NewReader(records2025(1)), "append", dir, "--segment-size", "1M")
			release, ok, err := segment.OS{}.TryLock(filepath.Join(dir, "UPKEEP")) // a child would wait, and be seen
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			defer release()
			histlog(t, strings.NewReader(records2025(3)), "append", dir)
			if pids := upkeepsOf(t, dir); len(pids) > 0 {
				t.Errorf("these look after the log: %v", pids)
			}
		})
	}
}

// TestUpkeepFails makes the background upkeep fail. The append must succeed all the same;
// events.log and UPKEEP must hold the error, and a later append must warn of it.
func TestUpkeepFails(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		spoil func(t *testing.T, dir string) // before a segment is sealed
		want  string
	}{
		{"a damaged segment", func(t *testing.T, dir string) {
			histlog(t, nil, "config", dir, "maintain=manual")
			histlog(t, strings.NewReader(records2025(2)), "append", dir)
			path := filepath.Join(dir, filename.Text(1))
			b, err := os.ReadFile(path)
			if err == nil {
				b[5] ^= 1
				err = os.WriteFile(path, b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			histlog(t, nil, "config", dir, "maintain=auto")
		}, "record 1 at offset 0: its checksum differs"},
		{"an archive in a place that is not there", func(t *testing.T, dir string) {
			histlog(t, nil, "config", dir, "--yes", "max-records=1", "archive-to="+filepath.Join(dir, "../not/there"))
		}, "/not: no such file or directory"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := upkeptLog(t)
			row.spoil(t, dir)
			histlog(t, strings.NewReader(records2025(3)), "append", dir)
			eventually(t, "the failure is noted", func() bool { n := notesOf(t, dir); return !n.Failed.IsZero() && strings.Contains(n.Error, row.want) })
			events, err := os.ReadFile(filepath.Join(dir, "events.log"))
			if err != nil || !strings.Contains(string(events), `"level":"ERROR","msg":"maintenance failed"`) || !strings.Contains(string(events), row.want) {
				t.Errorf("events.log: %v, %s", err, events)
			}
			isTold(t, dir)
		})
	}
}

// isTold appends with one process until that warns of upkeep that failed.
func isTold(t *testing.T, dir string) {
	t.Helper()
	c := exec.Command("histlog", "append", "--exclusive", dir)
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	c.Stderr = said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "append warns", func() bool {
		if _, err := io.WriteString(stdin, records2025(1)); err != nil {
			t.Error(err)
			return true
		}
		text, err := os.ReadFile(said.Name())
		return err != nil || bytes.Contains(text, []byte("histlog: warning: maintenance failed: exit status "))
	})
	if err := errors.Join(stdin.Close(), c.Wait()); err != nil {
		t.Errorf("append: %v", err)
	}
}
