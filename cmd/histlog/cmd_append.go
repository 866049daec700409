package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
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
Several may append to one log: each gives up the writer's lock after a second
without input, and lets others that wait have their turn.

   python3 poll.py | histlog append step2
   histlog append step2 batch.json --create

A program that was killed before it read the acknowledgement of its value, and
that got 787 for the one before, sends it again and can't double it:

   histlog append step2 batch.json --retry-after 787`,
		Flags: append(append([]cli.Flag{
			&cli.BoolFlag{Name: "create", Usage: "make the log if there is none"},
			&cli.StringFlag{Name: "lock-wait", Usage: "how long to wait for another writer; 0s: not at all", Value: "10s"},
			&cli.BoolFlag{Name: "exclusive", Usage: "hold the writer's lock from start to end, although no input comes and others wait"},
			&cli.Uint64Flag{Name: "retry-after", Usage: "if the first value is already there after `SEQ`, answer with where it stands"},
			&cli.BoolFlag{Name: "allow-empty", Usage: "no value at all is no error"},
			jsonFlag(),
		}, inputFlags()...), newLogFlags()...),
		Action: runAppend,
	}
}

// groupBytes is how much of what stands ready is committed together.
const groupBytes = 4 << 20

// A feeder appends what a stream of values gives and acknowledges it.
type feeder struct {
	dir       string
	out       io.Writer
	stderr    io.Writer
	json      bool
	create    bool
	zone      *timezone.Zone // of a log that this command made, until it has been mentioned
	exclusive bool
	retry     *segment.Sequence // after which the first value may be there already
	options   segment.Options
	writer    *segment.Writer // nil: the lock was given up
	waiting   []segment.Ack   // written, not yet committed
	bytes     int64           // of these
	count     uint64
	deaf      error        // why acknowledgements can't be written
	look      time.Time    // when to look whether another writer waits
	sealed    int          // segments that the writer had sealed when upkeep was last thought of
	upkeep    <-chan error // of a child that was started
}

func runAppend(c *cli.Context) (err error) {
	if c.NArg() < 1 {
		return usage("append", "want the log's directory")
	}
	f := &feeder{dir: c.Args().First(), out: c.App.Writer, stderr: c.App.ErrWriter, json: c.Bool("json"), create: c.Bool("create"), exclusive: c.Bool("exclusive")}
	if c.IsSet("retry-after") {
		after := segment.Sequence(c.Uint64("retry-after"))
		f.retry, f.create = &after, f.create && after == 0 // a new log never gave that sequence
	}
	if f.options.LockWait, err = segment.ParseDuration(c.String("lock-wait")); err != nil {
		return usage("append", "--lock-wait: %v", err)
	}
	f.options.Memory = largestRecord(c)
	if f.options.Settings, err = settingsOf(c); err != nil {
		return err
	}
	accept, err := acceptOf(c)
	if err != nil {
		return err
	}
	policy, err := f.policy()
	if err != nil {
		return named("append", err)
	}
	accept.MaxBytes, accept.Memory, accept.Capture = policy.MaxRecord, largestRecord(c), policy.TimeField
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // so that a closed pipe is an error of the write
	if c.NArg() == 1 && term.IsTerminal(os.Stdin) {
		say(c.App.ErrWriter, "reading JSON from the terminal; end it with Ctrl-D")
	}
	err = f.run(c.Context, policy.Sync, c.Args().Tail(), accept)
	switch {
	case err != nil || f.count > 0:
		return err
	case !c.Bool("allow-empty"):
		return &exitError{code: exitRejected, err: fmt.Errorf("append to %s: no value came", f.dir), hint: "an empty batch is meant? --allow-empty"}
	case f.create: // a log to be configured before its first record
		err = f.open(c.Context)
		sayNotableZone(f.stderr, f.zone)
		return errors.Join(err, f.giveUp())
	}
	return nil
}

// policy returns the settings that will hold, and whether there is a log to append to.
func (f *feeder) policy() (segment.Policy, error) {
	l, err := segment.Open(f.dir)
	switch {
	case err == nil:
		return l.Marker.Settings.With(f.options.Settings).Policy()
	case f.create && errors.Is(err, segment.ErrNoLog) && !migrationAt(f.dir), errors.Is(err, segment.ErrCorrupt) && l.Marker.Format != "":
		return f.options.Settings.Policy()
	}
	return segment.Policy{}, err
}

// migrationAt says whether dir holds a half-made migration, which is the next
// migrate's to clear.
func migrationAt(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, segment.OriginName))
	return err == nil
}

// run appends until the input ends, and then gives everything back.
func (f *feeder) run(ctx context.Context, sync segment.Sync, files []string, accept jsonscan.Options) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var err error
	if f.exclusive {
		err = f.open(ctx)
	}
	if err == nil {
		err = f.feed(ctx, sync, readValues(ctx, files, accept))
	}
	if e := f.commit(); err == nil {
		err = e // else the same, or of what the first one left
	}
	if e := f.giveUp(); err == nil {
		err = e
	}
	return err
}

// feed appends values as they come. The lock is taken for a value and given
// up when none has come for a while.
func (f *feeder) feed(ctx context.Context, sync segment.Sync, values *valueStream) error {
	quiet := time.NewTimer(idle)
	defer quiet.Stop()
	var group <-chan time.Time // when to commit what waits
	for f.deaf == nil {
		var v value
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-group:
			group = nil
			if err := f.commit(); err != nil {
				return err
			}
			continue
		case <-quiet.C:
			if !f.exclusive {
				group = nil
				if err := errors.Join(f.commit(), f.giveUp()); err != nil {
					return err
				}
			}
			continue
		case v = <-values.next:
		}
		if v.err == io.EOF {
			return nil
		}
		if v.err != nil {
			return v.err
		}
		err := f.write(ctx, v)
		values.done <- v.text
		if err != nil {
			return err
		}
		quiet.Reset(idle)
		switch {
		case sync.Mode == segment.SyncInterval:
			if group == nil {
				group = time.After(sync.Interval)
			}
		case len(values.next) == 0 || f.bytes >= groupBytes:
			if err := f.commit(); err != nil {
				return err
			}
		}
	}
	return nil
}

// write stages one value.
func (f *feeder) write(ctx context.Context, v value) error {
	if f.writer == nil {
		if err := f.open(ctx); err != nil {
			return err
		}
	}
	if f.zone != nil && timespec.IsZoneless(v.time) {
		sayZone(f.stderr, f.zone)
	}
	f.zone = nil
	if there, err := f.already(ctx, v); there || err != nil {
		return err
	}
	ack, err := f.writer.Write(v.text, v.time)
	if err != nil {
		return fmt.Errorf("append to %s: %w", f.dir, err)
	}
	f.count++
	f.waiting = append(f.waiting, ack)
	f.bytes += ack.Bytes
	return nil
}

// commit makes what waits durable and acknowledges it.
func (f *feeder) commit() error {
	if f.writer == nil || f.deaf != nil || len(f.waiting) == 0 {
		return nil
	}
	acks := f.waiting
	f.waiting, f.bytes = f.waiting[:0], 0
	if err := f.writer.Commit(); err != nil {
		return fmt.Errorf("append to %s: %w", f.dir, err)
	}
	durable := f.writer.Policy().Sync.Mode != segment.SyncNone
	for _, a := range acks {
		a.Durable = durable
		if err := f.answer(a); err != nil {
			return err
		}
	}
	f.maintain()
	return f.giveWay()
}

// answer acknowledges a record, or stops the reading.
func (f *feeder) answer(a segment.Ack) error {
	if f.deaf = f.acknowledge(a); f.deaf != nil {
		return &exitError{code: exitFailure, err: fmt.Errorf("append to %s: record %d is there, but its acknowledgement could not be written: %w", f.dir, a.Seq, f.deaf)}
	}
	return nil
}

func (f *feeder) acknowledge(a segment.Ack) error {
	if !f.json {
		_, err := fmt.Fprintf(f.out, "%d\n", a.Seq)
		return err
	}
	return term.PrintJSON(f.out, map[string]any{
		"seq": a.Seq, "time": term.JSONTime(a.Time), "segment": a.Segment, "offset": a.Offset, "bytes": a.Bytes, "durable": a.Durable, "duplicate": a.Duplicate,
	})
}
