package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// An output is the buffered stdout of a command. After an error every write fails.
type output struct {
	*bufio.Writer
	file any // the underlying writer, which may be a terminal
}

func newOutput(c *cli.Context) *output {
	if f, ok := c.App.Writer.(*os.File); ok {
		widen(f)
	}
	return &output{bufio.NewWriterSize(c.App.Writer, 256<<10), c.App.Writer}
}

// A printer prints records to an output.
type printer struct {
	show  func(reader.Record) error
	flush func() error // writes what show has kept to the output; may be nil
	wait  func()       // called while no record arrives; may be nil
	erase func()       // removes the output of wait before anything else is printed; may be nil
}

type newPrinterFunc func(*cli.Context, *segment.Log, *output) (printer, error)

// exactPrinter prints the exact bytes of records.
func exactPrinter(_ *cli.Context, _ *segment.Log, out *output) (printer, error) {
	return printer{show: func(rec reader.Record) error {
		_, err := out.Write(rec.Line())
		return err
	}}, nil
}

// A stream prints the records of a query and, with --follow, those that arrive later.
type stream struct {
	c          *cli.Context
	dir        string
	query      reader.Query
	out        *output
	newPrinter newPrinterFunc
	printer    printer
	skipped    int // number of damaged records
	lost       lostRecords
	damaged    damagedRecords
	met        uint64       // number of records that were read, intact or not
	opened     *segment.Log // the log, which run opens if it is nil
	replaced   bool         // the log was removed or replaced
	waits      string       // last message of sayWaiting, "" since a record was read
}

func newStream(c *cli.Context, dir string, q reader.Query, n newPrinterFunc) *stream {
	s := &stream{c: c, dir: dir, query: q, out: newOutput(c), newPrinter: n}
	s.damaged.say = s.say
	return s
}

// run prints the records. With -F it waits for the log to appear, and starts again with
// the first record of a log that replaces it.
func (s *stream) run() error {
	defer endBlocked()()
	for {
		l, err := s.open()
		if err != nil {
			return err
		}
		err = s.print(l)
		s.replaced = s.replaced || err != nil && absent(err) && s.removed()
		if s.printer.erase != nil {
			s.printer.erase()
		}
		switch {
		case s.replaced && s.c.Bool("follow-name"):
			s.sayWaiting(err)
			s.replaced = false
			s.query = reader.Query{Since: s.query.Since, Until: s.query.Until}
		case err != nil:
			return s.orRemoved(err)
		case s.lost.count > 0: // and the query names records by sequence
			return lostError(l.Dir, s.lost.String())
		case s.skipped > 0:
			return &exitError{code: exitDamaged, err: errReported, hint: "histlog verify " + l.Dir + " lists every damaged record; all others stay readable"}
		default:
			if text := nothingFound(l, s.query, zone(s.c)); s.met == 0 && !s.follows() && text != "" {
				say(s.c.App.ErrWriter, "%s", text)
			}
			return nil
		}
	}
}

// sayWaiting says that -F waits, and why. It repeats the message only if a record was
// read in between.
func (s *stream) sayWaiting(why error) {
	text := fmt.Sprintf("%v; waiting for a log at this path", why)
	if text != s.waits {
		say(s.c.App.ErrWriter, "%s", text)
	}
	s.waits = text
}

// endBlocked lets a signal end the program while a write to stdout blocks, which cannot be
// cancelled. There is nothing to clean up then.
func endBlocked() (stop func()) {
	const grace = time.Second // for the program to end by itself
	caught, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(caught, endingSignals()...)
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-done:
		case s := <-caught:
			select {
			case <-done:
			case <-time.After(grace):
				dieOf(s)
			}
		}
	})
	return func() {
		signal.Stop(caught)
		close(done)
		watcher.Wait()
	}
}

// open opens the log. With -F it waits until there is one.
func (s *stream) open() (*segment.Log, error) {
	if l := s.opened; l != nil {
		s.opened = nil
		return l, nil
	}
	for {
		l, err := openLog(s.c, s.dir)
		if err == nil || !s.c.Bool("follow-name") || !absent(err) {
			return l, err
		}
		_ = l.Close()
		if err := s.checkReader(); err != nil {
			return nil, err
		}
		if err := pause(s.c.Context); err != nil {
			return nil, err
		}
	}
}

