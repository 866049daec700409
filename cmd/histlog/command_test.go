package main

import (
	"bytes"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// histlog runs the command to its successful end and returns its stdout.
func histlog(t *testing.T, stdin io.Reader, args ...string) []byte {
	t.Helper()
	c := exec.Command("histlog", args...)
	var stderr bytes.Buffer
	c.Stdin, c.Stderr = stdin, &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("histlog %v: %v\n%s%s", args, err, out, stderr.String())
	}
	return out
}

// histlogIn runs the command in dir to its successful end.
func histlogIn(t *testing.T, dir, stdin string, args ...string) {
	t.Helper()
	c := exec.Command("histlog", args...)
	c.Dir, c.Stdin = dir, strings.NewReader(stdin)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("histlog %v: %v\n%s", args, err, out)
	}
}
