//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// shells say how each is started without what its user configured, and how it
// takes the completion script from its file.
var shells = []struct {
	name, file, load string
	command          []string
}{
	{"bash", "histlog.bash", ". ./histlog.bash", []string{"bash", "--norc", "--noprofile"}},
	{"zsh", "_histlog", "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -d dump", []string{"zsh", "-f"}},
	{"fish", "histlog.fish", "source histlog.fish", []string{"fish", "--private", "--no-config", "-C", "set -g fish_autosuggestion_enabled 0; function fish_prompt; echo -n 'ready> '; end"}},
}

// TestCompletion presses the tab key in each shell.
func TestCompletion(t *testing.T) {
	for _, s := range shells {
		t.Run(s.name, func(t *testing.T) {
			if _, err := exec.LookPath(s.command[0]); err != nil {
				t.Skipf("skipped: %s is missing; install the package %s", s.name, s.name)
			}
			p := newPane(t, s.command...)
			script, err := exec.Command("histlog", "completion", s.name).Output()
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string][]byte{s.file: script, "zzz.json": nil, "two blanks here.json": nil} {
				if err := os.WriteFile(filepath.Join(p.dir, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p.enter(s.load + "; clear; echo loaded")
			p.until("^loaded$", prompt)
			for typed, want := range map[string]string{
				"histlog mig":                 "histlog migrate",
				"histlog tail --si":           "histlog tail --since",
				"histlog verify --ag":         "histlog verify --against",
				"histlog tail zz":             "histlog tail zzz.json",
				"histlog verify --against zz": "histlog verify --against zzz.json",
				"histlog tail two":            `histlog tail two\ blanks\ here.json`,
				`histlog tail two\ b`:         `histlog tail two\ blanks\ here.json`,
			} {
				p.tmux("send-keys", "-l", typed)
				p.until("", "^ready> "+regexp.QuoteMeta(typed)+"$")
				p.tmux("send-keys", "Tab")
				p.until("", "^ready> "+regexp.QuoteMeta(want)+"$")
				p.tmux("send-keys", "C-u")
				p.until("", prompt)
			}
		})
	}
}
