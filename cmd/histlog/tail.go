package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
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
			if c.Bool("raw") {
				return stream(c, dir, q, exactPrinter)
			}
			return stream(c, dir, q, linePrinter)
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

// A printer shows records on an output.
type printer struct {
	show func(reader.Record) error
	wait func() // called while none come; nil: nothing to do
}

// exactPrinter prints records' bytes.
func exactPrinter(_ *cli.Context, _ *segment.Log, out *output) (printer, error) {
	return printer{show: func(rec reader.Record) error {
		if _, err := out.Write(rec.Text); err != nil {
			return err
		}
		return out.WriteByte('\n')
	}}, nil
}

// stream prints the records of a query, and those that come if the flags say so.
func stream(c *cli.Context, dir string, q reader.Query, newPrinter func(*cli.Context, *segment.Log, *output) (printer, error)) (err error) {
	follow := c.Bool("follow") || c.Bool("follow-name")
	l, err := openLog(c, dir)
	for c.Bool("follow-name") && errors.Is(err, segment.ErrNoLog) {
		if err := pause(c.Context); err != nil {
			return err
		}
		l, err = openLog(c, dir)
	}
	if err != nil {
		return err
	}
	out := newOutput(c)
	p, err := newPrinter(c, l, out)
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
		n, err := printAll(c, r, p.show)
		skipped += n
		if e := out.Flush(); err == nil {
			err = e // else the same, for bufio's errors stick
		}
		if err != nil {
			return err
		}
		if !follow || (q.To != 0 && r.Seq() > q.To) {
			break
		}
		if p.wait != nil {
			p.wait()
		}
		if err := watch.Wait(c.Context); err != nil {
			return err
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
	terminal bool
	colour   bool
	cadence  time.Duration
	hide     string // name of the member that the TIME column shows
	previous time.Time
	header   bool
	status   bool // a line that says how long it has waited stands on the screen
}

func linePrinter(c *cli.Context, l *segment.Log, out *output) (printer, error) {
	p := &lines{out: out, zone: zone(c), width: width(out.file), terminal: isTerminal(out.file)}
	p.colour = p.terminal && os.Getenv("NO_COLOR") == ""
	if names := strings.Split(l.Marker.Settings.Get("time-field"), "/"); len(names) == 2 {
		p.hide = names[1]
	}
	if !p.terminal {
		return printer{show: p.line}, nil
	}
	survey, err := reader.Look(l)
	if err != nil {
		return printer{}, err
	}
	p.cadence = survey.Cadence
	return printer{show: p.line, wait: p.waiting}, nil
}

const (
	red       = "\x1b[31m"
	plain     = "\x1b[0m"
	eraseLine = "\r\x1b[K"
)

func (l *lines) line(rec reader.Record) error {
	if l.status {
		l.status = false
		l.out.WriteString(eraseLine)
	}
	if !l.header {
		l.header = true
		name, _ := rec.Time.In(l.zone).Zone()
		fmt.Fprintf(l.out, "%-*s  %-*s  %*s  %*s  %s\n", seqWidth, "SEQ", timeWidth, "TIME ("+name+")", gapWidth, "GAP", sizeWidth, "SIZE", "FIELDS")
	}
	gap, late := "", false
	if !l.previous.IsZero() {
		d := rec.Time.Sub(l.previous)
		gap, late = durationText(d), l.cadence > 0 && d > reader.StallFactor*l.cadence
	}
	l.previous = rec.Time
	text := fmt.Sprintf("%-*d  %-*s  %*s  %*s  %s", seqWidth, rec.Seq, timeWidth, rec.Time.In(l.zone).Format(stamp),
		gapWidth, gap, sizeWidth, bytesText(int64(len(rec.Text))), summary(rec.Text, l.hide, l.width))
	text = strings.TrimRight(truncate(text, l.width), " ")
	if late && l.colour {
		text = strings.Replace(text, gap, red+gap+plain, 1)
	}
	_, err := fmt.Fprintln(l.out, text)
	return err
}

// waiting says on a terminal how long no record has come.
func (l *lines) waiting() {
	if l.previous.IsZero() {
		return
	}
	l.status = true
	usual := ""
	if l.cadence > 0 {
		usual = ", usual gap " + durationText(l.cadence)
	}
	fmt.Fprintf(l.out, "%swaiting %s%s", eraseLine, durationText(time.Since(l.previous).Truncate(time.Second)), usual)
	l.out.Flush()
}

// The widths of tail's columns.
const (
	seqWidth  = 5
	timeWidth = 14
	gapWidth  = 6
	sizeWidth = 6
)
