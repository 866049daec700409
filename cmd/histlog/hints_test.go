package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
	"github.com/histlog/histlog/segment"
)

// TestHints holds what to do about errors that no script can cause on every machine.
func TestHints(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		want string
	}{
		{segment.ErrUnfit, exitFailure, "move the log to a local disk"},
		{vfs.ErrNotRegular, exitFailure, "put the file back from a copy"},
	} {
		code, hint := explain(fmt.Errorf("append: %w", c.err))
		if code != c.code || !strings.HasPrefix(hint, c.want) {
			t.Errorf("%v: %d, %q", c.err, code, hint)
		}
	}
}

// TestHintNotRegular puts a directory in the place of each file that cat reads.
func TestHintNotRegular(t *testing.T) {
	for _, name := range []string{filename.Text(1), filename.Index(1)} {
		dir := t.TempDir()
		histlogIn(t, dir, "1\n", "append", "--create", "log")
		path := filepath.Join(dir, "log", name)
		if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
			t.Fatal(err)
		}
		c := exec.Command("histlog", "cat", "log")
		c.Dir = dir
		var stderr strings.Builder
		c.Stderr = &stderr
		if err := c.Run(); err == nil || !strings.HasSuffix(stderr.String(), "not a regular file\nhint: put the file back from a copy: a log reads no directory, FIFO or device in its place\n") {
			t.Errorf("%s: %v\n%s", name, err, stderr.String())
		}
	}
}
