package main

import (
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// inputFlags returns the flags for input that is not quite JSON.
func inputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "non-finite", Usage: "NaN and Infinity: fail, null, string or keep", Value: "fail"},
		&cli.StringFlag{Name: "invalid-utf8", Usage: "bytes that are not UTF-8: fail or replace", Value: "fail"},
	}
}

// newLogFlags returns the flags for the settings of a log that is created.
func newLogFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "segment-size", Usage: "`SIZE` at which the next segment is begun (default: 64M)"},
		&cli.StringFlag{Name: "time-field", Usage: "JSON `POINTER` to a record's time; a token * is the first member, and * alone its key (default: /timestamp; if records have none, migrate finds another)"},
		&cli.StringFlag{Name: "time-zone", Usage: "`ZONE` of times that name none, such as America/New_York (default: this machine's)"},
		&cli.StringFlag{Name: "time-format", Usage: "`FORMAT` of times: auto; unix, unix-ms, unix-us, unix-ns; day-first, month-first; or a pattern like '%d/%m/%Y %H:%M' (default: auto)"},
		&cli.StringFlag{Name: "sync", Usage: "`POLICY`: always, interval=1s or none (default: always)"},
		&cli.StringFlag{Name: "max-record", Usage: "largest record, as `SIZE` (default: 256M)"},
	}
}

// settingsOf returns the settings that the newLogFlags give.
func settingsOf(c *cli.Context) (segment.Settings, error) {
	s := segment.Settings{}
	for _, f := range newLogFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			s[name] = c.String(name)
		}
	}
	if err := s.Check(); err != nil {
		return nil, badSetting(c.Command.Name, s, err)
	}
	return s, nil
}

// acceptOf returns the options that the inputFlags give.
func acceptOf(c *cli.Context) (o jsonscan.Options, err error) {
	nonFinite := map[string]jsonscan.NonFinite{"fail": jsonscan.RejectNonFinite, "null": jsonscan.NullNonFinite, "string": jsonscan.StringifyNonFinite, "keep": jsonscan.KeepNonFinite}
	utf8 := map[string]jsonscan.InvalidUTF8{"fail": jsonscan.RejectUTF8, "replace": jsonscan.ReplaceUTF8}
	var ok bool
	if o.NonFinite, ok = nonFinite[c.String("non-finite")]; !ok {
		return o, usage(c.Command.Name, "--non-finite %s: want fail, null, string or keep", c.String("non-finite"))
	}
	if o.InvalidUTF8, ok = utf8[c.String("invalid-utf8")]; !ok {
		return o, usage(c.Command.Name, "--invalid-utf8 %s: want fail or replace", c.String("invalid-utf8"))
	}
	return o, nil
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print JSON"}
}

func utcFlag() cli.Flag { return &cli.BoolFlag{Name: "utc", Usage: "read and show times in UTC"} }

// zone returns the zone in which times are read and printed.
func zone(c *cli.Context) *time.Location {
	if c.Bool("utc") {
		return time.UTC
	}
	return time.Local
}

func progressFlag() cli.Flag {
	return &cli.StringFlag{Name: "progress", Usage: "auto (on a terminal), always or never", Value: "auto", EnvVars: []string{"HISTLOG_PROGRESS"}}
}

func dryRunFlag() cli.Flag {
	return &cli.BoolFlag{Name: "dry-run", Usage: "show what would be done and what the result would be; change nothing"}
}

// newProgress returns the Progress that the flag asks for.
func newProgress(c *cli.Context, label string) (*term.Progress, error) {
	p, err := term.NewProgress(c.App.ErrWriter, c.String("progress"), label)
	if err != nil {
		return nil, usage(c.Command.Name, "--progress %v", err)
	}
	return p, nil
}
