package term

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
)

// Safe escapes what could move a terminal's cursor, change its colours or turn the
// direction of its text. XML may contain all that is left.
func Safe(s string) string {
	if strings.IndexFunc(s, isUnsafe) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !isUnsafe(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

func isUnsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Noncharacter_Code_Point) || r == unicode.ReplacementChar
}

// Fprintf formats one line and writes it through Safe. A newline at its end is kept.
func Fprintf(w io.Writer, format string, a ...any) (int, error) {
	text := fmt.Sprintf(format, a...)
	body := strings.TrimSuffix(text, "\n")
	return io.WriteString(w, Safe(body)+text[len(body):])
}

// PrintJSON writes v as JSON on one line.
func PrintJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	line := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	_, err := w.Write(append(SafeJSON(line), '\n'))
	return err
}

// SafeJSON escapes the same characters as Safe in JSON without white space. They occur in strings
// only, so the escapes of JSON are valid there. It returns text itself if there are none.
func SafeJSON(text []byte) []byte {
	if bytes.IndexFunc(text, isUnsafe) < 0 {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if !isUnsafe(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.Bytes()
}

// JSONTime formats a time for JSON, as RFC 3339 in UTC; nil if t is zero.
func JSONTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339Nano)
	return &s
}
