package main

import (
	"fmt"

	"github.com/histlog/histlog/internal/field"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func catCommand() *cli.Command {
	return &cli.Command{
		Name:      "cat",
		Usage:     "print records, byte for byte, one a line",
		ArgsUsage: "DIR [SEQ|SEQ..SEQ|SEQ..|..SEQ]",
		Description: `Prints the exact bytes of each record. A damaged record is left out and reported on
standard error, and the exit code is 3. Lost records are counted on standard error; if
SEQ, --from or --to asks for a lost record, the exit code is 3.

With --fields, prints values of each record as one JSON object, as they are stored; null if
there is none. FIELDS are JSON pointers such as /total_matches, divided by commas; /matches#
is how many members or elements /matches has, $seq the sequence, $time the record's time,
$arrived when it was appended, $bytes its size. NAME=/matches/0/id names a value. A part *
matches every member or element, and prints a row for each; $key is its name or index.
--csv and --tsv print a header and rows, strings without quotes, and null as an empty value.

In the name of a member, ~0 is a ~ and ~1 a /, and ~, ~= ~# ~* are the characters themselves:
/a~,b is the member "a,b". Names with dots, as jq writes them, are read as a pointer: .a.b
is /a/b; an element of an array is /a/0, not .a[0].

   histlog cat step2 | jq .total_matches
   histlog cat step2 17..20
   histlog cat -n 1 step2
   histlog cat --since '2025-05-30 07:15' step2
   histlog cat -n 1 --json step2
   histlog cat --fields /timestamp,/total_matches step2
   histlog cat --csv --fields '$time,$key,/matches/*/status/id' step2
   histlog cat -f step2`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "print new records as they are appended"},
			&cli.BoolFlag{Name: "follow-name", Aliases: []string{"F"}, Usage: "as -f, but also wait for DIR to appear, and continue if another log replaces it"},
			&cli.BoolFlag{Name: "json", Usage: `print {"seq", "time", "record"} a line`},
			&cli.StringSliceFlag{Name: "fields", Usage: "print these `FIELDS` of each record, such as /timestamp,/total_matches; may be repeated"},
			&cli.BoolFlag{Name: "csv", Usage: "print --fields as CSV"},
			&cli.BoolFlag{Name: "tsv", Usage: "print --fields as CSV with tabs in place of commas"},
		}, rangeFlags("all")...),
		Action: runCat,
	}
}

func runCat(c *cli.Context) error {
	if c.NArg() < 1 || c.NArg() > 2 {
		return usage("cat", "want DIR and perhaps SEQ or SEQ..SEQ, not %d arguments", c.NArg())
	}
	q, err := query(c, 0)
	if err != nil {
		return err
	}
	if c.NArg() == 2 {
		if q.From != 0 || q.To != 0 {
			return usage("cat", "name the range once: as SEQ..SEQ, or with --from and --to")
		}
		if q.From, q.To, err = parseRange(c.Args().Get(1)); err != nil {
			return usage("cat", "%v", err)
		}
	}
	newPrinter, err := catPrinter(c)
	if err != nil {
		return err
	}
	s := newStream(c, c.Args().First(), q, newPrinter)
	if s.opened, err = present(c, q); err != nil {
		return err
	}
	return s.run()
}

// catPrinter returns the printer that the flags ask for.
func catPrinter(c *cli.Context) (newPrinterFunc, error) {
	switch fields, csv, tsv := c.IsSet("fields"), c.Bool("csv"), c.Bool("tsv"); {
	case csv && tsv, c.Bool("json") && (fields || csv || tsv):
		return nil, usage("cat", "choose one of --json, --csv and --tsv; --fields alone prints JSON")
	case fields:
		return fieldsPrinter(c)
	case csv || tsv:
		return nil, usage("cat", "--csv and --tsv print fields: name them with --fields")
	case c.Bool("json"):
		return wrappedPrinter, nil
	}
	return exactPrinter, nil
}

// fieldsPrinter returns the printer of the fields that --fields names.
func fieldsPrinter(c *cli.Context) (newPrinterFunc, error) {
	fields, err := field.Parse(c.StringSlice("fields"))
	if err != nil {
		return nil, usage("cat", "--fields: %v", err)
	}
	terminal := term.IsTerminal(c.App.Writer)
	switch {
	case c.Bool("csv"):
		return newFieldPrinter(fields, csvFormat(fields, ',', terminal)), nil
	case c.Bool("tsv"):
		return newFieldPrinter(fields, csvFormat(fields, '\t', terminal)), nil
	}
	return newFieldPrinter(fields, jsonFormat(fields)), nil
}

// present returns the log if the query names a sequence of it, and an error if that does
// not exist. The log is nil if the query names no sequence.
func present(c *cli.Context, q reader.Query) (*segment.Log, error) {
	if c.NArg() < 2 || c.Bool("follow") || c.Bool("follow-name") { // it may be appended later
		return nil, nil
	}
	l, err := openLog(c, c.Args().First())
	if err != nil {
		return nil, err
	}
	next, err := l.NextSeq()
	if err == nil && q.To >= next {
		return nil, noRecord(next-1, q.To)
	}
	return l, err
}

// noRecord returns the error for a record that the log does not have yet.
func noRecord(newest, asked segment.Sequence) error {
	return fmt.Errorf("%w: the newest is %d, asked for %d", segment.ErrNoRecord, newest, asked)
}

// wrappedPrinter prints each record as a JSON object with its sequence and time.
func wrappedPrinter(_ *cli.Context, _ *segment.Log, out *output) (printer, error) {
	return printer{show: func(rec reader.Record) error {
		fmt.Fprintf(out, `{"seq":%d,"time":"%s","record":`, rec.Seq, *term.JSONTime(rec.Time))
		out.Write(rec.Text)
		_, err := out.WriteString("}\n") // bufio returns the first error
		return err
	}}, nil
}
