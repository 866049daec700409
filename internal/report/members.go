package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/term"
)

// A member is one member of a record, with its own largest members. Sizes are those of
// values, without names and commas.
type member struct {
	Name    string   `json:"name"`
	Bytes   int      `json:"bytes"`
	Value   string   `json:"summary"`
	Members []member `json:"members,omitempty"`
	More    *others  `json:"more,omitempty"`   // those that are not in Members
	Within  []part   `json:"within,omitempty"` // totals by name, if the members are objects of one shape
}

// others are the totals of the members that are too small to be listed.
type others struct {
	Members int `json:"members"`
	Bytes   int `json:"bytes"`
}

// A part holds the totals of the members of one name in several objects.
type part struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Bytes int    `json:"bytes"`
}

// maxMembers is the maximum number of members that are listed of a container.
const maxMembers = 12

// memberOf describes a value down to the given number of levels.
func memberOf(name string, value []byte, levels int) member {
	m := member{Name: name, Bytes: len(value), Value: scalarText(value)}
	if levels > 0 {
		m.Members, m.More = largestMembers(value, levels-1)
		m.Within = partsWithin(value)
	}
	return m
}

// largestMembers returns the largest members of a value, each with levels of its own.
func largestMembers(value []byte, levels int) ([]member, *others) {
	type child struct {
		jsonscan.Member
		index int
	}
	var largest []child // descending
	var more others
	i := 0
	for m := range jsonscan.Members(value) {
		more.Members++
		more.Bytes += len(m.Value)
		at, _ := slices.BinarySearchFunc(largest, len(m.Value), func(c child, n int) int {
			if len(c.Value) >= n {
				return -1
			}
			return 1
		})
		if at < maxMembers {
			largest = slices.Insert(largest[:min(len(largest), maxMembers-1)], at, child{m, i})
		}
		i++
	}
	all := make([]member, len(largest))
	for i, c := range largest {
		name := fmt.Sprintf("[%d]", c.index)
		if c.Name != nil {
			name = jsonscan.Unquote(c.Name)
		}
		all[i] = memberOf(name, c.Value, levels)
		more.Members--
		more.Bytes -= len(c.Value)
	}
	if more.Members == 0 {
		return all, nil
	}
	return all, &more
}

// partsWithin returns the largest members, by name, of all objects in a container taken
// together. It returns nil if the objects have little in common.
func partsWithin(container []byte) []part {
	const maxNames = 1000
	byName := map[string]*part{}
	objects, members := 0, 0
	for o := range jsonscan.Members(container) {
		if o.Value[0] != '{' {
			continue
		}
		objects++
		for m := range jsonscan.Members(o.Value) {
			members++
			p := byName[string(m.Name)]
			if p == nil && len(byName) == maxNames {
				return nil
			}
			if p == nil {
				p = &part{Name: jsonscan.Unquote(m.Name)}
				byName[string(m.Name)] = p
			}
			p.Count++
			p.Bytes += len(m.Value)
		}
	}
	if objects < 2 || members < 2*len(byName) {
		return nil
	}
	parts := slices.SortedFunc(maps.Values(byName), func(a, b *part) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Name, b.Name)) })
	out := make([]part, min(maxMembers, len(parts)))
	for i := range out {
		out[i] = *parts[i]
	}
	return out
}

// A memberPrinter prints members as a table.
type memberPrinter struct {
	out     io.Writer
	whole   int // bytes of the record
	columns int
}

func (p memberPrinter) head() { fmt.Fprintf(p.out, "\n%8s  %6s  MEMBER\n", "SIZE", "SHARE") }

// row prints one line, with the share of the record as a bar.
func (p memberPrinter) row(bytes int, text string) {
	share := float64(bytes) / float64(p.whole)
	bar := strings.Repeat("▇", int(share*barColumns+.5))
	fmt.Fprintf(p.out, "%8s  %5.1f%%  %-*s  %s\n", term.Bytes(int64(bytes)), 100*share, barColumns, bar, term.Truncate(text, p.room()))
}

// barColumns is the width of a bar of 100%, memberIndent the width of the columns before
// a name.
const (
	barColumns   = 12
	memberIndent = len("  1.23KB  100.0%  ") + barColumns + 2
)

// room returns the number of columns for a name.
func (p memberPrinter) room() int { return max(20, p.columns-memberIndent) }

// within prints the members of m.
func (p memberPrinter) within(m member, indent string) {
	for _, in := range m.Members {
		sign := " = "
		if strings.HasPrefix(in.Value, "{") || strings.HasPrefix(in.Value, "[") {
			sign = " "
		}
		p.row(in.Bytes, indent+term.Safe(in.Name)+sign+term.Safe(in.Value))
		p.within(in, indent+"  ")
	}
	if m.More != nil {
		p.row(m.More.Bytes, fmt.Sprintf("%s… %d others", indent, m.More.Members))
	}
	if len(m.Within) > 0 {
		fmt.Fprintf(p.out, "%*s%s\n", memberIndent, "", term.Truncate(indent+"all of "+term.Safe(m.Name)+" together, by name:", p.room()))
	}
	for _, w := range m.Within {
		p.row(w.Bytes, fmt.Sprintf("%s  %s ×%d", indent, term.Safe(w.Name), w.Count))
	}
}
