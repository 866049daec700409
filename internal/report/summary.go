package report

import (
	"fmt"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/term"
)

// Summary describes a record in one line: its leading scalars, except the member
// named hide, and the number of members of its containers. It ends when the columns
// are filled.
func Summary(text []byte, hide string, columns int) string {
	if text[0] != '{' && text[0] != '[' {
		return term.Safe(scalarText(text))
	}
	var b strings.Builder
	for m := range jsonscan.Members(text) {
		if m.Name != nil && jsonscan.Unquote(m.Name) == hide {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if m.Name != nil {
			b.WriteString(term.Safe(jsonscan.Unquote(m.Name)))
			b.WriteByte('=')
		}
		b.WriteString(term.Safe(scalarText(m.Value)))
		if b.Len() > 4*columns {
			break
		}
	}
	return b.String()
}

// scalarText formats a value: a string without its quotes, a container as the number of
// its members.
func scalarText(value []byte) string {
	const most = 200 // bytes of a string that a line could show
	switch value[0] {
	case '"':
		if len(value) > most {
			return string(value[1:most])
		}
		return jsonscan.Unquote(value)
	case '{':
		return fmt.Sprintf("{%d}", countMembers(value))
	case '[':
		return fmt.Sprintf("[%d]", countMembers(value))
	}
	return string(value)
}

func countMembers(value []byte) (n int) {
	for range jsonscan.Members(value) {
		n++
	}
	return n
}
