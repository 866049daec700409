package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// checkName is the name of the one command with exit codes of its own.
const checkName = "check"

func checkCommand() *cli.Command {
	return &cli.Command{
		Name:      checkName,
		Usage:     "is history still arriving? one line for monitoring",
		ArgsUsage: "DIR",
		Description: `Exits 0 if all is well, 1 for a warning, 2 if it is critical and 3 if that
can't be told, as Nagios, Icinga and systemd understand it. It looks at indexes
and the lengths of files and reads no data: histlog verify does.

By default the last record is late after 3 usual gaps and critically late
after 10; a log with no usual gap yet has 1h and 10h.

   histlog check step2
   histlog check --stale-after 15m,1h --min-free 5G --max-disk 50G step2
   histlog check --prometheus histlog.prom step2`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "stale-after", Usage: "warn if nothing arrived for `WARN[,CRIT]`, such as 15m,1h", DefaultText: "3 and 10 usual gaps"},
			&cli.StringFlag{Name: "min-free", Usage: "warn if less than `SIZE` of the disk is free", Value: "1G"},
			&cli.StringFlag{Name: "max-disk", Usage: "warn if the log, with its indexes, takes more than `SIZE`"},
			&cli.StringFlag{Name: "prometheus", TakesFile: true, Usage: "write the figures to `FILE` too, for the node exporter's textfile collector"},
			jsonFlag(),
		},
		Action: runCheck,
	}
}

func runCheck(c *cli.Context) error {
	dir, err := oneDir(c)
	if err != nil {
		return err
	}
	bounds, err := boundsOf(c)
	if err != nil {
		return err
	}
	l, err := openLog(c, dir)
	if err != nil {
		return err
	}
	h, err := examine(c.Context, l)
	if err != nil {
		return err
	}
	return reportHealth(c, h.judge(bounds, time.Now()))
}

// boundsOf reads the thresholds.
func boundsOf(c *cli.Context) (b bounds, err error) {
	if c.IsSet("stale-after") {
		warning, critical, both := strings.Cut(c.String("stale-after"), ",")
		b.late, err = segment.ParseDuration(warning)
		if err == nil && both {
			b.tooLate, err = segment.ParseDuration(critical)
		}
		if err == nil && (b.late == 0 || both && b.tooLate < b.late) {
			err = errors.New("want WARN above 0, and CRIT not below it")
		}
		if err != nil {
			return b, usage(checkName, "--stale-after: %v", err)
		}
	}
	for _, size := range []struct {
		name string
		into *int64
	}{{"min-free", &b.minFree}, {"max-disk", &b.maxDisk}} {
		if c.String(size.name) == "" {
			continue
		}
		if *size.into, err = segment.ParseSize(c.String(size.name)); err != nil {
			return b, usage(checkName, "--%s: %v", size.name, err)
		}
	}
	return b, nil
}

// monitor has check speak to monitoring also when it could not look: the line
// says why on stdout, where monitoring looks for it. What the error says is
// damage is critical, everything else unknown.
func monitor(c *cli.Command) {
	action := c.Action
	c.Action = func(c *cli.Context) error {
		err := action(c)
		var said *exitError
		if err == nil || errors.As(err, &said) || c.Context.Err() != nil && errors.Is(err, c.Context.Err()) {
			return err
		}
		status := unknown
		if errors.Is(err, segment.ErrCorrupt) {
			status = critical
		}
		ended := reportHealth(c, assessment{dir: c.Args().First(), problems: []problem{{status, err.Error()}}})
		if _, hint := explain(err); hint != "" && term.IsTerminal(c.App.ErrWriter) { // monitoring expects one line
			term.Fprintf(c.App.ErrWriter, "hint: %s\n", hint)
		}
		return ended
	}
}

// reportHealth prints an assessment and makes the exit code of it.
func reportHealth(c *cli.Context, a assessment) error {
	if name := c.String("prometheus"); name != "" {
		if err := writeOutput(c, name, func(out io.Writer) error { return a.prometheus(out, logLabel(a.dir)) }); err != nil {
			a.problems = append(a.problems, problem{unknown, err.Error()})
		}
	}
	var err error
	if c.Bool("json") {
		err = term.PrintJSON(c.App.Writer, a.json())
	} else {
		_, err = fmt.Fprintln(c.App.Writer, a.line())
	}
	if err != nil {
		return &exitError{code: int(unknown), err: err}
	}
	if s := a.status(); s != fine {
		return &exitError{code: int(s), err: errReported}
	}
	return nil
}

// logLabel names a log to Prometheus, whatever directory check runs in.
func logLabel(dir string) string {
	if path, err := filepath.Abs(dir); err == nil {
		return path
	}
	return dir
}
