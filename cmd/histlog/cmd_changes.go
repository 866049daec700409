package main

import (
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func changesCommand() *cli.Command {
	return &cli.Command{
		Name:      "changes",
		Usage:     "show when a value changed, from what to what, and how long it had held",
		ArgsUsage: "DIR POINTER…",
		Description: `Prints one line for each record in which the value of a POINTER differs from the one before.
A line with = shows the value in the first record. HELD is how long the value before had held;
≥ means that it may have held longer, before the first record, and 30s back that the time of
the record is 30 seconds before that of the value.

POINTER is a field of cat --fields, or several divided by commas, without names: /total_matches,
/matches# (how many members or elements) or $bytes. A part * is each member or element.

A value that a record does not have is absent. A member or element that * stands for is
forgotten while it is absent: it is not shown how long that was. Values are compared byte
for byte, or with --numeric, if both are numbers, exactly as decimals. On a terminal long
values are cut; in a pipe they are complete. Damaged and lost records are reported as in
cat; a change in one of them is shown with the next record.

   histlog changes step2 /total_matches
   histlog changes --since yesterday step2 '/matches#' /total_matches
   histlog changes -n 20 step2 '/matches/*/status/id'
   histlog changes -f -n 1 step2 /total_matches
   histlog changes --json step2 /total_matches | jq -c '[.time, .to]'`,
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "show new changes as they are appended"},
			&cli.BoolFlag{Name: "follow-name", Aliases: []string{"F"}, Usage: "as -f, but also wait for DIR to appear, and continue if another log replaces it"},
			&cli.BoolFlag{Name: "json", Usage: `print {"seq", "time", "pointer", "start", "from", "to", "held_seconds"} a line; "from" and "to" are missing if the value is absent`},
			&cli.BoolFlag{Name: "numeric", Usage: "compare numbers by their values: 1.0 equals 1, and 1e2 equals 100"},
		}, rangeFlags("all")...),
		Action: runChanges,
	}
}

func runChanges(c *cli.Context) error {
	if c.NArg() < 2 {
		return usage("changes", "want DIR and at least one POINTER, such as /total_matches")
	}
	q, err := query(c, 0)
	if err != nil {
		return err
	}
	plain, starred, err := trackedFields(c.Args().Tail())
	if err != nil {
		return usage("changes", "%v", err)
	}
	if len(plain)+len(starred) == 0 {
		return usage("changes", "$key is not a value of a record: it is the name or index that * stands for")
	}
	return newStream(c, c.Args().First(), q, func(c *cli.Context, _ *segment.Log, out *output) (printer, error) {
		emit := (&transitionPrinter{out: out, zone: zone(c)}).print
		if c.Bool("json") {
			emit = func(t *transition) error { return printTransition(out, t) }
		}
		return printer{show: newTracker(plain, starred, c.Bool("numeric"), emit).show}, nil
	}).run()
}
