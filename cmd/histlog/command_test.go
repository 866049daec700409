package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/histlog/histlog/segment"
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

// recordsOf reads and verifies a whole log.
func recordsOf(dir string) (records []string, err error) {
	l, err := segment.Open(dir)
	if err != nil {
		return nil, err
	}
	records = []string{}
	for _, s := range l.Segments {
		f, err := l.Verify(context.Background(), s, nil)
		if err == nil && len(f.Damage) > 0 {
			err = f.Damage[0]
		}
		if err != nil {
			return nil, err
		}
		r, err := l.OpenReader(s)
		if err != nil {
			return nil, err
		}
		for seq := s.Base; seq < r.Next(); seq++ {
			rec, err := r.Record(seq)
			if err != nil {
				return nil, errors.Join(err, r.Close())
			}
			records = append(records, string(rec.Text))
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	return records, nil
}
