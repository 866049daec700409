package term

import (
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// A Style is how text stands out on a terminal: the parameters of its SGR sequence.
type Style string

// The styles.
const (
	Normal Style = ""
	Good   Style = "1;32"
	Warn   Style = "1;33"
	Bad    Style = "1;31"
	Dim    Style = "2"
	Strong Style = "1"
	Mark   Style = "36" // of a chart
)

// A Span is text of one style.
type Span struct {
	Text  string
	Style Style
}

// Spanf formats a Span of the style Normal.
func Spanf(format string, a ...any) Span { return Normal.Spanf(format, a...) }

// Spanf formats a Span of style s.
func (s Style) Spanf(format string, a ...any) Span { return Span{fmt.Sprintf(format, a...), s} }

// A Palette paints spans; the zero value leaves them plain.
type Palette bool

// PaletteOf returns a Palette that paints if w is a terminal and NO_COLOR is not set.
func PaletteOf(w io.Writer) Palette {
	return Palette(os.Getenv("NO_COLOR") == "" && HasEscapes(w))
}

// Paint returns the text of s, with the escape sequences of its style.
func (p Palette) Paint(s Span) string {
	if !p || s.Style == Normal {
		return s.Text
	}
	return "\x1b[" + string(s.Style) + "m" + s.Text + "\x1b[0m"
}

// IsTerminal reports whether w is a terminal.
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// HasEscapes reports whether w is a terminal that interprets escape sequences.
func HasEscapes(w any) bool {
	return IsTerminal(w) && os.Getenv("TERM") != "dumb" && enableEscapes(w.(*os.File))
}

// Width returns the number of columns of the terminal w, 120 if w is none.
func Width(w any) int {
	const pipe = 120
	f, ok := w.(*os.File)
	if !ok {
		return pipe
	}
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		return columns
	}
	return pipe
}

// Columns returns the number of columns that s takes on a terminal.
func Columns(s string) int { return runewidth.StringWidth(s) }

// Truncate shortens s to columns, the last of which is an ellipsis then.
func Truncate(s string, columns int) string { return runewidth.Truncate(s, columns, "…") }
