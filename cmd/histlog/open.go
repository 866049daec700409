package main

import (
	"errors"
	"io"
	"path/filepath"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/outfile"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// openLog opens a log for reading. The path of a segment file means its log; a message
// says so, because the command prints more than that file.
func openLog(c *cli.Context, path string) (*segment.Log, error) {
	dir := logOf(path)
	l, err := segment.OpenContext(c.Context, dir, nil)
	if l != nil {
		l.Memory = maxRecord(c)
	}
	if err == nil && dir != path && !saidSegment(c) {
		say(c.App.ErrWriter, "%s is one segment: the whole log %s is used", filepath.Base(path), dir)
	}
	return l, err
}

// saidSegment reports whether openLog printed that message before. It returns true from
// the second call on: a command may open a log several times.
func saidSegment(c *cli.Context) bool {
	const key = "histlog-segment-named"
	_, said := c.App.Metadata[key]
	if c.App.Metadata == nil {
		c.App.Metadata = map[string]any{}
	}
	c.App.Metadata[key] = true
	return said
}

// logOf returns the directory of the log that path names: path itself, or the directory
// of a segment file.
func logOf(path string) string {
	if filename.IsSegment(filepath.Base(path)) {
		return filepath.Dir(path)
	}
	return path
}

// oneDir returns the command's only argument.
func oneDir(c *cli.Context) (string, error) {
	if c.NArg() != 1 {
		return "", usage(c.Command.Name, "want one argument, the log's directory, not %d", c.NArg())
	}
	return c.Args().First(), nil
}

// writeOutput writes to the file that a flag names.
func writeOutput(c *cli.Context, name string, write func(io.Writer) error) error {
	err := outfile.Write(name, c.App.Writer, write)
	if mistake := (*outfile.NameError)(nil); errors.As(err, &mistake) {
		return usage(c.Command.Name, "%v", mistake)
	}
	return err
}
