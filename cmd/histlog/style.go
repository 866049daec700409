package main

import (
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/mattn/go-runewidth"
)

// A style is how a piece of text stands out on a terminal.
type style string

const (
	normal style = ""
	good   style = "1;32"
	late   style = "1;33"
	bad    style = "1;31"
	dim    style = "2"
	strong style = "1"
)

// A span is a text of one style.
type span struct {
	text  string
	style style
}

func words(format string, a ...any) span { return span{text: fmt.Sprintf(format, a...)} }

func (s style) span(format string, a ...any) span { return span{fmt.Sprintf(format, a...), s} }

// columns returns how many columns a text takes.
func columns(s string) int { return runewidth.StringWidth(s) }

// A palette paints, or does not.
type palette bool

// paletteOf paints for a person's terminal, unless NO_COLOR is set.
func paletteOf(w io.Writer) palette {
	return palette(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && runtime.GOOS != "windows")
}

func (p palette) paint(s span) string {
	if !p || s.style == normal {
		return s.text
	}
	return "\x1b[" + string(s.style) + "m" + s.text + "\x1b[0m"
}
