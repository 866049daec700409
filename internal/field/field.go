package field

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A Field is one value of each row.
type Field struct {
	Name string // no other field of the same list has this name
	text string // as written
	kind kind
	path []step // of a pointer
	star int    // index in path of the step that is a star; -1 means none
}

// String returns the field as it was written.
func (f Field) String() string { return f.text }

// HasStar reports whether a record may have several values of the field.
func (f Field) HasStar() bool { return f.star >= 0 }

// IsKey reports whether the field is $key, which is not a value of a record.
func (f Field) IsKey() bool { return f.kind == matched }

// Pointer returns the field without a name of its own, and with key, a name with its quotes or an index, in place of
// its star.
func (f Field) Pointer(key []byte) string {
	if f.kind != pointed && f.kind != counted {
		return pointerOf(f.text)
	}
	var b strings.Builder
	for _, s := range f.path {
		switch {
		case s.star && key[0] == '"':
			b.WriteString(jsonscan.PointerToken(jsonscan.Unquote(key)))
		case s.star:
			b.WriteString(jsonscan.PointerToken(string(key)))
		default:
			b.WriteString(jsonscan.PointerToken(s.name))
		}
	}
	if f.kind == counted {
		b.WriteByte('#')
	}
	return b.String()
}

type kind uint8

const (
	pointed  kind = iota // the value that path leads to
	counted              // how many members or elements that value has
	matched              // the name or index that the star stands for
	sequence             // facts about the record
	ownTime
	arrival
	textSize
)

// facts are the fields that no pointer names.
var facts = map[string]kind{"$key": matched, "$seq": sequence, "$time": ownTime, "$arrived": arrival, "$bytes": textSize}

// A step leads from an object or array to a member or an element.
type step struct {
	name  string
	index int // name as the index of an element; -1 if it is none
	star  bool
}

// Parse parses lists of fields, as the package describes them.
func Parse(lists []string) ([]Field, error) {
	fields, err := parseLists(lists)
	if err != nil {
		return nil, err
	}
	return fields, cmp.Or(checkNames(fields), checkStars(fields))
}

// ParseUnnamed parses a list of fields without names, whose last parts may be equal.
func ParseUnnamed(list string) ([]Field, error) {
	fields, err := parseLists([]string{list})
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		if _, what, named := cutName(f.text); named {
			return nil, fmt.Errorf("field %q has a name, which is not shown: write %s", f.text, what)
		}
	}
	return fields, checkStars(fields)
}

func parseLists(lists []string) (fields []Field, err error) {
	for _, list := range lists {
		parts := split(list)
		for _, text := range parts {
			if text == "" && len(parts) > 1 {
				return nil, fmt.Errorf("%q has an empty field: write record= for the record itself, and ~, for a comma in a name", list)
			}
			f, err := parse(text)
			if err != nil {
				return nil, err
			}
			fields = append(fields, f)
		}
	}
	return fields, nil
}

// split divides a list at its commas.
func split(list string) (parts []string) {
	from := 0
	for i := 0; i < len(list); i++ {
		switch list[i] {
		case '~': // and the character that it makes ordinary
			i++
		case ',':
			parts = append(parts, list[from:i])
			from = i + 1
		}
	}
	return append(parts, list[from:])
}

// parse parses one field.
func parse(text string) (f Field, err error) {
	f = Field{text: text, star: -1}
	name, what, named := cutName(text)
	if !named && text != "" && !strings.ContainsAny(text[:1], "/.$") {
		return f, fmt.Errorf("field %q is no JSON pointer, which begins with '/': write /%s", text, strings.TrimLeft(text, " /"))
	}
	if strings.HasPrefix(what, "$") {
		if f.kind = facts[what]; f.kind == pointed {
			return f, fmt.Errorf("field %q: want $seq, $time, $arrived, $bytes or $key", text)
		}
		f.Name = what
	} else if err := f.point(what); err != nil {
		return f, fmt.Errorf("field %q: %w", text, err)
	}
	if !named {
		return f, nil
	}
	f.Name, err = unescape(name)
	if err == nil && f.Name == "" {
		err = errors.New("the name before '=' is empty")
	}
	if err != nil {
		return f, fmt.Errorf("field %q: %w", text, err)
	}
	return f, nil
}

// cutName returns the name that is written before a field, if there is one, and the field.
func cutName(text string) (name, what string, named bool) {
	if text == "" || strings.ContainsAny(text[:1], "/.$") {
		return "", text, false
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '~':
			i++
		case '=':
			return text[:i], text[i+1:], true
		}
	}
	return "", text, false
}

// point makes f the field that a pointer names, and gives it the name of its last step.
func (f *Field) point(pointer string) error {
	count := ""
	if strings.HasSuffix(pointer, "#") && !strings.HasSuffix(pointer, "~#") {
		f.kind, count, pointer = counted, "#", strings.TrimSuffix(pointer, "#")
	}
	path := ordinary.Replace(pointer)
	if err := jsonscan.CheckPath(path); err != nil {
		return err
	}
	p, err := jsonscan.ParsePointer(path)
	if err != nil {
		return err
	}
	f.Name = "record" + count
	// A star is alone between two slashes of the pointer as written.
	if strings.HasPrefix(pointer, ".") {
		pointer = strings.ReplaceAll(pointer, ".", "/")
	}
	written := strings.Split(pointer, "/")
	for i, name := range p.Tokens() {
		s := step{name: name, index: jsonscan.ElementIndex(name), star: written[i+1] == "*"}
		if s.star && f.star >= 0 {
			return errors.New("only one * may be in a pointer; ~* is a member with that name")
		}
		if s.star {
			f.star = i
		}
		f.path = append(f.path, s)
		f.Name = name + count
	}
	return nil
}

// ordinary replaces the escapes that RFC 6901 does not have.
var ordinary = strings.NewReplacer("~,", ",", "~=", "=", "~#", "#", "~*", "*", "~$", "$")

// unescape returns the name that is written before '='.
func unescape(name string) (string, error) {
	name = ordinary.Replace(strings.ReplaceAll(name, "~.", ".")) // a name that begins with a dot would be a pointer
	p, err := jsonscan.ParsePointer("/" + strings.ReplaceAll(name, "/", "~1"))
	if err != nil {
		return "", errors.New("in a name '~' is written ~0")
	}
	return p.Tokens()[0], nil
}

// checkNames checks that no two fields have the same name.
func checkNames(fields []Field) error {
	first := map[string]string{} // by name
	for _, f := range fields {
		if other, ok := first[f.Name]; ok {
			return fmt.Errorf("fields %q and %q have the name %q: give one of them another name, as in other=%s", other, f.text, f.Name, pointerOf(f.text))
		}
		first[f.Name] = f.text
	}
	return nil
}

// checkStars checks that all stars are at the same place, and that there is one if there is $key.
func checkStars(fields []Field) error {
	var star *Field
	for i := range fields {
		f := &fields[i]
		switch {
		case f.star < 0:
		case star == nil:
			star = f
		case !slices.Equal(star.path[:star.star], f.path[:f.star]):
			return fmt.Errorf("fields %q and %q have * at different places: only one object or array can be divided into rows", star.text, f.text)
		}
	}
	for _, f := range fields {
		if f.kind == matched && star == nil {
			return fmt.Errorf("field %q: no pointer has a *, whose name or index that is", f.text)
		}
	}
	return nil
}

// pointerOf returns a field as written, without its name.
func pointerOf(text string) string {
	_, what, _ := cutName(text)
	return what
}
