package migrate

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/genhistory"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// roundtrip migrates text and exports it, which must give the same bytes.
func (p *place) roundtrip(text string, o Options) {
	p.Helper()
	o.Verify = VerifyRoundtrip
	r := p.migrated(text, o)
	if r.Verified != verifiedRoundtrip || !p.exact() {
		p.Errorf("verified %q, exact: %v", r.Verified, p.exact())
	}
	wantText(p, "export", p.export(), text)
}

func TestRoundtripOfGeneratedHistory(t *testing.T) {
	for _, shape := range []genhistory.Shape{genhistory.ShapeHistory, genhistory.ShapeArray, genhistory.ShapeNDJSON, genhistory.ShapeBatch} {
		for _, indent := range []genhistory.Indent{genhistory.IndentNone, genhistory.IndentZero, 1, 2, 4, genhistory.IndentCompact} {
			for _, n := range []int{0, 1, 4} {
				t.Run(fmt.Sprintf("%s/indent %d/%d", shape, indent, n), func(t *testing.T) {
					var b bytes.Buffer
					testutil.NoError(t, genhistory.Write(&b, genhistory.Options{Records: n, BatchBytes: 3000, Seed: 1, Shape: shape, Indent: indent}))
					if b.Len() == 0 {
						return
					}
					newPlace(t).roundtrip(b.String(), Options{})
				})
			}
		}
	}
}

func TestRoundtrip(t *testing.T) {
	styles := map[string]python{
		"none": pythonNone, "compact": pythonCompact, "0": indented(""), "1": spaces(1), "2": spaces(2), "4": spaces(4), "tab": indented("\t"),
	}
	texts := map[string]string{
		"history":          `{"history":[{"a":[1,{"b":[]}],"c":{}},{"d":[[]]}],"total_entries":2}`,
		"members around":   `{"v":[1,[2]],"o":{"p":[]},"history":[{"a":1,"b":[2,3]},{}],"after":{"x":[{}]},"last":[]}`,
		"array":            `[{"a":1,"b":[2,3]},{"a":2},[]]`,
		"one record":       `{"history":[{"a":1,"b":[2,3]}]}`,
		"one array":        `{"n":1,"rows":[{"a":1,"b":{"c":null}},{"a":2}]}`,
		"one value":        `{"timestamp":1748448862,"a":{"b":[]}}`,
		"scalars":          `[1,2,"three",true,null]`,
		"tokens":           `{"history":[{"a":-0,"a":1.0,"b":[1e400,-0.0E+5,123456789012345678901234567890],"c":"\ud800 \u00e9\/\\ é"},{"d":"\"],[{"}]}`,
		"names":            `{"history":[{"":0,"a:b, c":"[1, 2]","\u0061":{"}":"{"}}]}`,
		"an empty one 1st": `{"history":[{},{"a":1,"b":[2,3]}]}`,
		"a scalar first":   `[1,{"a":1,"b":[2,3]}]`,
		"a list first":     `[[],[1,2,[3]],{"a":{"b":2}}]`,
	}
	for _, name := range sortedKeys(texts) {
		for _, style := range sortedKeys(styles) {
			t.Run(name+"/"+style, func(t *testing.T) { newPlace(t).roundtrip(styles[style].dump(texts[name]), Options{}) })
		}
	}
}

