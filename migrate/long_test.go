package migrate

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// longSpace has places of every kind between its tokens.
var longSpace = []struct{ at, text string }{
	{"", `{"n":{"x":[1,{}]},"history":[{"a":1,"b":[]},{"a":[2,3]},[{}]],"m":0}`},
	{"", `[{"a":1,"b":{}},{"a":[2,3]}]`},
	{"", `{"a":1} {"a":[2,{}]}`},
	{"", `{"history":[],"n":1}`},
	{"/*/*", `{"x":{"k":{"a":1},"l":{"a":[2]}},"y":{"m":{"a":3}},"z":{}}`},
	{"/data/*/rows", `{"v":1,"data":{"x":{"n":0,"rows":[{"a":1},{"a":2}]},"y":{"rows":[{"a":3}],"n":[1]}},"m":0}`},
}

// tokenEdges returns the offsets between the tokens of a text with numbers of one digit.
func tokenEdges(text string) (all []int) {
	for i := 0; i < len(text); i++ {
		if text[i] <= ' ' {
			continue
		}
		all = append(all, i)
		if text[i] == '"' {
			i += 1 + strings.IndexByte(text[i+1:], '"')
		}
	}
	return append(all, len(text))
}

// recordsAt returns options with a pointer or pattern; "" means none.
func recordsAt(t testing.TB, text string) (o Options) {
	if text != "" {
		o.Records = pattern(t, text)
	}
	return o
}

// White space of any length, at any place, is exported.
func TestLongSpace(t *testing.T) {
	step := testutil.Rounds(7, 1)
	p := newPlace(t)
	for n, c := range longSpace {
		for i, edge := range tokenEdges(c.text) {
			if (n+i)%step != 0 {
				continue
			}
			p.planned(c.text[:edge]+strings.Repeat(" ", 2*mib)+c.text[edge:], recordsAt(t, c.at))
			if t.Failed() {
				t.Fatalf("2 MiB before %q of %s", c.text[edge:], c.text)
			}
		}
	}
}

// White space that is as long as a line of a deeper level may be is not taken for that line.
func TestLongLines(t *testing.T) {
	line := func(level int) string { return "\n" + strings.Repeat(" ", maxText-2+level) }
	record := func(inner string) string {
		return "{" + line(1) + `"a":{` + inner + `"b":1` + line(1) + "}" + line(0) + "}"
	}
	newPlace(t).planned("["+record(line(2))+","+record(line(3))+"]", Options{})
}

// White space that is longer than a text of a style does not keep the style from being learned.
func TestLongSpaceStyle(t *testing.T) {
	record := `{"a":1,"b":[1,{}],"c":[]}`
	text := spaces(2).dump("[" + record + "," + record + "]")
	first := text[:strings.Index(text, "},")]
	p := newPlace(t)
	style := func(text string) *Style {
		p.planned(text, Options{})
		at, err := readLayout(p.log())
		testutil.NoError(t, err)
		return at.Spaces
	}
	want := style(text)
	for i, edge := range tokenEdges(first)[1:] {
		if i%testutil.Rounds(4, 1) != 0 {
			continue
		}
		if got := style(text[:edge] + strings.Repeat(" ", 2*mib) + text[edge:]); *got != *want {
			t.Errorf("with 2 MiB before %.20q: %+v", text[edge:], got)
		}
	}
}

// White space about as long as a text of a style may be is exported, in every style.
func TestExactOfLongSpace(t *testing.T) {
	rnd := seeded(t)
	p := newPlace(t)
	for range testutil.Rounds(60, 300) {
		c := newChance(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
		c.stray, c.long = 8, 3
		c.container(0, 3+c.rnd.IntN(9), 0, func(level int) { c.value(level, 4) })
		o := Options{learn: int64(c.rnd.IntN(c.out.Len()))}
		p.exactly(c, o, []int{40, 5000, 70_000}[c.rnd.IntN(3)])
	}
}

// Names of any length are exported, but for those that lead to the records: they are in the
// pointer that origin/ keeps.
func TestLongNames(t *testing.T) {
	long := func(bytes int) string { return strings.Repeat("n", bytes) }
	for _, c := range []struct {
		at, text string
		err      error
	}{
		{"", `{"NAME":{"NAME":1},"history":[{"a":1},{"a":2}],"NAME":[1]}`, nil},
		{"", `[{"NAME":{"NAME":1}},{"NAME":[]}]`, nil},
		{"/*/*", `{"NAME":{"NAME":[{"a":1}],"x":2},"y":{"NAME":3}}`, nil},
		{"/*/r", `{"a":{"NAME":0,"r":[1]},"b":{"r":[2],"NAME":[]},"NAME":{"NAME":1,"r":[3]}}`, nil},
		{"", `{"NAME":[{"a":1},{"a":2}]}`, ErrLongPointer},
		{"/NAME", `{"NAME":[]}`, ErrLongPointer},
		{"/*/NAME", `{"x":{"NAME":[1,2]}}`, ErrLongPointer},
		{"/NAME/*", `{"NAME":{"x":[1,2]}}`, ErrLongPointer},
	} {
		p := newPlace(t)
		with := func(bytes int) (string, Options) {
			return strings.ReplaceAll(c.text, "NAME", long(bytes)), recordsAt(t, strings.ReplaceAll(c.at, "NAME", long(bytes)))
		}
		if c.err != nil {
			_, err := p.run(with(maxPointer + 1))
			testutil.ErrorIs(t, err, c.err)
			p.planned(with(maxPointer - 100))
		} else {
			p.planned(with(2 * mib))
		}
		if t.Failed() {
			t.Fatal(c.text)
		}
	}
}
