//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
)

// pane is a shell, whose prompt is "ready> ", in a terminal of 80 columns and 24 rows.
type pane struct {
	t    *testing.T
	dir  string // of the shell
	conf string // of the server, with its socket
}

func newPane(t *testing.T, shell ...string) *pane {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("skipped: tmux is missing; install the package tmux")
	}
	short, err := os.MkdirTemp("", "") // a socket's name must be short
	if err != nil {
		t.Fatal(err)
	}
	p := &pane{t, t.TempDir(), short}
	t.Cleanup(func() {
		p.tmux("kill-server")
		_ = os.RemoveAll(short)
	})
	p.tmux(append([]string{"new-session", "-d", "-x", "80", "-y", "24", "-c", p.dir, "env", "PS1=ready> ", "TZ=UTC"}, shell...)...)
	p.until("", prompt)
	return p
}

// tmux gives a command to the server and returns what it prints.
func (p *pane) tmux(args ...string) string {
	p.t.Helper()
	c := exec.Command("tmux", append([]string{"-u", "-f", "/dev/null", "-S", filepath.Join(p.conf, "s")}, args...)...)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TMUX=", "NO_COLOR=")
	out, err := c.CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func (p *pane) enter(line string) { p.tmux("send-keys", "-l", line); p.tmux("send-keys", "Enter") }

// screen returns the rows that are not empty.
func (p *pane) screen() []string {
	p.t.Helper()
	return strings.Split(strings.TrimRight(p.tmux("capture-pane", "-p"), "\n"), "\n")
}

// until waits for the last row of the screen to match, and the one above it, and
// returns the screen.
func (p *pane) until(above, last string) (rows []string) {
	p.t.Helper()
	matchAbove, matchLast, deadline := regexp.MustCompile(above), regexp.MustCompile(last), time.After(patience)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		rows = append([]string{""}, p.screen()...)
		if n := len(rows); matchLast.MatchString(rows[n-1]) && matchAbove.MatchString(rows[n-2]) {
			return rows
		}
		select {
		case <-tick.C:
		case <-deadline:
			p.t.Fatalf("the last rows never matched %s, %s:\n%s", above, last, strings.Join(rows, "\n"))
		}
	}
}

const (
	prompt  = "^ready>$"
	waiting = "^waiting "
)

// TestTerminal follows a log in a terminal: records come as one row each, also
// hostile ones and after a resize, and Ctrl-C leaves the terminal as it was.
func TestTerminal(t *testing.T) {
	p := newPane(t, "sh")
	wide := `{"timestamp":"2025-05-30T09:00:00Z","name":"` + strings.Repeat("日本語", 40) + `","é́":"` + strings.Repeat("é́", 99) + `"}`
	hostile := `{"timestamp":"2025-05-30T09:03:00Z","a\u001b[2J\u001b]0;stolen\u0007":"\u001b[31m` + "\u009b2J\u202e\u2066\x7f" + `\r\n\u001b[10A\u001bc","rest":"` + strings.Repeat("x", 2_000_000) + `"}`
	records := func(minutes ...string) string {
		var b strings.Builder
		for _, m := range minutes {
			b.WriteString(`{"timestamp":"2025-05-30T08:` + m + `:00Z","total_matches":74,"matches":{"a":{},"b":{}}}` + "\n")
		}
		return b.String()
	}
	histlogIn(t, p.dir, records("00", "03", "06", "09"), "append", "--create", "log")
	p.enter("stty -g > before; clear; histlog tail -f -n 2 log")
	rows := p.until(`^4 +2025-05-30 08:09:00 +3m00s +81B  total_matches=74 matches=\{2\}$`, waiting)
	if !strings.HasPrefix(rows[len(rows)-4], "SEQ    TIME (UTC)") || !strings.HasSuffix(rows[len(rows)-1], ", usual gap 3m00s") {
		t.Errorf("the screen:\n%s", strings.Join(rows, "\n"))
	}
	title := p.tmux("display-message", "-p", "#{pane_title}")
	histlogIn(t, p.dir, records("12"), "append", "log")
	p.until(`^5 +2025-05-30 08:12:00 +3m00s `, waiting)
	histlogIn(t, p.dir, wide, "append", "log")
	p.until(`^6 .* 48m00s .*日本語.*…$`, waiting)
	if got := p.tmux("capture-pane", "-p", "-e"); !strings.Contains(got, "\x1b[31m48m00s\x1b[39m") {
		t.Errorf("a late gap is not red:\n%q", got)
	}
	histlogIn(t, p.dir, hostile, "append", "log")
	rows = p.until(`^7 +2025-05-30 09:03:00 +3m00s +2\.00MB  a\\u001b\[2J\\u001b\]0;stolen\\u0007=\\u0…$`, waiting)
	if n := len(rows); !strings.HasPrefix(rows[n-7], "SEQ ") || !strings.HasPrefix(rows[n-3], "6 ") || !strings.HasPrefix(rows[n-4], "5 ") {
		t.Errorf("the screen was not left as it was:\n%s", strings.Join(rows, "\n"))
	}
	if now := p.tmux("display-message", "-p", "#{pane_title}"); now != title {
		t.Errorf("the title was changed from %q to %q", title, now)
	}
	p.tmux("resize-window", "-x", "40", "-y", "12")
	histlogIn(t, p.dir, wide+hostile, "append", "log")
	rows = p.until(`^9 .*…$`, waiting)
	if n := len(rows); !strings.HasPrefix(rows[n-3], "8 ") || runewidth.StringWidth(rows[n-3]) > 40 {
		t.Errorf("rows do not fit after the resize:\n%s", strings.Join(rows, "\n"))
	}
	p.tmux("send-keys", "C-c")
	rows = p.until("", prompt)
	if strings.Contains(strings.Join(rows, "\n"), "waiting") {
		t.Errorf("a line that says it waits is left:\n%s", strings.Join(rows, "\n"))
	}
	p.enter("echo it was $?; stty -g > after")
	p.until("^it was 130$", prompt)
	p.enter("cmp before after && echo sane")
	p.until("^sane$", prompt)
}

// TestNoColour obeys NO_COLOR.
func TestNoColour(t *testing.T) {
	p := newPane(t, "sh")
	histlogIn(t, p.dir, `{"timestamp":"2025-05-30T08:00:00Z"} {"timestamp":"2025-05-30T08:01:00Z"} {"timestamp":"2025-05-30T08:02:00Z"} {"timestamp":"2025-05-30T09:00:00Z"}`, "append", "--create", "log")
	for variable, coloured := range map[string]bool{"NO_COLOR=": true, "NO_COLOR=1": false, "TERM=dumb": false} {
		p.enter("clear; env " + variable + " histlog tail log; echo " + variable)
		p.until("^"+variable+"$", prompt)
		if got := p.tmux("capture-pane", "-p", "-e"); !strings.Contains(got, "58m00s") || strings.Contains(got, "\x1b[") != coloured {
			t.Errorf("%s: coloured %v, want %v:\n%q", variable, !coloured, coloured, got)
		}
	}
}
