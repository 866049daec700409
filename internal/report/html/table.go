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

func textCell(text string) cell { return cell{text, "", textKind} }

func numberCell(text string, value float64) cell {
	return cell{text, strconv.FormatFloat(value, 'f', -1, 64), numberKind}
}

func timeCell(r *report.Report, t time.Time) cell {
	if t.IsZero() {
		return cell{"", "0", timeKind}
	}
	return cell{term.DateTime(t.In(r.Zone)), strconv.FormatInt(t.UnixMilli(), 10), timeKind}
}

// maxRows is the maximum number of rows of a table.
const maxRows = 500

func segmentTable(r *report.Report) table {
	t := table{Title: "Segments", Columns: []tableColumn{
		{"Sequences", numberKind}, {"State", textKind}, {"Records", numberKind}, {"Plain", numberKind}, {"Disk", numberKind}, {"Ratio", numberKind},
		{"First record", timeKind}, {"Last record", timeKind},
	}}
	all := r.Survey.Segments
	if n := len(all) - maxRows; n > 0 {
		t.Note = fmt.Sprintf("the newest %d; of %d before them histlog inspect --json tells", maxRows, n)
		all = all[n:]
	}
	for _, s := range all {
		t.Rows = append(t.Rows, []cell{
			numberCell(report.RangeText(s), float64(s.Base)), textCell(report.StateText(s)), numberCell(term.Count(s.Records), float64(s.Records)),
			numberCell(term.Bytes(int64(s.Bytes)), float64(s.Bytes)), numberCell(term.Bytes(s.Disk), float64(s.Disk)), numberCell(report.RatioText(s), s.Ratio()),
			timeCell(r, s.First), timeCell(r, s.Last),
		})
	}
	return t
}

func stallTable(r *report.Report) table {
	t := table{Title: "Stalls", Columns: []tableColumn{{"From", timeKind}, {"To", timeKind}, {"How long", numberKind}, {"After sequence", numberKind}}}
	if r.Survey.Cadence == 0 {
		t.Note = "not known: too few records"
		return t
	}
	t.Note = fmt.Sprintf("%s of over %s, %d times the usual gap", term.Count(r.Survey.StallCount), term.Duration(survey.StallAfter(r.Survey.Cadence)), survey.StallFactor)
	if r.Survey.StallCount > maxRows {
		t.Note += fmt.Sprintf("; the longest %d are here", maxRows)
	}
	for _, g := range report.Longest(r.Survey.Stalls, maxRows) {
		t.Rows = append(t.Rows, []cell{timeCell(r, g.From), timeCell(r, g.To), numberCell(term.Duration(g.Length()), g.Length().Seconds()), numberCell(strconv.FormatUint(uint64(g.After), 10), float64(g.After))})
	}
	return t
}
