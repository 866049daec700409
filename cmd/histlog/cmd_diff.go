package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/jsondiff"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func diffCommand() *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Usage:     "show what changed from one record to another",
		ArgsUsage: "DIR [SEQ [SEQ]]",
		Description: `Compares two records; of one SEQ, that record with the one before it; without SEQ, the
newest with the one before it. Each line is a value that was added (+), removed (-) or
changed (~), or an element that moved (>), by its JSON pointer: its pointer in the second
record, or, if it was removed, in the first. On a terminal long values are cut; in a pipe
they are complete. The exit code is 0 with and without differences.

Numbers are compared as they are written: 1.0 differs from 1. Strings are compared by their
characters: "\u0041" equals "A". The order of members does not count. The elements of two
arrays are paired by a member that tells them apart if all are objects that have it:
` + strings.Join(jsondiff.DefaultKeys, ", ") + `. In other arrays, the elements that are equal at
the beginning and at the end are left out, and the others are paired by their place. --json
prints the JSON Patch (RFC 6902) that turns the first record into the second.

   histlog diff step2
   histlog diff step2 262
   histlog diff step2 1 262
   histlog diff --key team,match_id step2
   histlog diff --json step2 | jq 'map(.path)'`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print a JSON Patch"},
			&cli.StringFlag{Name: "key", Usage: "pair the elements of an array by their member `NAME`, or the first that suits of NAME,NAME", DefaultText: strings.Join(jsondiff.DefaultKeys, ",")},
			utcFlag(),
		},
		Action: runDiff,
	}
}

func runDiff(c *cli.Context) (err error) {
	if c.NArg() < 1 || c.NArg() > 3 {
		return usage("diff", "want DIR and at most two SEQ, not %d arguments", c.NArg())
	}
	var named []segment.Sequence
	for _, arg := range c.Args().Tail() {
		seq, err := strconv.ParseUint(arg, 10, 64)
		if err != nil || seq == 0 {
			return usage("diff", "%q is not a sequence", arg)
		}
		named = append(named, segment.Sequence(seq))
	}
	l, err := openLog(c, c.Args().First())
	if err != nil {
		return err
	}
	first, second, err := compared(l, named)
	if err != nil {
		return err
	}
	before, err := readRecord(c, l, first)
	if err != nil {
		return err
	}
	after, err := readRecord(c, l, second)
	if err != nil {
		return err
	}
	keys := jsondiff.DefaultKeys
	if c.IsSet("key") {
		keys = strings.Split(c.String("key"), ",")
	}
	defer endBlocked()()
	out := newOutput(c)
	defer func() { err = errors.Join(err, out.Flush()) }()
	compare := func(emit func(*jsondiff.Change) error) error {
		return jsondiff.Compare(c.Context, before.Text, after.Text, keys, emit)
	}
	if c.Bool("json") {
		return printPatch(out, compare)
	}
	return printChanges(c, out, before, after, compare)
}

// compared returns the records to compare. named are those that the arguments name.
func compared(l *segment.Log, named []segment.Sequence) (before, after segment.Sequence, err error) {
	next, err := l.NextSeq()
	oldest := l.Segments[0].Base
	switch {
	case err != nil:
		return 0, 0, err
	case next == oldest:
		return 0, 0, fmt.Errorf("%w: %s has none yet", segment.ErrNoRecord, l.Dir)
	case len(named) > 0 && slices.Max(named) >= next:
		return 0, 0, noRecord(next-1, slices.Max(named))
	case len(named) == 2:
		return named[0], named[1], nil
	case len(named) == 0:
		named = []segment.Sequence{next - 1}
	}
	if named[0] == oldest {
		return 0, 0, &exitError{code: exitFailure, err: fmt.Errorf("record %d is the oldest of %s: there is none before it", oldest, l.Dir),
			hint: "name two records: histlog diff DIR SEQ SEQ"}
	}
	return named[0] - 1, named[0], nil
}

// readRecord reads a record. Its text is the caller's, and is compact JSON also if another
// program wrote the segment.
func readRecord(c *cli.Context, l *segment.Log, seq segment.Sequence) (rec reader.Record, err error) {
	r, err := reader.NewContext(c.Context, l, reader.Query{From: seq, To: seq})
	if err != nil {
		return rec, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if !r.Next() {
		return rec, cmp.Or(r.Err(), fmt.Errorf("record %d: %w", seq, segment.ErrNoRecord))
	}
	switch rec = r.Record(); {
	case rec.Damage != nil:
		return rec, &exitError{code: exitDamaged, err: rec.Damage,
			hint: fmt.Sprintf("name two other records: histlog diff DIR SEQ SEQ; histlog verify %s lists every damaged record", shellWord(l.Dir))}
	case rec.Blank:
		return rec, &exitError{code: exitDamaged, err: fmt.Errorf("record %d is lost", seq),
			hint: "name two other records: histlog diff DIR SEQ SEQ; the damaged bytes are in " + filepath.Join(l.Dir, filename.Quarantine)}
	}
	const room = 64 << 10 // beyond the text, so that the Scanner need not allocate again
	text := jsonscan.NewBytes(rec.Text, jsonscan.Options{NonFinite: jsonscan.KeepNonFinite})
	rec.Text, err = text.Value(make([]byte, 0, len(rec.Text)+room))
	if err == nil && text.Offset() < int64(len(r.Record().Text)) {
		err = errors.New("more follows the value")
	}
	if err != nil {
		return rec, &exitError{code: exitDamaged, err: fmt.Errorf("record %d is not JSON: %w", seq, err),
			hint: fmt.Sprintf("histlog cat %s %d prints its bytes", shellWord(l.Dir), seq)}
	}
	if text.NonFinite() > 0 && c.Bool("json") {
		say(c.App.ErrWriter, "warning: record %d has NaN or Infinity, which is not JSON: most programs cannot read it, nor a patch with it", seq)
	}
	return rec, nil
}
