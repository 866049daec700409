//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
	"golang.org/x/sys/unix"
)

// onTerminal runs histlog, which must succeed, on a terminal of so many columns and returns what it shows.
func onTerminal(t *testing.T, dir string, columns uint16, env []string, args ...string) string {
	t.Helper()
	text, err := runOnTerminal(t, dir, columns, env, args...)
	if err != nil {
		t.Fatalf("histlog %v: %v\n%s", args, err, text)
	}
	return text
}

func runOnTerminal(t *testing.T, dir string, columns uint16, env []string, args ...string) (text string, err error) {
	t.Helper()
	us, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("skipped: no pseudo-terminals: ", err)
	}
	defer us.Close()
	fd := int(us.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: columns})
	}
	if err != nil {
		t.Fatal(err)
	}
	them, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	shown := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(us) // it ends with EIO when nobody has the terminal any more
		shown <- b
	}()
	c := exec.Command("histlog", args...)
	c.Dir, c.Stdout, c.Stderr = dir, them, them
	c.Env = append(os.Environ(), append([]string{"TERM=xterm", "NO_COLOR=", "TZ=UTC"}, env...)...)
	err = c.Run()
	them.Close()
	return strings.ReplaceAll(string(<-shown), "\r\n", "\n"), err
}

// TestCheckHints: a person sees a hint; monitoring reads one line and nothing else.
func TestCheckHints(t *testing.T) {
	text, err := runOnTerminal(t, t.TempDir(), 80, nil, "check", "nowhere")
	if err == nil || !strings.HasPrefix(text, "UNKNOWN - no log at nowhere\nhint: ") {
		t.Errorf("%v\n%s", err, text)
	}
}

