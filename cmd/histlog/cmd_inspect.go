package main

import (
	"io"
	"strconv"

	"github.com/histlog/histlog/internal/field"
	"github.com/histlog/histlog/internal/report"
	"github.com/histlog/histlog/internal/report/html"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show what a log contains, or where one record is stored and what it consists of",
		ArgsUsage: "DIR [SEQ]",
		Description: `   histlog inspect step2
   histlog inspect step2 262
   histlog inspect --html step2.html step2
   histlog inspect --html step2.html --plot /total_matches --plot '$bytes' step2`,
		Flags: []cli.Flag{
			jsonFlag(), utcFlag(),
			&cli.StringFlag{Name: "html", Usage: "write a self-contained page with charts to `FILE`"},
			&cli.StringSliceFlag{Name: "plot", Usage: "show a chart of the numbers at `POINTER` on the page, as histlog plot draws it, which reads all records; may be repeated"},
			progressFlag(),
		},
		Action: runInspect,
	}
}

func runInspect(c *cli.Context) error {
	switch {
	case c.NArg() < 1 || c.NArg() > 2:
		return usage("inspect", "want DIR and perhaps SEQ, not %d arguments", c.NArg())
	case c.IsSet("html") && (c.NArg() == 2 || c.Bool("json") || c.String("html") == ""):
		return usage("inspect", "--html wants a FILE, and neither SEQ nor --json")
	case c.IsSet("plot") && !c.IsSet("html"):
		return usage("inspect", "--plot wants --html FILE; histlog plot draws on the terminal")
	}
	fields, err := plotFields(c, c.StringSlice("plot"))
	if err != nil {
		return err
	}
	l, err := openLog(c, c.Args().First())
	if err != nil {
		return err
	}
	if c.NArg() == 2 {
		seq, err := strconv.ParseUint(c.Args().Get(1), 10, 64)
		if err != nil || seq == 0 {
			return usage("inspect", "%q is not a sequence", c.Args().Get(1))
		}
		return inspectRecord(c, l, segment.Sequence(seq))
	}
	r, err := report.New(c.Context, l, zone(c))
	if err != nil {
		return err
	}
	switch {
	case c.Bool("json"):
		err = term.PrintJSON(c.App.Writer, r.JSON())
	case c.IsSet("html"):
		err = writePage(c, l, r, fields)
	default:
		err = r.Print(c.App.Writer)
	}
	if err == nil && len(r.Damage) > 0 {
		return &exitError{code: exitDamaged, err: errReported}
	}
	return err
}

// writePage writes the page of a log, with charts of fields.
func writePage(c *cli.Context, l *segment.Log, r *report.Report, fields []field.Field) error {
	p, err := collectPlot(c, l, reader.Query{}, fields)
	if err != nil {
		return err
	}
	return writeOutput(c, c.String("html"), func(out io.Writer) error { return html.Write(out, r, p, versionText()) })
}