func sortedKeys[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestRoundtripAround(t *testing.T) {
	text := history(numbered(1, 3))
	lines := ndjson(numbered(1, 3))
	long := strings.Repeat(" ", 3*gapBytes+5)
	for _, c := range []struct{ name, text string }{
		{"BOM", "\xef\xbb\xbf" + text},
		{"BOM, NDJSON", "\xef\xbb\xbf" + lines},
		{"newline at the end", text + "\n"},
		{"white space around", " \r\n\t" + text + "\n \t\r\n"},
		{"NDJSON, CRLF", strings.ReplaceAll(lines, "\n", "\r\n")},
		{"NDJSON, no newline at the end", strings.TrimSuffix(lines, "\n")},
		{"NDJSON, blank lines", strings.ReplaceAll(lines, "\n", "\n\n")},
		{"NDJSON as Python writes it", strings.ReplaceAll(pythonNone.dump(strings.ReplaceAll(lines, "\n", ";")), ";", "\n")},
		{"values without space between", strings.ReplaceAll(lines, "\n", "")},
		{"text without space between", `"a""b""c"`},
		{"one line", numbered(1, 1)[0] + "\n"},
		{"scalars", "1 2 3"},
		{"one scalar", "true"},
		{"no records", `{"history": [], "n": {"x": []}}` + "\n"},
		{"no records, indented", "{\n  \"history\": []\n}"},
		{"no records, space within", "\n[ \n ]\n"},
		{"space before the end", `[{"a":1},{"b":2}` + long + "]"},
		{"space before the end, one record", `[{"a":1}` + long + "]"},
		{"space after the end", lines + long},
		{"space between", `[{"a":1},` + long + `{"b":2},` + long + `{"b":2}]`},
		{"space before the first", `[` + long + `{"a":1},{"b":2}]`},
		{"a first record larger than the sample", pythonNone.dump(`[{"a":[` + strings.Repeat("[1,{}],", gapBytes) + `0]},{"b":[1,2]}]`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.roundtrip(c.text, Options{})
		})
	}
}

// irregular holds sources with white space of no style.
var irregular = []struct{ name, text string }{
	{"in the first record", `[{"a" :1},{"b":2}]`},
	{"in a later record", `[{"a":1}, {"b" :2}, {"c": [1,2]}]`},
	{"in an empty object", `[{"a":1},{ }]`},
	{"two styles", `[{"a":1},{"a": 1}]`},
	{"before a comma", `[{"a":1},{"b":2} ,{"c":3}]`},
	{"CRLF", strings.ReplaceAll(history(numbered(1, 3)), "\n", "\r\n")},
	{"aligned", "[{\"a\":  1,\n  \"bb\": 2}]"},
	{"behind the sample", `[{"a":"` + strings.Repeat("x", gapBytes) + `", "b":1,"c" :2}]`},
	{"uneven lines", "{\"a\":1}\n\n{\"b\":2}\n{\"c\":3}\n"},
	{"uneven, of more than is kept", "[1," + strings.Repeat(" ", gapBytes) + "2," + strings.Repeat(" ", gapBytes+1) + "3]"},
}

// Irregular white space is kept, too.
func TestIrregular(t *testing.T) {
	for _, c := range irregular {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.roundtrip(c.text, Options{})
			p.roundtrip(c.text+strings.Repeat(" ", 2*gapBytes), Options{}) // the gap spills and becomes the suffix
			p.add("7")
			if got := p.export(); !strings.Contains(got, "7") {
				t.Errorf("the export lacks what was appended: %.200q", got)
			}
		})
	}
}

// The receipt says if tokens were converted.
func TestRoundtripOfMended(t *testing.T) {
	mend := jsonscan.Options{NonFinite: jsonscan.NullNonFinite, InvalidUTF8: jsonscan.ReplaceUTF8}
	for _, text := range []string{`[{"a":1},{"a":NaN}]`, `[{"a":-Infinity}]`, "[{\"a\":\"x\"},{\"a\":\"\xff\"}]"} {
		p := newPlace(t)
		if r := p.migrated(text, Options{Verify: VerifyRoundtrip, Accept: mend}); r.Verified != verifiedTokens || r.Export != exportConverted {
			t.Errorf("%q: verified %q", text, r.Verified)
		}
	}
}

func TestVerifyRoundtripOfStream(t *testing.T) {
	p := newPlace(t)
	o := p.options(Options{Source: "-", Stdin: strings.NewReader(history(numbered(1, 3))), Verify: VerifyRoundtrip})
	r, err := Run(t.Context(), o)
	testutil.NoError(t, err)
	if r.Verified != verifiedRoundtrip {
		t.Errorf("verified %q", r.Verified)
	}
	o.Dir += "2"
	o.Stdin = strings.NewReader(`{"history": []}`)
	if _, err := Run(t.Context(), o); err != nil {
		t.Errorf("a history without records: %v", err)
	}
	p.dir += "3"
	o.Dir, o.Stdin, o.Accept.NonFinite = p.dir, strings.NewReader(`[ 1,NaN ,3]`), NullNonFinite
	_, err = Run(t.Context(), o)
	testutil.ErrorIs(t, err, ErrOnce)
	p.nothing()
}

