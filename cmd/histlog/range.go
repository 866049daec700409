package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/report"
	"github.com/histlog/histlog/internal/timespec"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// rangeFlags returns the flags that select records, for tail, cat and export.
func rangeFlags(lastDefault string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "n", Aliases: []string{"lines"}, Usage: "only the newest `N` records; 0: none of the existing ones; +N: from the Nth on; or all", DefaultText: lastDefault},
		&cli.StringFlag{Name: "since", Usage: "only records of this `TIME` or later: 3h, 2 days ago, today, yesterday 07:15, 2025-05-30 07:15, RFC 3339, @unix"},
		&cli.StringFlag{Name: "until", Usage: "only records of this `TIME` or before"},
		&cli.Uint64Flag{Name: "from", Usage: "only from this `SEQ` on", DefaultText: "the oldest"},
		&cli.Uint64Flag{Name: "to", Usage: "only up to this `SEQ`", DefaultText: "the newest"},
		utcFlag(),
	}
}

// query returns the query that the rangeFlags give. last is the default of -n without any
// of them.
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
		if *bound.into, err = timespec.Parse(c.String(bound.name), time.Now(), zone(c)); err != nil {
			return q, usage(c.Command.Name, "--%s: %v", bound.name, err)
		}
	}
	if q == (reader.Query{}) {
		q.Last = last
	}
	if n := c.String("n"); n != "" {
		if err := countRecords(&q, n); err != nil {
			return q, usage(c.Command.Name, "-n: %v", err)
		}
	}
	return q, nil
}

// countRecords interprets -n as tail(1) does: 5 means the last five records, +5 means from
// the fifth on, and 0 means only records that are appended later.
func countRecords(q *reader.Query, s string) error {
	q.Last = 0
	if s == "all" {
		return nil
	}
	digits, from := strings.CutPrefix(s, "+")
	n, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a count: write a number, +N to begin with the Nth record, or all", s)
	case from:
		q.Skip = max(n, 1) - 1
	case n == 0:
		q.OnlyNew = true
	default:
		q.Last = n
	}
	return nil
}

// parseRange parses SEQ, SEQ..SEQ, SEQ.. or ..SEQ. An end that is omitted is 0.
func parseRange(s string) (from, to segment.Sequence, err error) {
	a, b, isRange := strings.Cut(s, "..")
	if !isRange {
		b = a
	}
	for _, end := range []struct {
		text string
		into *segment.Sequence
	}{{a, &from}, {b, &to}} {
		if end.text == "" && isRange && a != b {
			continue
		}
		n, err := strconv.ParseUint(end.text, 10, 64)
		if err != nil || n == 0 {
			return 0, 0, fmt.Errorf("%q is not a sequence: write 17, 17..20, 17.. or ..20", s)
		}
		*end.into = segment.Sequence(n)
	}
	if to != 0 && to < from {
		return 0, 0, fmt.Errorf("%q ends before it begins: write %d..%d", s, to, from)
	}
	return from, to, nil
}

// nothingFound describes a query that matches no record, and which records there are. It
// returns "" if the query has no bound.
func nothingFound(l *segment.Log, q reader.Query, zone *time.Location) string {
	var bounds []string
	show := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04:05 MST") }
	if q.From != 0 {
		bounds = append(bounds, fmt.Sprintf("from %d on", q.From))
	}
	if q.To != 0 {
		bounds = append(bounds, fmt.Sprintf("up to %d", q.To))
	}
	if !q.Since.IsZero() {
		bounds = append(bounds, "since "+show(q.Since))
	}
	if !q.Until.IsZero() {
		bounds = append(bounds, "until "+show(q.Until))
	}
	next, err := l.NextSeq()
	switch {
	case err != nil || len(bounds) == 0:
		return ""
	case next == l.Segments[0].Base:
		return "no records " + strings.Join(bounds, ", ") + "; the log has none yet"
	}
	said := []string{"no records " + strings.Join(bounds, ", ")}
	if at, ok := report.TimeOf(l, next-1); ok {
		said = append(said, fmt.Sprintf("the newest is %d, of %s", next-1, show(at)))
	}
	if at, ok := report.TimeOf(l, l.Segments[0].Base); ok && (!q.Until.IsZero() || q.To != 0) {
		said = append(said, fmt.Sprintf("the oldest is %d, of %s", l.Segments[0].Base, show(at)))
	}
	return strings.Join(said, "; ")
}

// byNumber reports whether q names records by sequence.
func byNumber(q reader.Query) bool { return q.From != 0 || q.To != 0 }
