package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
)

// nothingFound says that a query left out every record, and which there are; ""
// where the query has no bound.
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
	if at, ok := timeOf(l, next-1); ok {
		said = append(said, fmt.Sprintf("the newest is %d, of %s", next-1, show(at)))
	}
	if at, ok := timeOf(l, l.Segments[0].Base); ok && (!q.Until.IsZero() || q.To != 0) {
		said = append(said, fmt.Sprintf("the oldest is %d, of %s", l.Segments[0].Base, show(at)))
	}
	return strings.Join(said, "; ")
}
