package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/histlog/histlog/internal/term"
)

// Rules for messages:
//
//   - Data goes to stdout, everything else to stderr.
//   - A message is one line: "histlog: ", lower case, no full stop.
//   - An error says which operation failed, on which file, and why; a hint line says what to try.
//   - Text that comes from records, file names or errors is escaped by term.Safe.

// say prints a message. Joined errors have several lines, which become one.
func say(w io.Writer, format string, a ...any) {
	message := strings.ReplaceAll(fmt.Sprintf(format, a...), "\n", "; ")
	fmt.Fprintln(w, "histlog:", term.Safe(message))
}
