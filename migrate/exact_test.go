package migrate

import (
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

// A chance writes random values in a random style, from which it deviates now and then.
type chance struct {
	rnd    *rand.Rand
	out    strings.Builder
	spaces [2][5]string // of arrays and objects: after the bracket, comma, before the bracket, inside an empty one, around a colon
	line   string
	indent string
	stray  int // one in so many spaces deviates; 0 means never
}

func newChance(rnd *rand.Rand) *chance {
	c := &chance{rnd: rnd, stray: []int{0, 0, 3, 30}[rnd.IntN(4)]}
	pick := func(all ...string) string { return all[rnd.IntN(len(all))] }
	c.line, c.indent = pick("\n", "\r\n", "\n  ", "\n\t"), pick("", " ", "  ", "    ", "\t", " \t")
	inner := pick("", " ", "L", "L", "L", " L")
	for kind := range c.spaces {
		if rnd.IntN(4) == 0 {
			inner = pick("", " ", "L")
		}
		closing := strings.TrimLeft(inner, " ")
		if closing == "" {
			closing = inner
		}
		c.spaces[kind] = [5]string{inner, inner, closing, pick("", "", " ", "\nL", "L", "\n"), pick("", "", " ")}
	}
	return c
}

func (c *chance) space(kind, place, level int) {
	if c.stray > 0 && c.rnd.IntN(c.stray) == 0 {
		for range c.rnd.IntN(4) {
			c.out.WriteByte(" \n\t\r"[c.rnd.IntN(4)])
		}
		return
	}
	c.out.WriteString(strings.ReplaceAll(c.spaces[kind][place], "L", c.line+strings.Repeat(c.indent, level)))
}

func (c *chance) value(level, most int) {
	kind := c.rnd.IntN(2)
	if most == 0 || c.rnd.IntN(3) == 0 {
		all := []string{"1", "-2.5e7", "true", "null", "false", `""`, `"a b"`, `"\"],{"`, `"é"`, `"\\"`, "0"}
		c.out.WriteString(all[c.rnd.IntN(len(all))])
		return
	}
	n := c.rnd.IntN(4)
	brackets := []string{"[]", "{}"}[kind]
	c.out.WriteByte(brackets[0])
	for i := range n {
		if i == 0 {
			c.space(kind, 0, level+1)
		} else {
			c.out.WriteByte(',')
			c.space(kind, 1, level+1)
		}
		if kind == 1 {
			c.out.WriteString(`"n"`)
			c.space(kind, 4, level)
			c.out.WriteByte(':')
			c.space(1, 4, level)
		}
		c.value(level+1, most-1)
	}
	if n == 0 {
		c.space(kind, 3, level)
	} else {
		c.space(kind, 2, level)
	}
	c.out.WriteByte(brackets[1])
}

// An export is the source, whatever its white space is and however it is read.
func TestExact(t *testing.T) {
	rnd := seeded(t)
	p := newPlace(t)
	for range testutil.Rounds(100, 300) {
		c := newChance(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
		p.exactly(c, c.array(1+c.rnd.IntN(6), 0), 1+c.rnd.IntN(40))
	}
}

// The same for a source whose style is settled long before its end.
func TestExactOfLong(t *testing.T) {
	rnd := seeded(t)
	p := newPlace(t)
	for range testutil.Rounds(4, 12) {
		c := newChance(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
		p.exactly(c, c.array(0, learnBytes*2), []int{50, 1000, 70_000, 1 << 20}[c.rnd.IntN(4)])
	}
}

// array writes an array of n values, or of enough values for a number of bytes.
func (c *chance) array(n, bytes int) string {
	c.out.WriteString("[")
	for i := 0; i < n || c.out.Len() < bytes; i++ {
		if i > 0 {
			c.out.WriteString(",")
		}
		c.space(0, 1, 1)
		c.value(1, 4)
	}
	c.out.WriteString("]")
	return c.out.String()
}

// exactly migrates a text in pieces, and exports it.
func (p *place) exactly(c *chance, text string, most int) {
	p.Helper()
	shown := text[:min(len(text), 2000)]
	testutil.NoError(p, os.RemoveAll(p.dir))
	r, err := Run(p.Context(), p.options(Options{Source: "-", Stdin: &pieces{text, most, c.rnd}, Verify: VerifyRoundtrip}))
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
