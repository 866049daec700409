//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// A contestant is a command whose time is measured. In its arguments $SOURCE,
// $DIR and others stand for what the contest says. $DIR is empty before each run.
type contestant struct {
	name, needs string // needs: a program; where it is missing the contestant is left out
	args        []string
	slow        bool // runs once, and only with -slow
}

// shell is a contestant's arguments for a command line.
func shell(line string) []string { return []string{"sh", "-c", line} }

// contest runs the contestants in turn, round by round, and returns the
// medians by name. The first round warms up.
func contest(contestants []contestant, rounds int, slow bool) (map[string]time.Duration, error) {
	times := map[string][]time.Duration{}
	for round := range rounds + 1 {
		for _, c := range contestants {
			if _, err := exec.LookPath(c.needs); c.needs != "" && err != nil || c.slow && (!slow || round != 1) {
				continue
			}
			took, err := c.run()
			if err != nil {
				return nil, err
			}
			if round > 0 {
				times[c.name] = append(times[c.name], took)
			}
		}
	}
	medians := map[string]time.Duration{}
	for name, t := range times {
		medians[name] = median(t)
	}
	return medians, nil
}

func median(t []time.Duration) time.Duration {
	slices.Sort(t)
	return t[len(t)/2]
}

// run runs the command once and returns how long it took.
func (c contestant) run() (time.Duration, error) {
	dir := os.Getenv("DIR")
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)); err != nil {
		return 0, err
	}
	args := slices.Clone(c.args)
	if args[0] != "sh" {
		for i := range args {
			args[i] = os.ExpandEnv(args[i])
		}
	}
	started := time.Now()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	took := time.Since(started)
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%.1000s", c.name, err, out)
	}
	return took, nil
}

// workplace makes a directory for a contest, with the program in it, and sets
// the variables of contestants.
func workplace() (work string, clear func() error, err error) {
	if work, err = os.MkdirTemp(".", "bench-"); err != nil {
		return "", nil, err
	}
	clear = func() error { return os.RemoveAll(work) }
	for name, pkg := range map[string]struct{ module, path string }{
		"HISTLOG": {".", "./cmd/histlog"}, "EMPTY": {"scripts/bench", "./empty"},
	} {
		program := "./" + work + "/" + name
		os.Setenv(name, program)
		if out, err := build(program, pkg.module, pkg.path); err != nil {
			return "", nil, errors.Join(fmt.Errorf("build %s: %w\n%s", pkg.path, err, out), clear())
		}
	}
	self, err := os.Executable()
	if err != nil {
		return "", nil, errors.Join(err, clear())
	}
	os.Setenv("BENCH", self)
	os.Setenv("DIR", work+"/dir")
	return work, clear, nil
}

// build builds the package pkg of a module as it is shipped: one static file.
func build(program, module, pkg string) ([]byte, error) {
	program, err := filepath.Abs(program) // go build -C changes the directory
	if err != nil {
		return nil, err
	}
	c := exec.Command("go", "build", "-C", module, "-trimpath", "-o", program, pkg)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	return c.CombinedOutput()
}
