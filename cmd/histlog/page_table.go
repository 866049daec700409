package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
)

// table is one that a click on a column's name sorts.
type table struct {
	Title, Note string
	Columns     []tableColumn
	Rows        [][]cell
}

type tableColumn struct {
	Name string
	Kind cellKind
}

// cellKind is how a column is aligned and sorted: all but text by values.
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

func (v *view) timeCell(t time.Time) cell {
	if t.IsZero() {
		return cell{"", "0", timeKind}
	}
	return cell{term.DateTime(t.In(v.zone)), strconv.FormatInt(t.UnixMilli(), 10), timeKind}
}

// mostRows is how many rows a table has on a page.
const mostRows = 500

func (v *view) segmentTable() table {
	t := table{Title: "Segments", Columns: []tableColumn{
		{"Sequences", numberKind}, {"State", textKind}, {"Records", numberKind}, {"Plain", numberKind}, {"Disk", numberKind}, {"Ratio", numberKind},
		{"First record", timeKind}, {"Last record", timeKind},
	}}
	all := v.survey.Segments
	if n := len(all) - mostRows; n > 0 {
		t.Note = fmt.Sprintf("the newest %d; of %d before them histlog inspect --json tells", mostRows, n)
		all = all[n:]
	}
	for _, s := range all {
		t.Rows = append(t.Rows, []cell{
			numberCell(rangeText(s), float64(s.Base)), textCell(stateText(s)), numberCell(term.Count(s.Records), float64(s.Records)),
			numberCell(term.Bytes(int64(s.Bytes)), float64(s.Bytes)), numberCell(term.Bytes(s.Disk), float64(s.Disk)), numberCell(ratioText(s), s.Ratio()),
			v.timeCell(s.First), v.timeCell(s.Last),
		})
	}
	return t
}

func (v *view) stallTable() table {
	t := table{Title: "Stalls", Columns: []tableColumn{{"From", timeKind}, {"To", timeKind}, {"How long", numberKind}, {"After sequence", numberKind}}}
	if v.survey.Cadence == 0 {
		t.Note = "not known: too few records"
		return t
	}
	t.Note = fmt.Sprintf("%s of over %s, %d times the usual gap", term.Count(v.survey.StallCount), term.Duration(survey.StallAfter(v.survey.Cadence)), survey.StallFactor)
	if v.survey.StallCount > mostRows {
		t.Note += fmt.Sprintf("; the longest %d are here", mostRows)
	}
	for _, g := range longest(v.survey.Stalls, mostRows) {
		t.Rows = append(t.Rows, []cell{v.timeCell(g.From), v.timeCell(g.To), numberCell(term.Duration(g.Length()), g.Length().Seconds()), numberCell(strconv.FormatUint(uint64(g.After), 10), float64(g.After))})
	}
	return t
}
