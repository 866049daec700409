package jsonscan

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Pointer is a parsed JSON Pointer (RFC 6901). The zero value names the whole value.
//
// A pattern is a Pointer with stars: tokens "*" that match every member of an object, the
// one named "*" included, and every element of an array. ParsePattern makes them; to
// ParsePointer, "*" is a name like any other.
type Pointer struct {
	tokens []token
	key    bool // captures the key of the value that it leads to, not the value; see ParseCapture
}

type token struct {
	name  string
	index int  // name as the index of an element; -1 if it is none
	star  bool // matches every member and every element
}

var unescapeToken = strings.NewReplacer("~1", "/", "~0", "~")
var escapeToken = strings.NewReplacer("~", "~0", "/", "~1")

// ParsePointer parses s: "" or a text like /a/b. The form .a.b, of jq, is read as
// /a/b. See CheckPath for the other paths of jq.
func ParsePointer(s string) (*Pointer, error) {
	// jq writes the whole value as a single dot.
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
		// Every '~' must be a part of ~0 or ~1.
		if rest := strings.NewReplacer("~0", "", "~1", "").Replace(t); strings.Contains(rest, "~") {
			return nil, errors.New("in a JSON pointer '~' is written ~0 and '/' ~1")
		}
		name := unescapeToken.Replace(t)
		p.tokens = append(p.tokens, token{name: name, index: ElementIndex(name)})
	}
	return p, nil
}

// CheckPath returns an error if s is a path of jq that ParsePointer reads otherwise than jq,
// as .a[0]. It is for what a user writes: ParsePointer must go on to read what logs have as
// their time field.
func CheckPath(s string) error {
	path, isDotted := strings.CutPrefix(s, ".")
	if !isDotted || path == "" || !strings.ContainsAny(s, `[/"`) && !slices.Contains(strings.Split(path, "."), "") {
		return nil
	}
	return fmt.Errorf("of the paths of jq only names with dots are read, as .a.b: write %s", slashed(s))
}

// slashed returns a path of jq as a JSON pointer, for a message.
func slashed(path string) string {
	var b strings.Builder
	for _, name := range regexp.MustCompile(`"[^"]*"|\[\]|[^].["/]+`).FindAllString(path, -1) {
		if name == "[]" { // all elements
			name = "*"
		}
		b.WriteString(PointerToken(strings.Trim(name, `"`)))
	}
	return cmp.Or(b.String(), ". for the whole value")
}

// ParsePattern parses s like ParsePointer, but its tokens "*" are stars.
func ParsePattern(s string) (*Pointer, error) {
	p, err := ParsePointer(s)
	if err != nil {
		return nil, err
	}
	for i := range p.tokens {
		if t := &p.tokens[i]; t.name == "*" {
			t.star, t.index = true, 0 // a capture takes the first element
		}
	}
	return p, nil
}

// ParseCapture parses a pointer for Options.Capture: a pattern, whose stars lead to the
// first member or element; or stars without the first slash, *, */* and so on, which name a
// key: that of the first member, or of the first member inside the first one. A capture
// then is that key, as a JSON string.
func ParseCapture(s string) (*Pointer, error) {
	if s != "*" && !strings.HasPrefix(s, "*/") {
		return ParsePattern(s)
	}
	p, err := ParsePattern("/" + s)
	if err != nil || len(p.Stars()) != len(p.tokens) {
		return nil, errors.New("a key is named by stars alone: *, or */* inside it; a value's pointer begins with '/'")
	}
	p.key = true
	p.tokens[len(p.tokens)-1].index = -1 // an element has no key
	return p, nil
}

// Stars returns the indexes of the tokens that are stars, in ascending order.
func (p *Pointer) Stars() (at []int) {
	for i, t := range p.tokens {
		if t.star {
			at = append(at, i)
		}
	}
	return at
}

// Below applies p to nested objects of one member each. keys are the names of the members,
// outermost first, with their quotes. If p leads to one of the keys, key is that one. If it
// leads into the value of the innermost member, rest leads on from that value. Otherwise
// both are nil.
func (p *Pointer) Below(keys [][]byte) (rest *Pointer, key []byte) {
	for n, name := range keys {
		switch {
		case n == len(p.tokens) || !p.tokens[n].star && !p.tokens[n].names(name):
			return nil, nil
		case p.key && n == len(p.tokens)-1:
			return nil, name
		}
	}
	return &Pointer{tokens: p.tokens[len(keys):], key: p.key}, nil
}

// ElementIndex returns the index that name is, or -1. By the RFC, an index has no leading zeros.
func ElementIndex(name string) int {
	n, err := strconv.ParseUint(name, 10, 31)
	if err != nil || (len(name) > 1 && name[0] == '0') {
		return -1
	}
	return int(n)
}

// Tokens returns the tokens of the pointer, unescaped.
func (p *Pointer) Tokens() []string {
	names := make([]string, len(p.tokens))
	for i, t := range p.tokens {
		names[i] = t.name
	}
	return names
}

// String returns the pointer as it was parsed, with slashes.
func (p *Pointer) String() string {
	var b strings.Builder
	for _, t := range p.tokens {
		b.WriteString(PointerToken(t.name))
	}
	if p.key {
		return b.String()[1:]
	}
	return b.String()
}

// PointerToken returns name as a token of a pointer: escaped, with the slash before it.
func PointerToken(name string) string { return "/" + escapeToken.Replace(name) }

// ShortPointer returns a pointer for a message. Of a pointer longer than 160 bytes only
// the beginning and the end are returned.
func ShortPointer(pointer string) string {
	const maxLength, part = 160, 60
	if len(pointer) <= maxLength {
		return pointer
	}
	// Names are whatever the text holds: no character is divided.
	head, tail := part, len(pointer)-part
	for head > 0 && !utf8.RuneStart(pointer[head]) {
		head--
	}
	for tail < len(pointer) && !utf8.RuneStart(pointer[tail]) {
		tail++
	}
	return pointer[:head] + " ... " + pointer[tail:]
}

// names reports whether the JSON string quoted is the token's name.
func (t token) names(quoted []byte) bool {
	// Names without escapes, as nearly all are, are compared without an allocation.
	return string(quoted[1:len(quoted)-1]) == t.name || Unquote(quoted) == t.name
}

// Unquote returns the text of a JSON string, given with its quotes.
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

// pointerAt returns the pointer to the place at which partial, the beginning of a
// compact value, ends. It is called once, for an error.
func pointerAt(partial []byte) string {
	type level struct {
		object bool
		name   []byte
		index  int
	}
	// path has a level for each container that is open at partial[i].
	var path []level
	for i := 0; i < len(partial); {
		switch c := partial[i]; c {
		case '{', '[':
			path = append(path, level{object: c == '{'})
		case '}', ']':
			path = path[:len(path)-1]
		case ',':
			// After a comma in an object the next name is not known yet: the place is
			// the object itself.
			if top := &path[len(path)-1]; top.object {
				top.name = nil
			} else {
				top.index++
			}
		case '"':
			// A string is a name if a colon follows; one that partial cuts is neither.
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
