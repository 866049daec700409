package html

import (
	"fmt"
	"strconv"
	"time"

	"github.com/histlog/histlog/internal/report"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
)

// A table is sorted by a click on the name of a column.
type table struct {
	Title, Note string
	Columns     []tableColumn
	Rows        [][]cell
}

type tableColumn struct {
	Name string
	Kind cellKind
}

// A cellKind determines how a column is aligned, and whether it is sorted by text or by
// value.
type cellKind string

const (
	textKind   cellKind = "text"
	numberKind cellKind = "number"
	timeKind   cellKind = "time"
)

type cell struct {
	Text, Value string
	Kind        cellKind
}

// A column is a column of a table whose rows are Ts. cell returns what it shows of a T,
// and the value to sort it by.
type column[T any] struct {
	tableColumn
	cell func(T) (text, value string)
}

func textColumn[T any](name string, of func(T) string) column[T] {
	return column[T]{tableColumn{name, textKind}, func(row T) (text, value string) { return of(row), "" }}
}

func numberColumn[T any](name string, of func(T) (string, float64)) column[T] {
	return column[T]{tableColumn{name, numberKind}, func(row T) (text, value string) {
		text, number := of(row)
		return text, strconv.FormatFloat(number, 'f', -1, 64)
	}}
}

// timeColumn returns a column of times in zone. The cell of the zero time is empty.
func timeColumn[T any](name string, zone *time.Location, of func(T) time.Time) column[T] {
	return column[T]{tableColumn{name, timeKind}, func(row T) (text, value string) {
		t := of(row)
		if t.IsZero() {
			return "", "0"
		}
		return term.DateTime(t.In(zone)), strconv.FormatInt(t.UnixMilli(), 10)
	}}
}

// newTable returns a table of rows.
func newTable[T any](title, note string, columns []column[T], rows []T) table {
	t := table{Title: title, Note: note}
	for _, c := range columns {
		t.Columns = append(t.Columns, c.tableColumn)
	}
	for _, row := range rows {
		var cells []cell
		for _, c := range columns {
			text, value := c.cell(row)
			cells = append(cells, cell{text, value, c.Kind})
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// maxRows is the maximum number of rows of a table.
const maxRows = 500

func segmentTable(r *report.Report) table {
	type segment = survey.Segment
	columns := []column[segment]{
		numberColumn("Sequences", func(s segment) (string, float64) { return report.RangeText(s), float64(s.Base) }),
		textColumn("State", report.StateText),
		numberColumn("Records", func(s segment) (string, float64) { return term.Count(s.Records), float64(s.Records) }),
		numberColumn("Plain", func(s segment) (string, float64) { return term.Bytes(int64(s.Bytes)), float64(s.Bytes) }),
		numberColumn("Disk", func(s segment) (string, float64) { return term.Bytes(s.Disk), float64(s.Disk) }),
		numberColumn("Ratio", func(s segment) (string, float64) { return report.RatioText(s), s.Ratio() }),
		timeColumn("First record", r.Zone, func(s segment) time.Time { return s.First }),
		timeColumn("Last record", r.Zone, func(s segment) time.Time { return s.Last }),
	}
	all, note := r.Survey.Segments, ""
	if n := len(all) - maxRows; n > 0 {
		note = fmt.Sprintf("the newest %d; histlog inspect --json lists the %d before them", maxRows, n)
		all = all[n:]
	}
	return newTable("Segments", note, columns, all)
}

func stallTable(r *report.Report) table {
	type stall = survey.Stall
	columns := []column[stall]{
		timeColumn("From", r.Zone, func(s stall) time.Time { return s.From }),
		timeColumn("To", r.Zone, func(s stall) time.Time { return s.To }),
		numberColumn("How long", func(s stall) (string, float64) { return term.Duration(s.Length()), s.Length().Seconds() }),
		numberColumn("After sequence", func(s stall) (string, float64) { return strconv.FormatUint(uint64(s.After), 10), float64(s.After) }),
	}
	if r.Survey.Cadence == 0 {
		return newTable("Stalls", "not known: too few records", columns, nil)
	}
	note := fmt.Sprintf("%s of over %s, %d times the usual gap", term.Count(r.Survey.StallCount), term.Duration(survey.StallAfter(r.Survey.Cadence)), survey.StallFactor)
	if r.Survey.StallCount > maxRows {
		note += fmt.Sprintf("; the longest %d are here", maxRows)
	}
	return newTable("Stalls", note, columns, report.Longest(r.Survey.Stalls, maxRows))
}