// add appends records to the log.
func (p *place) add(records ...string) {
	p.Helper()
	w, err := segment.OpenWriter(p.Context(), p.dir, segment.Options{FS: testutil.NoSync{}})
	testutil.NoError(p, err)
	for _, r := range records {
		_, err := w.Append(context.Background(), []byte(r))
		testutil.NoError(p, err)
	}
	testutil.NoError(p, w.Close())
}

// last yields the last n records of a log.
func last(l *segment.Log, n segment.Sequence) iter.Seq2[segment.Record, error] {
	next, _ := l.NextSeq()
	return records(l, next-n)
}

func TestExportOfOtherRecords(t *testing.T) {
	for _, c := range []struct {
		name, source  string
		appended      []string
		n             segment.Sequence
		want          string
		stale         []string
		sourceRecords int
	}{
		{"as migrated", `{"v":0,"history":[1,2,3],"total_entries":3,"updated":{"x":[]}}`, nil, 3,
			`{"v":0,"history":[1,2,3],"total_entries":3,"updated":{"x":[]}}`, nil, 3},
		{"fewer", `{"v":0,"history":[1,2,3],"total_entries":3,"updated":{"x":[]}}`, nil, 2,
			`{"v":0,"history":[2,3],"total_entries":3,"updated":{"x":[]}}`, []string{"v", "total_entries", "updated"}, 3},
		{"more", `{"history":[1,2,3],"total_entries":3,"a\"b":0}`, []string{"4", `{"x":[5]}`}, 5,
			`{"history":[1,2,3,4,{"x":[5]}],"total_entries":3,"a\"b":0}`, []string{"total_entries", `a"b`}, 3},
		{"as many, but others", `{"history":[1,2,3],"latest":3}`, []string{"4", "5"}, 3,
			`{"history":[3,4,5],"latest":3}`, []string{"latest"}, 3},
		{"counted before them", `{"total_entries":3,"history":[1,2,3]}`, []string{"4"}, 4,
			`{"total_entries":3,"history":[1,2,3,4]}`, []string{"total_entries"}, 3},
		{"nested", `{"h":{"history":[1,2,3],"total_entries":3},"latest":3}`, []string{"4"}, 4,
			`{"h":{"history":[1,2,3,4],"total_entries":3},"latest":3}`, []string{"total_entries", "latest"}, 3},
		{"an array", `[1,2]`, []string{"3"}, 3, `[1,2,3]`, nil, 2},
		{"one and more", `{"history":[{"a":1}],"n":1}`, []string{"2"}, 2, `{"history":[{"a":1},2],"n":1}`, []string{"n"}, 1},
		{"none of them", `{"history":[1,2],"n":1}`, nil, 0, `{"history":[],"n":1}`, []string{"n"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			o := Options{}
			if c.name == "nested" {
				o.Records, _ = jsonscan.ParsePointer("/h/history")
			}
			style := spaces(2)
			if r := p.migrated(style.dump(c.source), o); int(r.Records) != c.sourceRecords {
				t.Fatalf("%d records", r.Records)
			}
			p.add(c.appended...)
			l := p.log()
			var b strings.Builder
			e, err := Export(&b, l, Original, last(l, c.n))
			testutil.NoError(t, err)
			wantText(t, "compact export", compactOf(b.String()), c.want)
			if c.n > 0 {
				wantText(t, "export", b.String(), style.dump(c.want))
			}
			if !slices.Equal(e.Stale, c.stale) || e.Records != uint64(c.n) {
				t.Errorf("%d records, stale %q; want %d, %q", e.Records, e.Stale, c.n, c.stale)
			}
		})
	}
}

