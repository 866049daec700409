package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// exportFormats are the values of --format; the first one is the default.
var exportFormats = []struct {
	name, note string
	format     migrate.Format
}{
	{"original", " (the migrated file again)", migrate.Original},
	{"array", "", migrate.Array},
}

func exportCommand() *cli.Command {
	var formats []string
	for _, f := range exportFormats {
		formats = append(formats, f.name+f.note)
	}
	return &cli.Command{
		Name:      "export",
		Usage:     "write the records as one JSON file, as before the migration",
		ArgsUsage: "DIR",
		Description: `A log that was migrated from several files is exported one file at a time, with --source,
or with --format array as one JSON array of all records.

   histlog export step2 | sha256sum
   histlog export -n 50 -o small.json step2`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", TakesFile: true, Aliases: []string{"o"}, Usage: "write to `FILE`, which is replaced atomically (default: standard output)"},
			&cli.IntFlag{Name: "source", Usage: "write source `N`, counted from 1, of a log that was migrated from several files", DefaultText: "none"},
			&cli.StringFlag{Name: "format", Usage: english.WordSeries(formats, "or"), Value: exportFormats[0].name},
		}, rangeFlags("all")...),
		Action: runExport,
	}
}

func runExport(c *cli.Context) error {
	dir, err := oneDir(c)
	if err != nil {
		return err
	}
	format, err := parseExportFormat(c.String("format"))
	if err != nil {
		return err
	}
	q, err := query(c, 0)
	if err != nil {
		return err
	}
	l, err := openLog(c, dir)
	if err != nil {
		return err
	}
	if c.IsSet("source") {
		if q, err = sourceQuery(c, l); err != nil {
			return err
		}
	}
	var lost lostRecords
	write := func(out io.Writer) error { return export(c, l, q, format, &lost, out) }
	if name := c.String("output"); name != "" {
		err = writeOutput(c, name, write)
	} else {
		err = write(c.App.Writer)
	}
	switch {
	case err != nil:
		return err
	case lost.met == 0 && c.IsSet("source"): // the source had no record
		return nil
	case lost.met == 0:
		if text := nothingFound(l, q, zone(c)); text != "" {
			say(c.App.ErrWriter, "%s", text)
		}
		return nil
	case lost.count == 0:
		return nil
	case byNumber(q):
		return lostError(l.Dir, lost.String())
	}
	say(c.App.ErrWriter, "%v", &lost)
	return nil
}

func parseExportFormat(name string) (migrate.Format, error) {
	var names []string
	for _, f := range exportFormats {
		if f.name == name {
			return f.format, nil
		}
		names = append(names, f.name)
	}
	return 0, usage("export", "--format %s: want %s", name, english.WordSeries(names, "or"))
}

func export(c *cli.Context, l *segment.Log, q reader.Query, format migrate.Format, lost *lostRecords, out io.Writer) error {
	records := func(yield func(segment.Record, error) bool) { // Export may range over it twice
		r, err := reader.NewContext(c.Context, l, q)
		if err != nil {
			yield(segment.Record{}, err)
			return
		}
		defer r.Close()
		r.All(c.Context)(yield)
	}
	done, err := exportFrom(c, l, format, lost.watch(records), out)
	if err != nil {
		return err
	}
	if done.Array != "" {
		say(c.App.ErrWriter, "an array of the records was written, not the migrated file with them: %s", done.Array)
	}
	if done.Dropped > 0 {
		say(c.App.ErrWriter, "%s of the migrated file between records that are not exported %s left out", term.Plural(done.Dropped, "member"), term.IsAre(done.Dropped))
	}
	switch done.Differs {
	case migrate.Changed:
		return &exitError{code: exitDamaged, err: fmt.Errorf("%s: the export is not the source, whose SHA-256 is in the receipt", l.Dir), hint: "histlog verify " + l.Dir + " says what is damaged; --format array exports the records alone"}
	case migrate.Former:
		say(c.App.ErrWriter, "the export is not the source byte for byte: the log was made by an earlier histlog, which did not keep all white space")
	}
	if len(done.Stale) > 0 {
		say(c.App.ErrWriter, "the text around the records is that of the migrated file: %s may be out of date", strings.Join(done.Stale, ", "))
	}
	return nil
}
