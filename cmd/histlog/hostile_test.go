//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/testutil"
)

// irregular makes a path that should be a file of a log into something else.
var irregular = map[string]func(t *testing.T, path, outside string) error{
	"symlink":       func(_ *testing.T, path, outside string) error { return os.Symlink(outside, path) },
	"dangling link": func(_ *testing.T, path, outside string) error { return os.Symlink(outside+".none", path) },
	"fifo":          func(_ *testing.T, path, _ string) error { return syscall.Mkfifo(path, 0o644) },
	"directory":     func(_ *testing.T, path, _ string) error { return os.Mkdir(path, 0o755) },
	"socket": func(t *testing.T, path, _ string) error {
		s, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		t.Cleanup(func() { syscall.Close(s) })
		d, err := os.Open(filepath.Dir(path)) // a socket's name must be short
		if err != nil {
			return err
		}
		defer d.Close()
		return syscall.Bind(s, &syscall.SockaddrUnix{Name: fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), filepath.Base(path))})
	},
}

// TestHostileDirectory puts what is no regular file in the place of each file
// of a log: no command may wait for it, follow it out of the directory to
// write, or die of it. The fast run puts one kind in the place of each.
func TestHostileDirectory(t *testing.T) {
	for i, kind := range slices.Sorted(maps.Keys(irregular)) {
		put := irregular[kind]
		for j, name := range []string{"HISTLOG", "LOCK", "UPKEEP", "events.log", "events.log.lock", "quarantine", "origin", ".HISTLOG.tmp",
			filename.Text(1), filename.Index(1), filename.Text(3), filename.Index(3), filename.Text(9)} {
			if !testutil.Proofs() && i != j%len(irregular) {
				continue
			}
			t.Run(kind+" as "+name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				histlogIn(t, dir, "", "append", "--create", "--allow-empty", "log", "--segment-size", "70")
				histlogIn(t, dir, "", "config", "log", "maintain=manual") // or a child would be at it too
				histlogIn(t, dir, values(1, 4), "append", "log")
				outside := filepath.Join(dir, "outside")
				if err := os.WriteFile(outside, []byte("precious"), 0o644); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, "log", name)
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				if err := put(t, path, outside); err != nil {
					t.Fatal(err)
				}
				for _, args := range [][]string{
					{"cat"}, {"tail"}, {"inspect"}, {"inspect", "1"}, {"check"}, {"verify"}, {"export"}, {"config"}, {"config", "segment-age=3d"}, {"append"}, {"verify", "--repair"},
				} {
					runHostile(t, dir, append([]string{args[0], "log"}, args[1:]...))
				}
				if b, err := os.ReadFile(outside); err != nil || string(b) != "precious" {
					t.Errorf("what lies outside is %q, %v", b, err)
				}
				if _, err := os.Lstat(outside + ".none"); err == nil {
					t.Error("a link was followed, and a file made outside")
				}
			})
		}
	}
}

// runHostile runs a command that must end by itself, with a message if it fails.
func runHostile(t *testing.T, dir string, args []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, "histlog", args...)
	c.Dir, c.Stdin = dir, strings.NewReader("1\n")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	err := c.Run()
	switch code := c.ProcessState.ExitCode(); {
	case ctx.Err() != nil:
		t.Errorf("histlog %v waits for ever", args)
	case args[0] == checkName && code >= int(health.OK) && code <= int(health.Unknown): // it says so on stdout
	case err != nil && (code < 1 || code > exitNoLog || !strings.HasPrefix(stderr.String(), "histlog: ")) && code != exitDamaged:
		t.Errorf("histlog %v: %v\n%s", args, err, stderr.String())
	}
}

