package main

import (
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/size"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/migrate"
)

// columnsHint returns the command that writes a table by columns as records.
func columnsHint(err error) string {
	table, _ := errorOf[*migrate.ColumnsError](err)
	return fmt.Sprintf("write a line for each row: jq -c %s FILE > OTHER; then name OTHER instead", shellWord(table.Filter))
}

// undecidedHint says how to name the records of a source. The list of printCandidates is
// printed after it.
func undecidedHint(err error) string {
	at, ok := errorOf[*migrate.UndecidedError](err)
	switch {
	case !ok:
		return "name the array that holds them with --records, a JSON pointer such as /history; --records '' makes each value a record"
	case at.Filter != "":
		return fmt.Sprintf("write a line for each record: jq -c %s FILE > OTHER; then name OTHER instead; --records '' makes each value a record", shellWord(at.Filter))
	case at.Once && len(at.Candidates) == 0:
		return "name the array that holds them with --records; or store the text in a file, of which histlog reads all before it decides"
	case at.Once:
		return "store the text in a file, of which histlog reads all before it decides; or name the records:"
	case len(at.Candidates) == 0:
		return "--records '' makes each value a record"
	}
	return "name the records:"
}

// printCandidates prints the candidates for the records of an undecided source, as flags.
func printCandidates(w io.Writer, err error) {
	if at, ok := errorOf[*migrate.UndecidedError](err); ok {
		listCandidates(w, at.Candidates)
	}
}

// listCandidates prints a line for each candidate: the flag that names it, and what it holds.
func listCandidates(w io.Writer, all []migrate.Candidate) {
	width := 0
	for _, c := range all {
		width = max(width, utf8.RuneCountInString(shellWord(c.At)))
	}
	for _, c := range all {
		term.Fprintf(w, "  --records %-*s   (%s)\n", width, shellWord(c.At), candidateText(c))
	}
}

// candidateText says what a candidate holds.
func candidateText(c migrate.Candidate) string {
	switch {
	case c.At == "" && c.Count == 1:
		return "the whole as one record"
	case c.At == "":
		return "each value as a record"
	case c.Share == 0:
		return term.Plural(c.Count, "record")
	}
	return fmt.Sprintf("%s, %s of the file", term.Plural(c.Count, "record"), size.Percent(c.Share))
}

// otherCandidates returns the candidates that a migration would not take.
func otherCandidates(plan migrate.DryRunReport) (others []migrate.Candidate) {
	for _, c := range plan.Candidates {
		taken := c.At == plan.RecordsAt || c.At == "/*" && plan.RecordsAt == ""
		if !taken && c.At != "" {
			others = append(others, c)
		}
	}
	return others
}
