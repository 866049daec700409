package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// rangeFlags choose records: for tail, cat and export.
func rangeFlags(lastDefault string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "n", Usage: "only the last `N` records, or all", DefaultText: lastDefault},
		&cli.StringFlag{Name: "since", Usage: "only records of this `TIME` or later: -3h, today, 07:15, 2025-05-30 07:15, RFC 3339, @unix"},
		&cli.StringFlag{Name: "until", Usage: "only records of this `TIME` or before"},
		&cli.Uint64Flag{Name: "from", Usage: "only from this `SEQ` on"},
		&cli.Uint64Flag{Name: "to", Usage: "only up to this `SEQ`"},
		utcFlag(),
	}
}

func utcFlag() cli.Flag { return &cli.BoolFlag{Name: "utc", Usage: "read and show times in UTC"} }

// zone returns the zone in which times are read and shown.
func zone(c *cli.Context) *time.Location {
	if c.Bool("utc") {
		return time.UTC
	}
	return time.Local
}

// query reads the range flags. last is what -n is when no flag says anything.
func query(c *cli.Context, last uint64) (q reader.Query, err error) {
	q.From, q.To = segment.Sequence(c.Uint64("from")), segment.Sequence(c.Uint64("to"))
	switch {
	case c.IsSet("from") && q.From == 0, c.IsSet("to") && q.To == 0:
		return q, usage(c.Command.Name, "sequences begin with 1")
	case q.To != 0 && q.From > q.To:
		return q, usage(c.Command.Name, "--from %d comes after --to %d", q.From, q.To)
	}
	for _, bound := range []struct {
		name string
		into *time.Time
	}{{"since", &q.Since}, {"until", &q.Until}} {
		if !c.IsSet(bound.name) {
			continue
		}
		if *bound.into, err = parseTime(c.String(bound.name), time.Now(), zone(c)); err != nil {
			return q, usage(c.Command.Name, "--%s: %v", bound.name, err)
		}
	}
	if q == (reader.Query{}) {
		q.Last = last
	}
	if n := c.String("n"); n != "" {
		if q.Last, err = parseCount(n); err != nil {
			return q, usage(c.Command.Name, "-n: %v", err)
		}
	}
	return q, nil
}

// parseCount reads a count; "all" is 0, which asks for all.
func parseCount(s string) (uint64, error) {
	if s == "all" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no count: write a number from 1, or all", s)
	}
	return n, nil
}

// parseRange reads SEQ or SEQ..SEQ.
func parseRange(s string) (from, to segment.Sequence, err error) {
	a, b, isRange := strings.Cut(s, "..")
	if !isRange {
		b = a
	}
	x, errA := strconv.ParseUint(a, 10, 64)
	y, errB := strconv.ParseUint(b, 10, 64)
	if errA != nil || errB != nil || x == 0 || y < x {
		return 0, 0, fmt.Errorf("%q is no sequence: write 17 or 17..20", s)
	}
	return segment.Sequence(x), segment.Sequence(y), nil
}

// openLog opens a log for reading. The path of a segment file means its log.
func openLog(c *cli.Context, path string) (*segment.Log, error) {
	if segment.Named(filepath.Base(path)) {
		path = filepath.Dir(path)
	}
	l, err := segment.OpenContext(c.Context, path, nil)
	if l != nil {
		l.Memory = largestRecord(c)
	}
	return l, err
}