// TestHostileText sends what a terminal obeys through keys, values, file names
// and arguments: only cat, export and origin may pass it on.
func TestHostileText(t *testing.T) {
	t.Parallel()
	evil := "\x1b[31m\x1b]0;title\a\u009b2J\u202egnp\u2066\u200f\x7f"
	dir := t.TempDir()
	escaped := strings.NewReplacer("\x1b", `\u001b`, "\a", `\u0007`).Replace(evil)
	record := fmt.Sprintf("{\"%s\":\"%s\",\"m\":{\"%s\":1},\"n\":[1,2]}", escaped, "\u009b2J\u202egnp\u2066\u200f\x7f", escaped)
	histlogIn(t, dir, record+"\n", "append", "--create", "log")
	name := "bad" + evil + ".json"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(`{"history":[{"`+"\xc2\x9b"+`":!}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"tail", "log"}, {"inspect", "log"}, {"inspect", "log", "1"}, {"check", "log"}, {"check", evil}, {"check", "log", "--stale-after", evil}, {"verify", "log"}, {"migrate", name, "to"}, {"append", "log", name}, {"cat", evil}, {"cat", "log", evil},
		{"config", "log", evil + "=1"}, {"config", "log", "time-field=" + evil}, {"append", "log", "--sync", evil}, {evil}, {"tail", "log", "--since", evil}, {"append", "log", "--" + evil},
	} {
		c := exec.Command("histlog", args...)
		c.Dir = dir
		out, _ := c.CombinedOutput() // most of them fail
		for i, r := range string(out) {
			if r == '\n' || r >= ' ' && r < 0x7f {
				continue
			}
			_, size := utf8.DecodeRune(out[i:])
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == utf8.RuneError && size == 1 ||
				r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f {
				t.Errorf("histlog %q: %U at %d of %q", args, r, i, out)
				break
			}
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "kept"), os.DirFS(filepath.Join(dir, "log"))); err != nil {
		t.Fatal(err)
	}
	plantEscapes(t, filepath.Join(dir, "log"), evil, escaped)
	for _, args := range [][]string{
		{"config", "log"}, {"config", "--json", "log"}, {"verify", "log"}, {"verify", "--json", "log"}, {"verify", "--repair", "log"}, {"check", "log"}, {"check", "--json", "log"},
		{"inspect", "log"}, {"inspect", "--json", "log"}, {"inspect", "log", "1"}, {"tail", "log"}, {"tail", "log", "--since", "2099-01-01"}, {"cat", "log", "9"}, {"append", "log", "--lock-wait", "0s"},
		{"compact", "log"}, {"compact", "--dry-run", "log"}, {"prune", "--max-records", "1", "--yes", "log"}, {"prune", "--max-records", "1", "--dry-run", "--archive-to", evil, "log"}, {"export", "log", "-o", evil + "/x"},
		{"verify", "--against", name, "log"}, {"migrate", "--dry-run", name},
	} {
		c := exec.Command("histlog", args...)
		c.Dir = dir
		out, _ := c.CombinedOutput() // some of them fail
		if args[0] == "append" {
			continue
		}
		for _, r := range string(out) {
			if r != '\n' && term.Safe(string(r)) != string(r) {
				t.Errorf("histlog %q: %U in %q", args, r, out)
				break
			}
		}
	}
	c := exec.Command("histlog", "cat", "kept")
	c.Dir = dir
	if out, err := c.Output(); err != nil || string(out) != record+"\n" {
		t.Errorf("cat: %q, want %q, %v", out, record, err)
	}
}

// plantEscapes puts what a terminal obeys in each place of a log that the owner of
// its directory can choose.
func plantEscapes(t *testing.T, log, evil, escaped string) {
	t.Helper()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(log, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("quarantine/"+evil, "x")
	write("LOCK", fmt.Sprintf(`{"pid":%d,"command":"%s","since":"2025-05-30T07:00:00Z"}`, os.Getpid(), escaped))
	write("UPKEEP", fmt.Sprintf(`{"upkeep":{"failed":"2025-05-30T07:00:00Z","error":"%s"},"verified":{"at":"2025-05-30T07:00:00Z"}}`, escaped))
	write("origin/receipt.json", fmt.Sprintf(`{"source":"%s","source_sha256":"%s","verified":"%s","damage":"%s","salvaged":true}`, escaped, escaped, escaped, escaped))
	marker, err := os.ReadFile(filepath.Join(log, "HISTLOG"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"codec", "archive-to", "sync"} {
		marker = bytes.Replace(marker, []byte(`"settings": {`), fmt.Appendf(nil, `"settings": {"%s": "%s",`, key, escaped), 1)
	}
	marker = bytes.ReplaceAll(marker, []byte(`",}`), []byte(`"}`))
	marker = regexp.MustCompile(`,\s*"checksum": "[^"]*"`).ReplaceAll(marker, nil) // as after an edit by hand
	write("HISTLOG", string(marker))
}
