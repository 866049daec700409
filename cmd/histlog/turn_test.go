//go:build linux || windows

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A steady is an append that gets values without an end.
type steady struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	acks  string // file
	stop  chan struct{}
	done  chan error
}

func startSteady(t *testing.T, dir string, every time.Duration) *steady {
	t.Helper()
	s := &steady{cmd: exec.Command("histlog", "append", "--lock-wait", "60s", dir), acks: filepath.Join(t.TempDir(), "acks"), stop: make(chan struct{}), done: make(chan error, 1)}
	out, err := os.Create(s.acks)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s.cmd.Stdout = out
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		var err error
		for err == nil {
			select {
			case <-s.stop:
				s.done <- errors.Join(s.stdin.Close(), s.cmd.Wait())
				return
			case <-time.After(every):
				_, err = io.WriteString(s.stdin, "1\n")
			}
		}
		s.done <- errors.Join(err, s.cmd.Wait())
	}()
	return s
}

func (s *steady) count() int {
	text, _ := os.ReadFile(s.acks)
	return bytes.Count(text, []byte("\n"))
}

// TestTurns: appenders that get values all the time take turns, and one that comes
// with a single value gets in. No note is left.
func TestTurns(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	histlog(t, nil, "append", "--create", "--allow-empty", dir)
	writers := []*steady{startSteady(t, dir, 5*time.Millisecond), startSteady(t, dir, 100*time.Millisecond)}
	for range 2 { // rounds, in each of which both go on
		before := []int{writers[0].count(), writers[1].count()}
		eventually(t, "both append", func() bool { return writers[0].count() > before[0] && writers[1].count() > before[1] })
		if _, err := appendOne(dir, "2", "10s"); err != nil {
			t.Errorf("a third: %v", err)
		}
	}
	total := 2
	for _, w := range writers {
		close(w.stop)
		if err := <-w.done; err != nil {
			t.Error(err)
		}
		total += w.count()
	}
	if records, err := recordsOf(dir); err != nil || len(records) != total {
		t.Errorf("%d records, %d were acknowledged, %v", len(records), total, err)
	}
	if is(filepath.Join(dir, ".waiting")) {
		t.Error("a note is left")
	}
}

// TestCreateRace runs several processes that create the same log at once: each of them
// must append its record, and a concurrent cat must find a complete log or none.
func TestCreateRace(t *testing.T) {
	t.Parallel()
	const rounds, processes = 8, 4
	for range rounds {
		dir := filepath.Join(t.TempDir(), "log")
		var all sync.WaitGroup
		for p := range processes {
			all.Go(func() {
				c := exec.Command("histlog", "append", "--create", dir)
				c.Stdin = strings.NewReader(fmt.Sprint(p))
				if out, err := c.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
		all.Go(func() {
			for !is(filepath.Join(dir, "HISTLOG")) {
				if out, err := exec.Command("histlog", "cat", dir).CombinedOutput(); err != nil && !bytes.Contains(out, []byte("no log at ")) {
					t.Errorf("%v\n%s", err, out)
				}
			}
		})
		all.Wait()
		if records, err := recordsOf(dir); err != nil || len(records) != processes {
			t.Errorf("%q, %v", records, err)
		}
	}
}

// TestMigrateRace: of a migration and an append that make the same log one is told
// what the other has made, and no record is lost.
func TestMigrateRace(t *testing.T) {
	t.Parallel()
	for range 6 {
		base := t.TempDir()
		source, dir := filepath.Join(base, "old.json"), filepath.Join(base, "log")
		if err := os.WriteFile(source, []byte("[1,2,3]"), 0o644); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var migrated, appended error
		var said, told []byte
		all.Go(func() { said, migrated = exec.Command("histlog", "migrate", source, dir).CombinedOutput() })
		all.Go(func() {
			c := exec.Command("histlog", "append", "--create", dir)
			c.Stdin = strings.NewReader("4")
			told, appended = c.CombinedOutput()
		})
		all.Wait()
		want := 0
		if migrated == nil {
			want += 3
		} else if !bytes.Contains(said, []byte("the directory is not empty")) && !bytes.Contains(said, []byte("locked")) {
			t.Errorf("migrate: %s", said)
		}
		if appended == nil {
			want++
		} else if !bytes.Contains(told, []byte("half-made")) && !bytes.Contains(told, []byte("locked")) {
			t.Errorf("append: %s", told)
		}
		if records, err := recordsOf(dir); err != nil || len(records) != want {
			t.Errorf("%q, want %d, %v\nmigrate: %s\nappend: %s", records, want, err, said, told)
		}
	}
}
