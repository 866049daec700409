package migrate

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// pieces reads a text in pieces of random length, so that every token and every white space
// is divided somewhere.
type pieces struct {
	text string
	most int
	rnd  *rand.Rand
}

func (r *pieces) Read(b []byte) (int, error) {
	if r.text == "" {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 1+r.rnd.IntN(r.most))], r.text)
	r.text = r.text[n:]
	return n, nil
}

// An export is the source, whatever its white space is and however it is read.
func TestExact(t *testing.T) {
	rnd := seeded(t)
	p := newPlace(t)
	for range testutil.Rounds(100, 300) {
		c := newChance(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
		c.container(0, 1+c.rnd.IntN(6), 0, func(level int) { c.value(level, 4) })
		p.exactly(c, Options{}, 1+c.rnd.IntN(40))
	}
}

// The same for texts of every shape.
func TestExactOfShapes(t *testing.T) {
	rnd := seeded(t)
	p := newPlace(t)
	for range testutil.Rounds(100, 300) {
		c := newChance(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
		p.exactly(c, c.document(), 1+c.rnd.IntN(40))
	}
}

// The same for a source whose style is settled long before its end.
func TestExactOfLong(t *testing.T) {
	rnd := seeded(t)
	p := newPlace(t)
	for range testutil.Rounds(4, 12) {
		c := newChance(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
		c.out.WriteString("[")
		for i := 0; c.out.Len() < 2*learnBytes; i++ {
			c.element(0, i, 0)
			c.value(c.inside(0, 0), 4)
		}
		c.space(0, 2, 0)
		c.out.WriteString("]")
		p.exactly(c, Options{}, []int{50, 1000, 70_000, 1 << 20}[c.rnd.IntN(4)])
	}
}

// exactly migrates what c has written, in pieces, and exports it. A source that does not
// say which of its values are the records is not migrated.
func (p *place) exactly(c *chance, o Options, most int) {
	p.Helper()
	text := c.out.String()
	shown := text[:min(len(text), 2000)]
	o.Source, o.Stdin, o.Verify = "-", &pieces{text, most, c.rnd}, VerifyRoundtrip
	testutil.NoError(p, os.RemoveAll(p.dir))
	r, err := Run(p.Context(), p.options(o))
	if errors.Is(err, ErrUndecided) { // or not in one pass
		p.write(text)
		o.Source = p.source
		r, err = Run(p.Context(), p.options(o))
	}
	if errors.Is(err, ErrUndecided) || errors.Is(err, ErrTwice) {
		return
	}
	if err != nil || r.Export != exportExact || r.Verified != verifiedRoundtrip {
		p.Fatalf("%q: %v, %+v", shown, err, r)
	}
	wantText(p, "export", p.export(), text)
	if p.Failed() {
		p.Fatalf("%q", shown)
	}
}

// Records that were appended are exported in the style of the source, whatever its writer was.
func TestStyles(t *testing.T) {
	const appended = `{"a":[1,{"b":[]}],"c":{}}`
	for _, c := range []struct{ name, record, between, prefix, suffix string }{
		{"Python on Windows", "{\r\n    \"a\": [\r\n      1,\r\n      {\r\n        \"b\": []\r\n      }\r\n    ],\r\n    \"c\": {}\r\n  }", ",\r\n  ", "[\r\n  ", "\r\n]"},
		{"Jackson", "{\n    \"a\" : [ 1, {\n      \"b\" : [ ]\n    } ],\n    \"c\" : { }\n  }", ", ", "{\n  \"history\" : [ ", " ]\n}"},
		{"JSON::PP", "{\n      \"a\" : [\n         1,\n         {\n            \"b\" : []\n         }\n      ],\n      \"c\" : {}\n   }", ",\n   ", "[\n   ", "\n]\n"},
		{"old Ruby", "{\n    \"a\": [\n      1,\n      {\n        \"b\": [\n\n        ]\n      }\n    ],\n    \"c\": {\n    }\n  }", ",\n  ", "[\n  ", "\n]"},
		{"Go with a prefix", "{\n> \t\"a\": [\n> \t\t1,\n> \t\t{\n> \t\t\t\"b\": []\n> \t\t}\n> \t],\n> \t\"c\": {}\n> }", "", "", "\n"},
		{"jq --tab", "{\n\t\t\"a\": [\n\t\t\t1,\n\t\t\t{\n\t\t\t\t\"b\": []\n\t\t\t}\n\t\t],\n\t\t\"c\": {}\n\t}", ",\n\t", "[\n\t", "\n]\n"},
		{"cJSON", "{\n\t\t\"a\":\t[1, {\n\t\t\t\t\"b\":\t[]\n\t\t\t}],\n\t\t\"c\":\t{\n\t\t}\n\t}", ", ", "[", "]"},
		{"one element a line", appended, ",\n", "[\n", "\n]\n"},
		{"arrays on one line", "{\n    \"a\": [1, {\n      \"b\": []\n    }],\n    \"c\": {}\n  }", ",\n  ", "[\n  ", "\n]"},
		{"NDJSON of Python", `{"a": [1, {"b": []}], "c": {}}`, "\n", "", "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			record := strings.ReplaceAll(c.record, "> ", "  ") // white space alone may be there
			if c.between == "" {
				c.between = "\n"
			}
			text := c.prefix + record + c.between + record + c.suffix
			p.roundtrip(text, Options{})
			if names := p.originNames(); strings.Contains(names, spaceName) {
				t.Errorf("origin/ holds %s: the style was not learned", names)
			}
			p.add(appended)
			wantText(t, "export", p.export(), c.prefix+record+c.between+record+c.between+record+c.suffix)
		})
	}
}
