package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/histlog/histlog/internal/field"
	"github.com/histlog/histlog/internal/plot"
	"github.com/histlog/histlog/internal/report/html"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func plotCommand() *cli.Command {
	return &cli.Command{
		Name:      "plot",
		Usage:     "draw numbers of the records over time",
		ArgsUsage: "DIR POINTER…",
		Description: `Draws one chart for each POINTER, a field of cat --fields: /total_matches, /matches# (how many
members or elements), /matches/*/score (every value that the star matches) or $bytes (the size
of the record). A boolean is drawn as 0 or 1, and a string that is a number, as that number.
Each column has a band from the min to the max of its values, and the line of the means.
Nothing is drawn where records have no number, or where none came for three times the usual
gap. The time of a record is its own; without one, it is when the record arrived. Every record
of the range is read, as cat does; memory does not grow with their number.

A POINTER without a number is left out with a message; it is an error if all are. If there are
no records to draw, nothing is written, and an older FILE stays as it is.

   histlog plot step2 /total_matches
   histlog plot --since '2025-05-28' step2 /total_matches /matches# '$bytes'
   histlog plot --html matches.html step2 /total_matches
   histlog plot --svg matches.svg -n 480 step2 /total_matches`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "html", TakesFile: true, Usage: "write a self-contained page to `FILE`, or - for standard output; dragging over a chart zooms"},
			&cli.StringFlag{Name: "svg", TakesFile: true, Usage: "write a picture to `FILE`, or - for standard output"},
			progressFlag(),
		}, rangeFlags("all")...),
		Action: runPlot,
	}
}

func runPlot(c *cli.Context) error {
	if c.NArg() < 2 {
		return noPointer(c)
	}
	fields, err := plotFields(c, c.Args().Tail())
	if err != nil {
		return err
	}
	if err := checkTargets(c); err != nil {
		return err
	}
	q, err := query(c, 0)
	if err != nil {
		return err
	}
	l, err := openLog(c, c.Args().First())
	if err != nil {
		return err
	}
	p, err := collectPlot(c, l, q, fields)
	if err != nil {
		return err
	}
	if p.Records == p.Lost+p.Damaged {
		say(c.App.ErrWriter, "%s", nothingToPlot(c, l, q, p))
	} else {
		err = writePlot(c, l, p)
	}
	if err == nil && p.Damaged > 0 {
		return &exitError{code: exitDamaged, err: errReported, hint: "histlog verify " + l.Dir + " lists every damaged record; all others are drawn"}
	}
	return err
}

// checkTargets checks that --html and --svg do not write to one file.
func checkTargets(c *cli.Context) error {
	if !c.IsSet("html") || !c.IsSet("svg") {
		return nil
	}
	page, picture := c.String("html"), c.String("svg")
	before, err := os.Stat(page)
	other, err2 := os.Stat(picture)
	if filepath.Clean(page) == filepath.Clean(picture) || err == nil && err2 == nil && os.SameFile(before, other) {
		return usage("plot", "--html and --svg both write %s: name two files", page)
	}
	return nil
}

// writePlot writes a plot to the files that flags name, or else draws it.
func writePlot(c *cli.Context, l *segment.Log, p *plot.Plot) (err error) {
	source := html.Source{Dir: l.Dir, Zone: zone(c), Version: versionText()}
	if c.IsSet("html") {
		err = writeOutput(c, c.String("html"), func(out io.Writer) error { return html.WritePlot(out, p, source) })
	}
	if c.IsSet("svg") && err == nil {
		err = writeOutput(c, c.String("svg"), func(out io.Writer) error { return html.WriteSVG(out, p, source) })
	}
	if !c.IsSet("html") && !c.IsSet("svg") {
		err = p.Draw(c.App.Writer, zone(c))
	}
	return err
}

// plotFields parses the pointers of charts.
func plotFields(c *cli.Context, pointers []string) (fields []field.Field, err error) {
	for _, pointer := range pointers {
		parsed, err := field.Parse([]string{pointer})
		if err != nil {
			return nil, usage(c.Command.Name, "%v", err)
		}
		fields = append(fields, parsed...)
	}
	return fields, nil
}

// collectPlot reads the records of a query; nil if there are no fields. Fields without a number
// are left out with a message. It is a usage error if all are.
func collectPlot(c *cli.Context, l *segment.Log, q reader.Query, fields []field.Field) (*plot.Plot, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	bar, err := newProgress(c, "reading")
	if err != nil {
		return nil, err
	}
	defer bar.Finish()
	r, err := reader.NewContext(c.Context, l, q)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	damaged := damagedRecords{say: func(format string, a ...any) { say(c.App.ErrWriter, format, a...) }}
	collector, read := plot.NewCollector(fields), int64(0)
	for r.Next() {
		rec := r.Record()
		if rec.Damage != nil {
			damaged.add(rec.Seq, rec.Damage)
		}
		collector.Add(rec)
		read += int64(len(rec.Text))
		bar.Set(read, 0)
	}
	damaged.flush()
	if err := r.Err(); err != nil {
		return nil, err
	}
	p := collector.Plot()
	if p.Records == p.Lost+p.Damaged {
		return p, nil
	}
	empty := p.RemoveEmpty()
	if len(p.Series) == 0 {
		return nil, noNumbers(c, l, empty[0])
	}
	for _, s := range empty {
		say(c.App.ErrWriter, "%s has no numbers to draw: %s", term.Safe(s.Name()), s.Instead())
	}
	return p, nil
}

// noPointer returns the error for a command line without a pointer. It names some if DIR is
// a log.
func noPointer(c *cli.Context) error {
	err := usage("plot", "want DIR and at least one POINTER, such as /total_matches")
	if c.NArg() == 0 {
		return err
	}
	l, e := openLog(c, c.Args().First())
	if e != nil {
		return e
	}
	return suggest(c, l, err)
}

// noNumbers returns the error for a series without numbers.
func noNumbers(c *cli.Context, l *segment.Log, s *plot.Series) error {
	return suggest(c, l, usage(c.Command.Name, "%s has no numbers to draw: %s", s.Name(), s.Instead()))
}

// suggest returns err with a hint that names pointers to numbers in the newest record. If
// there are none, or the record cannot be read, the hint is that of every usage error.
func suggest(c *cli.Context, l *segment.Log, err *exitError) error {
	newest, e := newestText(c, l)
	if e != nil {
		return err
	}
	var words []string
	for _, pointer := range plot.Suggest(newest) {
		words = append(words, shellWord(pointer))
	}
	if len(words) > 0 {
		err.hint = "the newest record has numbers at " + strings.Join(words, " ")
	}
	return err
}

// newestText returns the text of the newest record.
func newestText(c *cli.Context, l *segment.Log) ([]byte, error) {
	r, err := reader.NewContext(c.Context, l, reader.Query{Last: 1})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if !r.Next() {
		return nil, r.Err()
	}
	return append([]byte(nil), r.Record().Text...), nil
}

// nothingToPlot says why no chart is drawn.
func nothingToPlot(c *cli.Context, l *segment.Log, q reader.Query, p *plot.Plot) string {
	if notes := p.Notes(); p.Records > 0 {
		return "no records to draw: " + strings.Join(notes, ", ")
	}
	if text := nothingFound(l, q, zone(c)); text != "" {
		return text
	}
	return fmt.Sprintf("%s has no records yet", term.Safe(l.Dir))
}
