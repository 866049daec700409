package main

import (
	"github.com/histlog/histlog/internal/report"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// inspectRecord shows where one record is and what it is made of.
func inspectRecord(c *cli.Context, l *segment.Log, seq segment.Sequence) error {
	r, err := report.OfRecord(l, seq)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = term.PrintJSON(c.App.Writer, r.JSON())
	} else {
		err = r.Print(c.App.Writer, zone(c))
	}
	if err != nil || !r.Blank {
		return err
	}
	var lost lostRecords
	lost.add(seq)
	return lostError(l.Dir, lost.String())
}
