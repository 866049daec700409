package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/histlog/histlog/internal/size"
	"golang.org/x/term"
)

// Rules for messages:
//
//   - Data goes to stdout, everything else to stderr.
//   - A message is one line: "histlog: ", lower case, no full stop.
//   - An error says what was done, to what, and why it failed; a hint line says what to try.
//   - Text that comes from records or file names passes through safe.
//   - Sizes are 1000-based like disks' (1.48GB); durations have two units at most.

// say prints a message. What it quotes may be anything.
func say(w io.Writer, format string, a ...any) {
	message := strings.ReplaceAll(fmt.Sprintf(format, a...), "\n", "; ") // as several errors are joined
	fmt.Fprintln(w, "histlog:", safe(message))
}

// printJSON prints one object on one line.
func printJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, safeJSON(b.String()))
	return err
}

// safeJSON escapes in JSON what a terminal obeys: it stands in strings alone.
func safeJSON(s string) string {
	body := strings.TrimSuffix(s, "\n")
	if strings.IndexFunc(body, unsafe) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range body {
		if !unsafe(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String() + s[len(body):]
}

// printSafe prints one line, without what a terminal obeys: names, settings and
// reasons in it may be anybody's.
func printSafe(w io.Writer, format string, a ...any) (int, error) {
	text := fmt.Sprintf(format, a...)
	body := strings.TrimSuffix(text, "\n")
	return io.WriteString(w, safe(body)+text[len(body):])
}

// isTerminal says whether a person reads w.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width returns how many columns a line for w may take.
func width(w any) int {
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

// safe escapes what could move a terminal's cursor, change its colours or turn
// the direction of its text.
func safe(s string) string {
	if strings.IndexFunc(s, unsafe) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !unsafe(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

func unsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) || r == unicode.ReplacementChar
}

// bytesText shows a size: 80B, 395KB, 1.48GB.
func bytesText(n int64) string {
	return size.Text(uint64(max(n, 0)))
}

// durationText shows a span with two units at most: 2m58s, 40h43m, 12d4h.
func durationText(d time.Duration) string {
	if d < 0 {
		return "-" + durationText(-max(d, -math.MaxInt64))
	}
	switch s := int64(math.Round(d.Seconds())); {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return d.Round(10 * time.Millisecond).String()
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 72*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	case s < 730*86400:
		return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
	default:
		return fmt.Sprintf("%.1f years", float64(s)/86400/365.25)
	}
}

// utc formats a time for JSON; nil if there is none.
func utc(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339Nano)
	return &s
}
