package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/histlog/histlog/internal/jsondiff"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/reader"
	"github.com/urfave/cli/v2"
)

// A comparison calls a function for each change, in the order of a patch.
type comparison func(func(*jsondiff.Change) error) error

// printPatch prints the changes as a JSON Patch, one operation a line.
func printPatch(out *output, compare comparison) error {
	before := "["
	err := compare(func(c *jsondiff.Change) error {
		out.WriteString(before)
		before = ",\n "
		return c.WriteOperation(safeJSON{out})
	})
	if err != nil {
		return err
	}
	if before == "[" { // there are no changes
		out.WriteString(before)
	}
	_, err = out.WriteString("]\n") // bufio returns the first error
	return err
}

// A safeJSON escapes what could control a terminal. Each Write must get complete characters.
type safeJSON struct{ out io.Writer }

func (s safeJSON) Write(text []byte) (int, error) {
	_, err := s.out.Write(term.SafeJSON(text))
	return len(text), err
}

// A changePrinter prints one line for each change.
type changePrinter struct {
	out     *output
	palette term.Palette
	columns int // of the terminal; 0 means that values are printed completely
	counts  [jsondiff.Moved + 1]uint64
}

// signs begin the lines.
var signs = [...]term.Span{
	jsondiff.Added:   term.Good.Spanf("+"),
	jsondiff.Removed: term.Bad.Spanf("-"),
	jsondiff.Changed: term.Warn.Spanf("~"),
	jsondiff.Moved:   term.Strong.Spanf(">"),
}

// printChanges prints the changes for people, with a header and a summary.
func printChanges(c *cli.Context, out *output, before, after reader.Record, compare comparison) error {
	p := changePrinter{out: out, palette: term.PaletteOf(c.App.Writer)}
	if term.IsTerminal(out.file) {
		p.columns = term.Width(out.file)
	}
	gap, order := after.Time.Sub(before.Time), "later"
	if gap < 0 {
		gap, order = -gap, "earlier"
	}
	fmt.Fprintf(out, "%d → %d, %s, %s %s\n", before.Seq, after.Seq, after.Time.In(zone(c)).Format("2006-01-02 15:04:05 MST"), term.Duration(gap), order)
	if err := compare(p.line); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, p.summary())
	return err
}

func (p *changePrinter) summary() string {
	n := p.counts
	if n == [len(n)]uint64{} {
		return "no differences"
	}
	text := fmt.Sprintf("%s added, %s removed, %s changed", term.Count(n[jsondiff.Added]), term.Count(n[jsondiff.Removed]), term.Count(n[jsondiff.Changed]))
	if moved := n[jsondiff.Moved]; moved > 0 {
		text += fmt.Sprintf(", %s moved", term.Count(moved))
	}
	return text
}

func (p *changePrinter) line(c *jsondiff.Change) error {
	p.counts[c.Kind]++
	var pointer string
	var values [][]byte
	switch c.Kind {
	case jsondiff.Added:
		pointer, values = c.New(), [][]byte{c.To}
	case jsondiff.Removed:
		pointer, values = c.Old(), [][]byte{c.From}
	case jsondiff.Changed:
		pointer, values = c.New(), [][]byte{c.From, c.To}
	case jsondiff.Moved:
		pointer, values = c.New(), [][]byte{[]byte("was " + term.Safe(c.Old()))}
	}
	head := pointerText(pointer)
	if keys := c.Keys(); keys != nil {
		head += term.Safe(" (" + strings.Join(keys, ", ") + ")")
	}
	p.out.WriteString(p.palette.Paint(signs[c.Kind]))
	columns := p.columns
	if columns > 0 {
		columns -= len("+")
	}
	return writeValues(p.out, columns, " "+head+"  ", values)
}

// pointerText returns a pointer for people.
func pointerText(pointer string) string {
	if pointer == "" {
		return `""` // as in a shell
	}
	return term.Safe(pointer)
}

const arrow = " → "

// writeValues writes the rest of a line: a head, and one value or two with an arrow between them, cut to
// the columns. 0 columns means that they are written completely.
func writeValues(out *output, columns int, head string, values [][]byte) error {
	if columns > 0 {
		head = term.Truncate(head, columns)
		values = fit(values, columns-term.Columns(head))
	}
	out.WriteString(head)
	for i, v := range values {
		if i > 0 {
			out.WriteString(arrow)
		}
		out.Write(term.SafeJSON(v))
	}
	return out.WriteByte('\n') // bufio returns the first error
}

// fit cuts one or two values so that they fit the columns, with an arrow between two. If two do not
// fit, the beginning that they have in common is left out: it would hide the difference.
func fit(values [][]byte, columns int) [][]byte {
	if len(values) == 1 {
		return [][]byte{cut(values[0], 0, columns)}
	}
	columns -= term.Columns(arrow)
	if columns < 2 {
		return nil
	}
	a, b, from := values[0], values[1], 0
	if len(a)+len(b) > columns {
		from = differAt(a, b)
	}
	second := cut(b, from, columns)
	first := cut(a, from, max(columns/2, columns-term.Columns(string(second))))
	return [][]byte{first, cut(b, from, columns-term.Columns(string(first)))}
}

// differAt returns where to begin with two values so that little comes before their first
// difference.
func differAt(a, b []byte) int {
	const before = 10
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	if n < 2*before {
		return 0
	}
	n -= before
	for !utf8.RuneStart(a[n]) {
		n--
	}
	return n
}

// cut returns what fits the columns of value[from:], escaped for a terminal.
func cut(value []byte, from, columns int) []byte {
	if columns < 1 {
		return nil
	}
	text := ""
	if from > 0 {
		text = "…"
	}
	const maxBytes = 4 // of a character
	end := min(len(value), from+maxBytes*columns)
	text += string(term.SafeJSON(value[from:end]))
	if end < len(value) {
		text += "…"
	}
	return []byte(term.Truncate(text, columns))
}
