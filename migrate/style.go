package migrate

import (
	"bufio"
	"bytes"
	"errors"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A Style is how a writer puts white space between the tokens of a value, as
// Python's json.dump does: indent and separators.
type Style struct {
	Indent *string `json:"indent"` // a level's; nil: all on one line
	Comma  string  `json:"comma"`
	Colon  string  `json:"colon"`
}

// styles are those that detectStyle knows, the most usual first.
func styles() []Style {
	var all []Style
	for _, indent := range []string{"  ", "    ", " ", "\t", "", "   ", "      ", "        "} {
		all = append(all, Style{&indent, ",", ": "}, Style{&indent, ", ", ": "}, Style{&indent, ",", ":"})
	}
	return append(all, Style{nil, ", ", ": "}, Style{nil, ",", ":"}, Style{nil, ",", ": "}, Style{nil, ", ", ":"})
}

// detectStyle returns the style that makes raw, or the beginning of a longer
// raw, of a compact value that stands inside depth containers; nil if none does.
func detectStyle(raw, compact []byte, depth int) *Style {
	for _, s := range styles() {
		match := comparer{want: raw, whole: len(raw) < sampleBytes}
		b := bufio.NewWriterSize(&match, 4096)
		s.write(b, compact, depth)
		if b.Flush() == nil && len(match.want) == 0 {
			return &s
		}
	}
	return nil
}

// errDiffers ends a comparison.
var errDiffers = errors.New("differs")

// comparer fails at the first byte that is not as wanted.
type comparer struct {
	want  []byte
	whole bool // nothing may follow what is wanted
}

func (w *comparer) Write(p []byte) (int, error) {
	n := min(len(p), len(w.want))
	if !bytes.Equal(p[:n], w.want[:n]) || (w.whole && n < len(p)) {
		return 0, errDiffers
	}
	w.want = w.want[n:]
	return len(p), nil
}

// write writes a compact value in the style. Errors stay in out, as bufio does it.
func (s Style) write(out *bufio.Writer, compact []byte, depth int) {
	line := newline{indent: s.Indent}
	line.move(depth)
	for i := 0; i < len(compact); {
		switch c := compact[i]; c {
		case '{', '[':
			out.WriteByte(c)
			if i++; compact[i] == '}' || compact[i] == ']' {
				out.WriteByte(compact[i])
				i++
				continue
			}
			line.move(+1)
			out.WriteString(line.text)
		case '}', ']':
			line.move(-1)
			out.WriteString(line.text)
			out.WriteByte(c)
			i++
		case ',':
			out.WriteString(s.Comma)
			out.WriteString(line.text)
			i++
		case ':':
			out.WriteString(s.Colon)
			i++
		default:
			end := jsonscan.SkipValue(compact, i)
			out.Write(compact[i:end])
			i = end
		}
	}
}

// newline is the text between two lines at some depth.
type newline struct {
	indent  *string
	depth   int
	text    string // a part of longest
	longest string
}

func (n *newline) move(levels int) {
	if n.indent == nil {
		return
	}
	n.depth += levels
	length := 1 + n.depth*len(*n.indent)
	if length > len(n.longest) {
		n.longest = "\n" + strings.Repeat(*n.indent, 2*n.depth+8)
	}
	n.text = n.longest[:length]
}
