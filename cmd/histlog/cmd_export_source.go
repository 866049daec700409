package main

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// sourceQuery returns the query for the records of the source that --source names.
func sourceQuery(c *cli.Context, l *segment.Log) (q reader.Query, err error) {
	for _, name := range []string{"n", "since", "until", "from", "to"} {
		if c.IsSet(name) {
			return q, usage("export", "--source writes all records of a source: leave out %s", dashed(name))
		}
	}
	if c.String("format") != exportFormats[0].name {
		return q, usage("export", "choose --source or --format %s", c.String("format"))
	}
	whole, err := migrate.ReadReceipt(l)
	if err != nil {
		return q, err
	}
	if whole == nil || whole.Sources == 0 {
		return q, usage("export", "--source: %s was not migrated from several files", l.Dir)
	}
	one, err := migrate.ReadSource(l, c.Int("source"))
	switch {
	case err != nil:
		return q, err
	case one == nil:
		return q, usage("export", "--source %d: %s has the sources 1 to %d", c.Int("source"), l.Dir, whole.Sources)
	case one.Records == 0: // no record is needed
		return reader.Query{Last: 1}, nil
	}
	return reader.Query{From: one.FirstSeq, To: one.LastSeq}, nil
}

// exportFrom exports the records, or the source that --source names.
func exportFrom(c *cli.Context, l *segment.Log, format migrate.Format, records iter.Seq2[segment.Record, error], out io.Writer) (migrate.ExportResult, error) {
	if c.IsSet("source") {
		return migrate.ExportSource(out, l, c.Int("source"), records)
	}
	done, err := migrate.Export(out, l, format, records)
	var several *migrate.SourcesError
	if errors.As(err, &several) {
		err = &exitError{code: exitUsage, err: fmt.Errorf("%s: %w", l.Dir, err), hint: sourcesHint(l, several.Sources)}
	}
	return done, err
}

// sourcesHint names the sources of a log, up to a few.
func sourcesHint(l *segment.Log, n int) string {
	const most = 4
	names := ""
	for i := 1; i <= min(n, most); i++ {
		one, err := migrate.ReadSource(l, i)
		if err != nil || one == nil {
			break
		}
		names += fmt.Sprintf("%d is %s, ", i, one.Source)
	}
	if n > most {
		names += fmt.Sprintf("… %d, ", n)
	}
	return fmt.Sprintf("choose one with --source: %sor write all records as one array with --format array", names)
}