// checkReader writes an empty line if no process reads the output any more. That ends the program by
// SIGPIPE, or is an error; otherwise it would wait for a record, which may never come.
func (s *stream) checkReader() error {
	if !abandoned(s.out.file) {
		return nil
	}
	s.out.WriteByte('\n')
	return s.out.Flush() // bufio returns the first error
}

// removed reports whether the log is no longer there. rm -r removes it file by file,
// so a reader may meet a missing file before the log is gone as a whole.
func (s *stream) removed() bool {
	l, err := segment.OpenContext(s.c.Context, logOf(s.dir), nil)
	defer func() { l.Close() }() // also after an error
	return err != nil && absent(err)
}

// orRemoved returns err. If a file is missing, and within a second the log is missing too, it
// returns the error that the log was removed.
func (s *stream) orRemoved(err error) error {
	const looks = 5 // a second, in which rm -r removes most logs
	if !s.follows() || !absent(err) || errors.Is(err, segment.ErrNoLog) {
		return err
	}
	for range looks {
		if pause(s.c.Context) != nil {
			return err
		}
		l, now := segment.OpenContext(s.c.Context, logOf(s.dir), nil)
		_ = l.Close() // also after an error
		if errors.Is(now, segment.ErrNoLog) {
			return fmt.Errorf("the log was removed: %w", now)
		}
	}
	return err
}

// absent reports whether err means that there is no log, or one that is being copied or
// removed file by file.
func absent(err error) bool {
	var damage *segment.CorruptError
	return errors.Is(err, segment.ErrNoLog) || errors.Is(err, fs.ErrNotExist) || errors.As(err, &damage) && damage.Seq == 0
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

// print prints the records of one log until the range ends or the log is replaced.
func (s *stream) print(l *segment.Log) (err error) {
	if s.printer, err = s.newPrinter(s.c, l, s.out); err != nil {
		return err
	}
	var watch *reader.Watch
	if s.follows() {
		watch = reader.NewWatch(l.Dir) // before the first read, so that no append is missed
		defer watch.Close()
	}
	r, err := reader.NewContext(s.c.Context, l, s.query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		err := s.printAll(r)
		if e := s.flush(); err == nil {
			err = e // otherwise e is the same error: bufio returns the first one
		}
		if err != nil || !s.follows() || (s.query.To != 0 && r.Seq() > s.query.To) {
			return err
		}
		if s.printer.wait != nil {
			s.printer.wait()
		}
		if err := watch.Wait(s.c.Context); err != nil {
			return err
		}
		if err := s.checkReader(); err != nil {
			return err
		}
		if err := r.Refresh(); err != nil {
			s.replaced = absent(err) || errors.Is(err, reader.ErrReplaced)
			return err
		}
	}
}

// flush writes everything that was printed to stdout.
func (s *stream) flush() error {
	var err error
	if s.printer.flush != nil {
		err = s.printer.flush()
	}
	return cmp.Or(s.out.Flush(), err) // bufio returns the first error of a write
}

func (s *stream) follows() bool { return s.c.Bool("follow") || s.c.Bool("follow-name") }

// printAll prints the records that r has, and says which ones are damaged.
func (s *stream) printAll(r *reader.Reader) error {
	defer s.damaged.flush()
	for r.Next() {
		if err := s.c.Context.Err(); err != nil {
			return err
		}
		s.met++
		s.waits = ""
		rec := r.Record()
		if rec.Damage == nil {
			s.damaged.flush()
		}
		switch {
		case rec.Damage != nil:
			s.skipped++
			s.damaged.add(rec.Seq, rec.Damage)
		case rec.Blank:
			s.lost.add(rec.Seq)
		default:
			if err := s.printer.show(rec); err != nil {
				return err
			}
		}
	}
	s.sayLost()
	s.replaced = errors.Is(r.Err(), segment.ErrNoLog) || errors.Is(r.Err(), reader.ErrReplaced)
	return r.Err()
}

// sayLost lists the lost records among those that were read. If the query names records by
// sequence, run returns an error at the end instead.
func (s *stream) sayLost() {
	if s.lost.count == 0 || byNumber(s.query) && !s.follows() {
		return
	}
	if s.say("%v", &s.lost); byNumber(s.query) {
		s.skipped++ // the exit code reports it too
	}
	s.lost = lostRecords{}
}

// say prints a message between the records.
func (s *stream) say(format string, a ...any) {
	if s.printer.erase != nil {
		s.printer.erase()
	}
	say(s.c.App.ErrWriter, format, a...)
}
