package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/size"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/timespec"
	"github.com/urfave/cli/v2"
)

// checkName is the name of the only command with its own exit codes.
const checkName = "check"

func checkCommand() *cli.Command {
	late, tooLate := survey.LateAfter(0)
	return &cli.Command{
		Name:      checkName,
		Usage:     "report in one line, for monitoring, whether records still arrive",
		ArgsUsage: "DIR",
		Description: fmt.Sprintf(`The exit code is 0 for OK, 1 for a warning, 2 for critical and 3 for unknown, as Nagios,
Icinga and systemd expect. check reads the indexes and the lengths of the files, but no
records; histlog verify reads the records.

By default the next record is late after %d usual gaps and critically late after %d;
while no usual gap is known, after %.0fh and %.0fh.

   histlog check step2
   histlog check --stale-after 15m,1h --min-free 5G --max-disk 50G step2
   histlog check --prometheus histlog.prom step2`, survey.StallFactor, survey.TooLateFactor, late.Hours(), tooLate.Hours()),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "stale-after", Usage: "warn if nothing arrived for `WARN[,CRIT]`, such as 15m,1h", DefaultText: fmt.Sprintf("%d and %d usual gaps", survey.StallFactor, survey.TooLateFactor)},
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
	condition, err := health.Examine(c.Context, l)
	if err != nil {
		return err
	}
	return printHealth(c, condition.Judge(bounds, time.Now()))
}

// boundsOf returns the thresholds that the flags give.
func boundsOf(c *cli.Context) (b health.Bounds, err error) {
	if c.IsSet("stale-after") {
		warning, critical, both := strings.Cut(c.String("stale-after"), ",")
		b.Late, err = timespec.ParseDuration(warning)
		if err == nil && both {
			b.TooLate, err = timespec.ParseDuration(critical)
		}
		if err == nil && (b.Late == 0 || both && b.TooLate < b.Late) {
			err = errors.New("want WARN above 0, and CRIT not below it")
		}
		if err != nil {
			return b, usage(checkName, "--stale-after: %v", err)
		}
	}
	for _, limit := range []struct {
		name string
		into *int64
	}{{"min-free", &b.MinFree}, {"max-disk", &b.MaxDisk}} {
		if c.String(limit.name) == "" {
			continue
		}
		if *limit.into, err = size.Parse(c.String(limit.name)); err != nil {
			return b, usage(checkName, "--%s: %v", limit.name, err)
		}
	}
	return b, nil
}

// monitor wraps check so that a failure is reported on stdout too, where monitoring
// looks for it.
func monitor(c *cli.Command) {
	action := c.Action
	c.Action = func(c *cli.Context) error {
		err := action(c)
		var own *exitError
		if err == nil || errors.As(err, &own) || c.Context.Err() != nil && errors.Is(err, c.Context.Err()) {
			return err
		}
		failure := printHealth(c, health.Failed(c.Args().First(), err))
		if _, hint := explain(err); hint != "" && term.IsTerminal(c.App.ErrWriter) { // monitoring expects one line
			term.Fprintf(c.App.ErrWriter, "hint: %s\n", hint)
		}
		return failure
	}
}

// printHealth prints an assessment and returns an error with its exit code.
func printHealth(c *cli.Context, a health.Assessment) error {
	if name := c.String("prometheus"); name != "" {
		if err := writeOutput(c, name, a.WritePrometheus); err != nil {
			a.Add(health.Unknown, "%v", err)
		}
	}
	var err error
	if c.Bool("json") {
		err = term.PrintJSON(c.App.Writer, a.JSON())
	} else {
		_, err = fmt.Fprintln(c.App.Writer, a.Nagios())
	}
	if err != nil {
		return &exitError{code: int(health.Unknown), err: err}
	}
	if s := a.Status(); s != health.OK {
		return &exitError{code: int(s), err: errReported}
	}
	return nil
}
