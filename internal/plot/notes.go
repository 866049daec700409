package plot

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
)

// Name returns the field as the user wrote it.
func (s *Series) Name() string { return cmp.Or(s.Field.String(), "the record itself") }

// partSign is between the parts of a summary.
const partSign = " · "

// Summary describes the values of the series in one line.
func (s *Series) Summary() string {
	switch s.Count {
	case 0:
		return "no values"
	case 1:
		return "1 value · " + s.Text(s.Last)
	}
	return strings.Join([]string{term.Plural(s.Count, "value"), "min " + s.Text(s.Min), "mean " + s.Text(s.Mean()), "max " + s.Text(s.Max), "last " + s.Text(s.Last)}, partSign)
}

// Note returns how many values are not numbers, and what they are; "" if all are numbers.
func (s *Series) Note() string {
	if len(s.gaps) == 0 {
		return ""
	}
	return "gaps, where there is no number: " + s.Instead()
}

// Instead lists what is where a number would be: 12 strings, 3 absent.
func (s *Series) Instead() string {
	var all []string
	for _, k := range slices.SortedFunc(maps.Keys(s.gaps), func(a, b kind) int {
		return cmp.Or(cmp.Compare(s.gaps[b], s.gaps[a]), cmp.Compare(a, b))
	}) {
		if k == text || k == object || k == array {
			all = append(all, term.Plural(s.gaps[k], string(k)))
		} else {
			all = append(all, term.Count(s.gaps[k])+" "+string(k))
		}
	}
	return strings.Join(all, ", ")
}

// Notes says what the charts do not show, or show at another place than a reader expects.
func (p *Plot) Notes() (notes []string) {
	add := func(n uint64, thing, format string, a ...any) {
		if n > 0 {
			notes = append(notes, term.Plural(n, thing)+" "+fmt.Sprintf(format, a...))
		}
	}
	add(p.StallCount, "gap", "of over %s, %d times the usual gap: no line is drawn there", term.Duration(survey.StallAfter(p.Usual)), survey.StallFactor)
	add(p.ClockTimes, "record", "without a time: drawn at the time of arrival")
	add(p.Backwards, "record", "with a time before that of the preceding record")
	add(p.Outliers, "record", "not drawn, with a time far from all others")
	add(p.Lost, "record", "lost: a gap")
	add(p.Damaged, "record", "damaged: a gap")
	return notes
}
