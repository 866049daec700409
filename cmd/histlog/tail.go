package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func tailCommand() *cli.Command {
	return &cli.Command{
		Name:      "tail",
		Usage:     "show records, one safe line each",
		ArgsUsage: "DIR",
		Description: `   histlog tail step2
   histlog tail -f -n 2 step2
   histlog tail --since -3h step2`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on as records are appended"},
			&cli.BoolFlag{Name: "follow-name", Aliases: []string{"F"}, Usage: "as -f, and wait for DIR to appear"},
			&cli.BoolFlag{Name: "raw", Usage: "print the records' exact bytes, as cat does"},
		}, rangeFlags("10")...),
		Action: func(c *cli.Context) error {
			dir, err := oneDir(c)
			if err != nil {
				return err
			}
			q, err := query(c, 10)
			if err != nil {
				return err
			}
			out := newOutput(c)
			if c.Bool("raw") {
				return stream(c, dir, q, out, out.exact)
			}
			return stream(c, dir, q, out, newLines(c, out).line)
		},
	}
}

// output is a command's stdout, buffered; an error of it sticks.
type output struct {
	*bufio.Writer
	file any // what is behind it, to ask for a terminal
}

func newOutput(c *cli.Context) *output {
	return &output{bufio.NewWriterSize(c.App.Writer, 128<<10), c.App.Writer}
}

// exact prints a record's bytes.
func (o *output) exact(rec reader.Record) error {
	if _, err := o.Write(rec.Text); err != nil {
		return err
	}
	return o.WriteByte('\n')
}

// stream prints the records of a query, and those that come if the flags say so.
func stream(c *cli.Context, dir string, q reader.Query, out *output, show func(reader.Record) error) (err error) {
	follow := c.Bool("follow") || c.Bool("follow-name")
	l, err := openLog(dir)
	for c.Bool("follow-name") && errors.Is(err, segment.ErrNoLog) {
		if err := pause(c.Context); err != nil {
			return nil
		}
		l, err = openLog(dir)
	}
	if err != nil {
		return err
	}
	var watch *reader.Watch
	if follow {
		watch = reader.NewWatch(l.Dir) // before the first reading, so that nothing is missed
		defer watch.Close()
	}
	r, err := reader.New(l, q)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	skipped := 0
	for {
		n, err := printAll(c, r, show)
		skipped += n
		if err = errors.Join(err, out.Flush()); err != nil {
			return err
		}
		if !follow || (q.To != 0 && r.Seq() > q.To) {
			break
		}
		if watch.Wait(c.Context) != nil {
			return c.Context.Err()
		}
		if err := r.Refresh(); err != nil {
			return err
		}
	}
	if skipped > 0 {
		return &exitError{code: exitDamaged, err: errReported}
	}
	return nil
}

// pause waits a moment for a log to appear.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(200 * time.Millisecond):
		return nil
	}
}

// printAll prints what r has, names what is damaged, and says how much that was.
func printAll(c *cli.Context, r *reader.Reader, show func(reader.Record) error) (skipped int, err error) {
	for r.Next() {
		if err := c.Context.Err(); err != nil {
			return skipped, err
		}
		switch rec := r.Record(); {
		case rec.Damage != nil:
			skipped++
			say(c.App.ErrWriter, "record %d is damaged and skipped: %v", rec.Seq, rec.Damage)
		case rec.Blank:
			say(c.App.ErrWriter, "record %d was lost and repaired: its place is blank", rec.Seq)
		default:
			if err := show(rec); err != nil {
				return skipped, err
			}
		}
	}
	return skipped, r.Err()
}

// lines shows records for eyes.
type lines struct {
	out      *output
	zone     *time.Location
	width    int
	previous time.Time
	header   bool
}

func newLines(c *cli.Context, out *output) *lines {
	return &lines{out: out, zone: zone(c), width: width(out.file)}
}

func (l *lines) line(rec reader.Record) error {
	if !l.header {
		l.header = true
		name, _ := rec.Time.In(l.zone).Zone()
		fmt.Fprintf(l.out, "%-*s  %-*s  %*s  %*s  %s\n", seqWidth, "SEQ", timeWidth, "TIME ("+name+")", gapWidth, "GAP", sizeWidth, "SIZE", "FIELDS")
	}
	gap := ""
	if !l.previous.IsZero() {
		gap = durationText(rec.Time.Sub(l.previous))
	}
	l.previous = rec.Time
	text := fmt.Sprintf("%-*d  %-*s  %*s  %*s  %s", seqWidth, rec.Seq, timeWidth, rec.Time.In(l.zone).Format("01-02 15:04:05"),
		gapWidth, gap, sizeWidth, bytesText(int64(len(rec.Text))), summary(rec.Text, l.width))
	_, err := fmt.Fprintln(l.out, cut(text, l.width))
	return err
}

// The widths of tail's columns.
const (
	seqWidth  = 5
	timeWidth = 14
	gapWidth  = 6
	sizeWidth = 6
)

// cut shortens a line to the columns that it may take.
func cut(s string, columns int) string {
	return strings.TrimRight(truncate(s, columns), " ")
}
