package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/report"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func tailCommand() *cli.Command {
	return &cli.Command{
		Name:      "tail",
		Usage:     "show records, one readable line each",
		ArgsUsage: "DIR",
		Description: `Shows one line for each record, as wide as the terminal: sequence, time, gap to the
record before, size, and members; for a large member only how much it contains.

   histlog tail step2
   histlog tail -f -n 2 step2
   histlog tail -n +700 step2
   histlog tail -F step2
   histlog tail --since -3h step2
   histlog tail --since yesterday --until 07:15 --utc step2
   histlog tail --from 700 --to 720 step2`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "show new records as they are appended"},
			&cli.BoolFlag{Name: "follow-name", Aliases: []string{"F"}, Usage: "as -f, but also wait for DIR to appear, and continue if another log replaces it"},
			&cli.BoolFlag{Name: "json", Usage: `print {"seq", "time", "record"} a line, as cat --json does`},
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
			if c.Bool("json") {
				return newStream(c, dir, q, wrappedPrinter).run()
			}
			if c.Bool("raw") {
				return newStream(c, dir, q, exactPrinter).run()
			}
			return newStream(c, dir, q, newTailPrinter).run()
		},
	}
}

// A tailPrinter prints each record as one line for people.
type tailPrinter struct {
	out      *output
	zone     *time.Location
	terminal bool // out is a terminal with escape sequences
	colour   bool
	log      *segment.Log
	gap      time.Duration    // usual gap between arrivals; 0 means not known
	seq      segment.Sequence // sequence of the record printed last, 0 if there is none
	previous time.Time        // time of record seq
	arrived  time.Time        // when the newest record arrived; zero if there is none
	header   string           // zone in the last header, "" before the first
	status   bool             // the line of waiting is on the screen
}

func newTailPrinter(c *cli.Context, l *segment.Log, out *output) (printer, error) {
	p := &tailPrinter{out: out, log: l, zone: zone(c), terminal: term.HasEscapes(out.file)}
	p.colour = p.terminal && os.Getenv("NO_COLOR") == ""
	if !p.terminal {
		return printer{show: p.line}, nil
	}
	recent, err := survey.Recent(l)
	if err != nil {
		return printer{}, err
	}
	p.gap, p.arrived = recent.Gap, recent.LastArrived
	return printer{show: p.line, wait: p.waiting, erase: p.erase}, nil
}

// Escape sequences of the terminal.
const (
	red       = "\x1b[31m"
	faint     = "\x1b[2m"
	plain     = "\x1b[0m"
	eraseLine = "\r\x1b[K"
)

// The widths of tail's columns.
const (
	seqWidth  = 5
	timeWidth = term.TimeWidth
	gapWidth  = 6
	sizeWidth = 6
)

func (l *tailPrinter) line(rec reader.Record) error {
	l.erase()
	columns := term.Width(l.out.file)                            // the window may have been resized
	if name, _ := rec.Time.In(l.zone).Zone(); name != l.header { // also when daylight saving time begins or ends
		l.header = name
		text := fmt.Sprintf("%-*s  %-*s  %*s  %*s  %s", seqWidth, "SEQ", timeWidth, "TIME ("+name+")", gapWidth, "GAP", sizeWidth, "SIZE", "FIELDS")
		fmt.Fprintln(l.out, l.coloured(faint, term.Truncate(text, columns)))
	}
	gap, late := "", false
	if before, ok := l.timeBefore(rec); ok {
		d := rec.Time.Sub(before)
		gap, late = term.Duration(d), l.isStall(d)
	}
	l.seq, l.previous, l.arrived = rec.Seq, rec.Time, rec.Arrived
	text := fmt.Sprintf("%-*d  %*s  %*s  %*s  %s", seqWidth, rec.Seq, timeWidth, term.Time(rec.Time.In(l.zone), time.Now()),
		gapWidth, gap, sizeWidth, term.Bytes(int64(len(rec.Text))), report.Summary(rec.Text, l.shown(rec), columns))
	text = strings.TrimRight(term.Truncate(text, columns), " ")
	if late {
		text = strings.Replace(text, gap, l.coloured(red, gap), 1)
	}
	_, err := fmt.Fprintln(l.out, text)
	return err
}

// timeBefore returns the time of the preceding record, which may not have been printed.
func (l *tailPrinter) timeBefore(rec reader.Record) (time.Time, bool) {
	if rec.Seq == l.seq+1 && l.seq > 0 {
		return l.previous, true
	}
	return report.TimeOf(l.log, rec.Seq-1)
}

// shown returns the name of the member that the TIME column shows, or "".
func (l *tailPrinter) shown(rec reader.Record) string {
	names := strings.Split(l.log.Marker.TimeRule(rec.Seq).Field, "/")
	if rec.Flags&segment.ClockTime != 0 || len(names) != 2 {
		return ""
	}
	return names[1]
}

// isStall reports whether the time from one record to the next is a stall.
func (l *tailPrinter) isStall(d time.Duration) bool { return l.gap > 0 && d > survey.StallAfter(l.gap) }

func (l *tailPrinter) coloured(colour, text string) string {
	if !l.colour {
		return text
	}
	return colour + text + plain
}

// waiting shows on a terminal how long no record has arrived.
func (l *tailPrinter) waiting() {
	text, late := "waiting for the first record", false
	if !l.arrived.IsZero() {
		d := max(0, time.Since(l.arrived)).Truncate(time.Second)
		text, late = "waiting "+term.Duration(d), health.IsLate(l.log, l.gap, d)
	}
	if l.gap > 0 {
		text += ", usual gap " + term.Duration(l.gap)
	}
	text = term.Truncate(text, term.Width(l.out.file)-1) // the cursor stays in its line
	if late {
		text = l.coloured(red, text)
	}
	l.status = true
	fmt.Fprint(l.out, eraseLine, text)
	l.out.Flush()
}

// erase removes the line that waiting has printed.
func (l *tailPrinter) erase() {
	if l.status {
		l.status = false
		l.out.WriteString(eraseLine)
		l.out.Flush()
	}
}
