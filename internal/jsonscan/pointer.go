package jsonscan

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Pointer is a JSON Pointer (RFC 6901), parsed. The zero value names the whole value.
type Pointer struct {
	tokens []token
}

type token struct {
	name  string
	index int // as an element's index; -1 if it can't be one
}

var unescapeToken = strings.NewReplacer("~1", "/", "~0", "~")
var escapeToken = strings.NewReplacer("~", "~0", "/", "~1")

// ParsePointer parses s: "" or a text like /a/b. The form .a.b, of jq, is read as /a/b.
func ParsePointer(s string) (*Pointer, error) {
	if strings.HasPrefix(s, ".") {
		s = "/" + strings.ReplaceAll(strings.TrimPrefix(s, "."), ".", "/")
		if s == "/" {
			s = ""
		}
	}
	p := new(Pointer)
	if s == "" {
		return p, nil
	}
	if s[0] != '/' {
		return nil, errors.New("a JSON pointer begins with '/'")
	}
	for _, t := range strings.Split(s[1:], "/") {
		if rest := strings.NewReplacer("~0", "", "~1", "").Replace(t); strings.Contains(rest, "~") {
			return nil, errors.New("in a JSON pointer '~' is written ~0 and '/' ~1")
		}
		name := unescapeToken.Replace(t)
		p.tokens = append(p.tokens, token{name, elementIndex(name)})
	}
	return p, nil
}

func elementIndex(name string) int {
	n, err := strconv.ParseUint(name, 10, 31)
	if err != nil || (len(name) > 1 && name[0] == '0') {
		return -1
	}
	return int(n)
}

// Tokens returns the names the pointer leads through, unescaped.
func (p *Pointer) Tokens() []string {
	names := make([]string, len(p.tokens))
	for i, t := range p.tokens {
		names[i] = t.name
	}
	return names
}

func (p *Pointer) String() string {
	var b strings.Builder
	for _, t := range p.tokens {
		b.WriteString(PointerToken(t.name))
	}
	return b.String()
}

// PointerToken returns name as a part of a pointer, with its slash.
func PointerToken(name string) string { return "/" + escapeToken.Replace(name) }

// ShortPointer returns a pointer for a message: of a long one the beginning and the end.
func ShortPointer(pointer string) string {
	const most, part = 160, 60
	if len(pointer) <= most {
		return pointer
	}
	head, tail := part, len(pointer)-part
	for head > 0 && !utf8.RuneStart(pointer[head]) {
		head--
	}
	for tail < len(pointer) && !utf8.RuneStart(pointer[tail]) {
		tail++
	}
	return pointer[:head] + " ... " + pointer[tail:]
}

// names says whether the string quoted, as JSON writes it, is the token.
func (t token) names(quoted []byte) bool {
	return string(quoted[1:len(quoted)-1]) == t.name || Unquote(quoted) == t.name
}

// Unquote returns the text of a JSON string that stands in quotes.
func Unquote(quoted []byte) string {
	if i := skipPlain(quoted, 1); i == len(quoted)-1 {
		return string(quoted[1:i])
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return string(quoted)
	}
	return s
}

// pointerAt returns the pointer to the place at which partial, the beginning
// of a compact value, ends.
func pointerAt(partial []byte) string {
	type level struct {
		object bool
		name   []byte
		index  int
	}
	var path []level
	for i := 0; i < len(partial); {
		switch c := partial[i]; c {
		case '{', '[':
			path = append(path, level{object: c == '{'})
		case '}', ']':
			path = path[:len(path)-1]
		case ',':
			if top := &path[len(path)-1]; top.object {
				top.name = nil
			} else {
				top.index++
			}
		case '"':
			end := skipString(partial, i)
			if end < len(partial) && partial[end] == ':' {
				path[len(path)-1].name = partial[i:end]
			}
			i = end
			continue
		}
		i++
	}
	var b strings.Builder
	for _, l := range path {
		switch {
		case !l.object:
			b.WriteString(PointerToken(strconv.Itoa(l.index)))
		case l.name != nil:
			b.WriteString(PointerToken(Unquote(l.name)))
		}
	}
	return b.String()
}
