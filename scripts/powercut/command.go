//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A program is histlog, for one run.
type program struct {
	binary  string
	dir     string // where the logs are, on the disk whose power is cut
	scratch string // for other files
}

// An outcome is what a command printed, and its exit code. The code is -1 if it was killed.
type outcome struct {
	args      []string
	out, errs string
	code      int
}

func (o outcome) String() string {
	return fmt.Sprintf("histlog %s: exit code %d: %.600s", strings.Join(o.args, " "), o.code, strings.TrimSpace(o.out+o.errs))
}

// command prepares a command.
func (p program) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.binary, args...)
	c.Dir = p.dir
	c.Env = append(os.Environ(), "HISTLOG_MEMORY=300M")
	return c
}

// run runs a command to its end. One that takes minutes is killed.
func (p program) run(ctx context.Context, input string, args ...string) outcome {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	c := p.command(ctx, args...)
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(input), &out, &errs
	if err := c.Run(); c.ProcessState == nil {
		return outcome{args, "", err.Error(), -1}
	}
	return outcome{args, out.String(), errs.String(), c.ProcessState.ExitCode()}
}