var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestInspectFits looks at a log on terminals: no line is longer than they are
// wide, and colours are all that they are sent, unless NO_COLOR is set.
func TestInspectFits(t *testing.T) {
	dir := t.TempDir()
	var lines strings.Builder
	for i := range 400 {
		fmt.Fprintf(&lines, `{"timestamp":"2025-%02d-%02dT%02d:00:00Z","%s":{"%s":1}}`+"\n", 1+i/4/28, 1+i/4%28, i%4*5+i/390*3, strings.Repeat("wide世", 20), strings.Repeat("x", 300))
	}
	histlogIn(t, dir, "1\n", "append", "--create", "log", "--time-zone", "America/New_York")
	histlogIn(t, dir, "", "config", "log", "maintain=manual", "segment-size=3000", "max-age=9999d", "max-records=99999999", "max-bytes=99TB", "archive-to=/"+strings.Repeat("far/", 60))
	histlogIn(t, dir, lines.String(), "append", "log")
	if err := os.Mkdir(filepath.Join(dir, "log", "quarantine"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 9 {
		name := fmt.Sprintf("%020d-%d-\x1b[31m\u202e%s", i, i, strings.Repeat("9", 120))
		if err := os.WriteFile(filepath.Join(dir, "log", "quarantine", name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"inspect", "log"}, {"inspect", "log", "7"}, {"plot", "--progress", "never", "log", "$bytes", "n=$seq"}} {
		for _, columns := range []uint16{60, 80, 132} {
			text := onTerminal(t, dir, columns, nil, args...)
			for line := range strings.Lines(colour.ReplaceAllString(text, "")) {
				line = strings.TrimSuffix(line, "\n")
				if n := runewidth.StringWidth(line); n > int(columns) {
					t.Errorf("%v at %d columns: %d in %q", args, columns, n, line)
				}
				if strings.ContainsAny(line, "\x1b\u202e") {
					t.Errorf("%v: %q", args, line)
				}
			}
			if rows := strings.Count(text, "\n"); rows > 50 {
				t.Errorf("%v at %d columns: %d lines are no screen", args, columns, rows)
			}
		}
	}
	if text := onTerminal(t, dir, 80, nil, "inspect", "log"); !strings.HasPrefix(text, "\x1b[1;") {
		t.Errorf("without a colour: %q", text[:min(80, len(text))])
	}
	for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
		if text := onTerminal(t, dir, 80, []string{env}, "inspect", "log"); strings.Contains(text, "\x1b") {
			t.Errorf("%s: %q", env, text[:min(80, len(text))])
		}
	}
}

// TestDiffFits looks at changes on terminals: each takes one line, and values are cut to the width.
func TestDiffFits(t *testing.T) {
	dir := t.TempDir()
	long, deep := strings.Repeat("wide世", 100), strings.Repeat(`{"a\u001b\u202e":`, 40)
	record := func(kept, changed string) string {
		return fmt.Sprintf(`{"kept":1,"%s":{"x":[1,2]},"text":"%s","short":%q,"end":"%s","%s":%q,"deep":%s%q%s,"m":[{"id":"%s","n":%q}]}`+"\n",
			kept, changed+long, changed, long+changed, long, changed, deep, changed, strings.Repeat("}", 40), long, changed)
	}
	histlogIn(t, dir, record("gone", "\u00e9")+record("new", "b"), "append", "--create", "log")
	for _, columns := range []uint16{20, 60, 80, 132} {
		text := onTerminal(t, dir, columns, nil, "diff", "log")
		lines := strings.Split(colour.ReplaceAllString(text, ""), "\n")
		if want := 11; len(lines) != want { // with a header, a summary, and the end
			t.Errorf("at %d columns: %d lines, want %d", columns, len(lines), want)
		}
		for _, line := range lines[1:] { // the header is as long as it is
			if n := runewidth.StringWidth(line); n > int(columns) && !strings.HasPrefix(line, "1 added") {
				t.Errorf("at %d columns: %d in %q", columns, n, line)
			}
			if strings.ContainsAny(line, "\x1b\u202e") {
				t.Errorf("%q", line)
			}
		}
		if end := "~ /end  …世wide世é\" → …世wide世b\"\n"; columns >= 60 && !strings.Contains(colour.ReplaceAllString(text, ""), end) {
			t.Errorf("at %d columns: no line is %q", columns, end)
		}
		if short := `~ /short  "é" → "b"`; columns > 20 && !strings.Contains(strings.Join(lines, "\n"), short) {
			t.Errorf("at %d columns: no line is %q", columns, short)
		}
		for _, painted := range []string{"\x1b[1;32m+\x1b[0m /new", "\x1b[1;31m-\x1b[0m /gone", "\x1b[1;33m~\x1b[0m /text"} {
			if !strings.Contains(text, painted) {
				t.Errorf("at %d columns: no %q in %q", columns, painted, text)
			}
		}
	}
	for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
		if text := onTerminal(t, dir, 80, []string{env}, "diff", "log"); strings.Contains(text, "\x1b") {
			t.Errorf("%s: %q", env, text[:min(80, len(text))])
		}
	}
}

// TestChangesFit looks at changes on terminals: a change takes one line, cut to the width.
func TestChangesFit(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("wide世", 100)
	histlogIn(t, dir, fmt.Sprintf(`{"a":%q,"b":1}`+"\n"+`{"a":"\u001b\u202e","b":2}`+"\n"+`{"a":{"x":%q},"%s":1,"b":2}`+"\n", long, long, long), "append", "--create", "log")
	for _, columns := range []uint16{20, 60, 80, 132} {
		text := onTerminal(t, dir, columns, nil, "changes", "log", "/a", "/b", "/"+long)
		lines := strings.Split(colour.ReplaceAllString(text, ""), "\n")
		if want := 1 + 3 + 2 + 2 + 1; len(lines) != want { // a header, the first values, two changes in each record, and the end
			t.Errorf("at %d columns: %d lines, want %d", columns, len(lines), want)
		}
		for _, line := range lines {
			if n := runewidth.StringWidth(line); n > int(columns) || strings.ContainsAny(line, "\x1b\u202e") {
				t.Errorf("at %d columns: %d in %q", columns, n, line)
			}
		}
		if change := "/b  1 → 2"; columns > 60 && !strings.Contains(text, change) {
			t.Errorf("at %d columns: no %s", columns, change)
		}
	}
}