func TestExportWithoutOrigin(t *testing.T) {
	p := newPlace(t)
	w, err := segment.Create(t.Context(), p.dir, segment.Options{FS: testutil.NoSync{}})
	testutil.NoError(t, err)
	testutil.NoError(t, w.Close())
	formats := func(original, array string) {
		t.Helper()
		for format, want := range map[Format]string{Original: original, Array: array} {
			var b strings.Builder
			_, err := Export(&b, p.log(), format, records(p.log(), 0))
			testutil.NoError(t, err)
			wantText(t, "export", b.String(), want)
		}
	}
	formats("{\"history\": []}\n", "[]\n")
	p.add(`{"a":[1]}`, "2")
	object := "{\n" + `      "a": [` + "\n        1\n      ]\n    }"
	if got := p.export(); got != "{\"history\": [\n    "+object+",\n    2\n  ]\n}\n" {
		t.Errorf("export %q", got)
	}
}

// Records appended to a log whose source had none are exported where the source's would be.
func TestExportAfterEmpty(t *testing.T) {
	for _, c := range []struct{ source, at, want string }{
		{"[]", "", "[\n  {\n    \"n\": [\n      1\n    ]\n  },\n  2\n]"},
		{"[]\n", "", "[\n  {\n    \"n\": [\n      1\n    ]\n  },\n  2\n]\n"},
		{"\n[ \n ]\n", "", "\n[\n  {\n    \"n\": [\n      1\n    ]\n  },\n  2\n]\n"},
		{"{\n  \"name\": \"x\",\n  \"history\": [],\n  \"total_entries\": 0\n}\n", "", "{\n  \"name\": \"x\",\n  \"history\": [\n    {\n      \"n\": [\n        1\n      ]\n    },\n    2\n  ],\n  \"total_entries\": 0\n}\n"},
		{"{\r\n\t\"h\": {\r\n\t\t\"rows\": []\r\n\t}\r\n}", "/h/rows", "{\r\n\t\"h\": {\r\n\t\t\"rows\": [\r\n\t\t\t{\r\n\t\t\t\t\"n\": [\r\n\t\t\t\t\t1\r\n\t\t\t\t]\r\n\t\t\t},\r\n\t\t\t2\r\n\t\t]\r\n\t}\r\n}"},
		{`{"name": "x", "history": []}`, "", `{"name": "x", "history": [{"n": [1]}, 2]}`},
		{`{"name":"x","history":[],"n":[]}`, "", `{"name":"x","history":[{"n":[1]},2],"n":[]}`},
		{`{"history": [], "n": [[], []]}`, "/n/1", `{"history": [], "n": [[], [{"n": [1]}, 2]]}`},
	} {
		p := newPlace(t)
		o := Options{}
		if c.at != "" {
			o.Records, _ = jsonscan.ParsePointer(c.at)
		}
		p.roundtrip(c.source, o)
		p.add(`{"n":[1]}`, "2")
		wantText(t, "export of "+c.source, p.export(), c.want)
		// and of a version whose layouts had no spaces
		name := p.former()
		testutil.NoError(t, os.WriteFile(name, []byte(`{"records":`+quote(p.layout().Records)+`,"depth":`+fmt.Sprint(p.layout().Depth)+`,"between":null,"style":null,"empty":true}`), 0o644))
		wantText(t, "export of an earlier "+c.source, p.export(), c.want)
	}
}

// A log whose layout has the style of an older version is exported as by that version.
func TestExportOfFormerLayout(t *testing.T) {
	text := history(numbered(1, 3))
	p := newPlace(t)
	p.migrated(text, Options{})
	name := p.former()
	testutil.NoError(t, os.WriteFile(name, []byte(`{"records":"/history","depth":2,"between":",\n    ","style":{"indent":"  ","comma":",","colon":": "},"empty":false}`), 0o644))
	wantText(t, "export", p.export(), text)
	p.add(`{"a":[1]}`)
	wantText(t, "compact export", compactOf(p.export()), strings.Replace(compactOf(text), `],"total`, `,{"a":[1]}],"total`, 1))
}
