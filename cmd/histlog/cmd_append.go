package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/histlog/histlog/internal/feed"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/timespec"
	"github.com/histlog/histlog/internal/timezone"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func appendCommand() *cli.Command {
	return &cli.Command{
		Name:      "append",
		Usage:     "add each JSON value of standard input or of files as one durable record",
		ArgsUsage: "DIR [FILE…]",
		Description: `Prints each record's sequence once it is durable. Reads a stream: a pipeline
may keep one process open, write batch after batch, and read one line for each.
Several processes may append to one log: each releases the writer's lock after a
second without input, and gives it in turn to other processes that wait.

   python3 poll.py | histlog append step2
   histlog append step2 batch.json --create

The flags from --segment-size to --max-record are settings of the log that --create makes.
If there is a log already, they apply to this command alone.

If a program was killed before it read the number of its last value, it sends the value
again. If the number of the value before was 787, this appends no duplicate:

   histlog append step2 batch.json --retry-after 787`,
		Flags: append(append([]cli.Flag{
			&cli.BoolFlag{Name: "create", Usage: "make the log if there is none"},
			&cli.StringFlag{Name: "lock-wait", Usage: "how long to wait for another writer; 0s: not at all", Value: "10s"},
			&cli.BoolFlag{Name: "exclusive", Usage: "hold the writer's lock from start to end, even if no input comes and other writers wait"},
			&cli.Uint64Flag{Name: "retry-after", Usage: "if the first value was already appended after `SEQ`, print its number instead of appending it again", DefaultText: "append it in any case"},
			&cli.BoolFlag{Name: "allow-empty", Usage: "accept empty input"},
			jsonFlag(),
		}, inputFlags()...), newLogFlags()...),
		Action: runAppend,
	}
}

func runAppend(c *cli.Context) (err error) {
	if c.NArg() < 1 {
		return usage("append", "DIR, the log's directory, is missing")
	}
	dir := c.Args().First()
	var zone *timezone.Zone // zone of the log that is created; nil if none is, or if a flag names the zone
	o, err := appendOptions(c, &zone)
	if err != nil {
		return err
	}
	a, err := feed.New(dir, o)
	if err != nil {
		return annotate("append", err)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a write to a closed pipe then fails instead of killing the process
	if c.NArg() == 1 && term.IsTerminal(os.Stdin) {
		say(c.App.ErrWriter, "reading JSON from the terminal; end it with %s", endOfInput)
	}
	err = a.Run(c.Context, c.Args().Tail())
	switch {
	case err != nil:
		return appendError(err)
	case a.Count() > 0:
		return nil
	case !c.Bool("allow-empty"):
		return &exitError{code: exitRejected, err: fmt.Errorf("append to %s: no value came", dir), hint: "if empty input is intended, pass --allow-empty"}
	case o.Create: // a log to be configured before its first record
		created, err := a.CreateEmpty(c.Context)
		if created {
			sayNotableZone(c.App.ErrWriter, zone)
		}
		return err
	}
	return nil
}

// appendOptions returns the options that the flags give. zone receives the zone of a
// log that is created.
func appendOptions(c *cli.Context, zone **timezone.Zone) (o feed.Options, err error) {
	o = feed.Options{
		Create:    c.Bool("create"),
		Exclusive: c.Bool("exclusive"),
		NewSettings: func(s segment.Settings) segment.Settings {
			s, *zone = defaultZone(s)
			return s
		},
		Acknowledge: func(ack segment.Ack) error { return printAck(c, ack) },
		OnZoneless:  func() { sayZone(c.App.ErrWriter, *zone) },
		Warn:        func(message string) { say(c.App.ErrWriter, "warning: %s", message) },
	}
	if c.IsSet("retry-after") {
		after := segment.Sequence(c.Uint64("retry-after"))
		o.RetryAfter, o.Create = &after, o.Create && after == 0 // a new log cannot have acknowledged that sequence
	}
	if o.LockWait, err = timespec.ParseDuration(c.String("lock-wait")); err != nil {
		return o, usage("append", "--lock-wait: %v", err)
	}
	o.Memory = maxRecord(c)
	if o.Settings, err = settingsOf(c); err != nil {
		return o, err
	}
	o.Accept, err = acceptOf(c)
	o.Accept.Memory = maxRecord(c)
	return o, err
}

// appendError adds a hint to errors that have another meaning for append than for other
// commands.
func appendError(err error) error {
	var ack *feed.AckError
	var retry *feed.RetryError
	switch {
	case errors.As(err, &ack):
		return &exitError{code: exitFailure, err: err}
	case errors.As(err, &retry) && errors.Is(err, segment.ErrNoRecord):
		return &exitError{code: exitFailure, err: err, hint: "check that DIR is the log that gave that sequence; without --retry-after the value is appended in any case"}
	case errors.As(err, &retry) && errors.Is(err, segment.ErrRetired):
		return &exitError{code: exitFailure, err: err, hint: "run append without --retry-after to append the value; the retired records may have included it already"}
	}
	return err
}

// printAck acknowledges a record on standard output.
func printAck(c *cli.Context, a segment.Ack) error {
	if !c.Bool("json") {
		_, err := fmt.Fprintf(c.App.Writer, "%d\n", a.Seq)
		return err
	}
	return term.PrintJSON(c.App.Writer, map[string]any{
		"seq": a.Seq, "time": term.JSONTime(a.Time), "segment": a.Segment, "offset": a.Offset, "bytes": a.Bytes, "durable": a.Durable, "duplicate": a.Duplicate,
	})
}
