package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "write the old JSON again",
		ArgsUsage: "DIR",
		Description: `   histlog export step2 | sha256sum
   histlog export -n 50 -o small.json step2`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", TakesFile: true, Aliases: []string{"o"}, Usage: "write to `FILE`, which is replaced atomically (default: standard output)"},
			&cli.StringFlag{Name: "format", Usage: "original (the migrated file again) or array", Value: "original"},
		}, rangeFlags("all")...),
		Action: runExport,
	}
}

func runExport(c *cli.Context) error {
	dir, err := oneDir(c)
	if err != nil {
		return err
	}
	formats := map[string]migrate.Format{"original": migrate.Original, "array": migrate.Array}
	format, ok := formats[c.String("format")]
	if !ok {
		return usage("export", "--format %s: want original or array", c.String("format"))
	}
	q, err := query(c, 0)
	if err != nil {
		return err
	}
	l, err := openLog(c, dir)
	if err != nil {
		return err
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

func export(c *cli.Context, l *segment.Log, q reader.Query, format migrate.Format, lost *lostRecords, out io.Writer) error {
	r, err := reader.NewContext(c.Context, l, q)
	if err != nil {
		return err
	}
	defer r.Close()
	done, err := migrate.Export(out, l, format, lost.watch(r.All(c.Context)))
	if err != nil {
		return err
	}
	switch done.Differs {
	case migrate.Changed:
		return &exitError{code: exitDamaged, err: fmt.Errorf("%s: the export is not the source, whose SHA-256 is in the receipt", l.Dir), hint: "histlog verify " + l.Dir + " says what is damaged; --format array exports the records alone"}
	case migrate.Former:
		say(c.App.ErrWriter, "the export is not the source byte for byte: the log was made by an earlier histlog, which did not keep all white space")
	}
	if len(done.Stale) > 0 {
		say(c.App.ErrWriter, "the text around the records is the source's: %s may no longer be true", strings.Join(done.Stale, ", "))
	}
	return nil
}
