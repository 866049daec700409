package migrate

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// TestShapes: which values of a source are its records.
func TestShapes(t *testing.T) {
	const undecidedOnce = "once" // standard input is read once, which does not decide
	for _, c := range []struct {
		name, source string
		at           string // in the report and in layout.json; "!" means undecided, with the candidates
		records      []string
		once         string
	}{
		{"array", ` [1, "a", {"b": [2]}] `, "", []string{"1", `"a"`, `{"b":[2]}`}, ""},
		{"array of arrays", `[[1],[2,3]]`, "", []string{"[1]", "[2,3]"}, ""},
		{"empty array", `[]`, "", nil, ""},
		{"history", `{"history": [1, {"a":2}], "n": 2}`, "/history", []string{"1", `{"a":2}`}, ""},
		{"empty history", `{"history": [], "rows": []}`, "/history", nil, ""},
		{"empty history beside objects", `{"history": [], "rows": [{}, {}]}`, "!another array: /rows (2), /history (0)", nil, undecidedOnce},
		{"history of null", `{"history": null, "rows": [{}, 1]}`, "/rows", []string{"{}", "1"}, ""},
		{"history is an object", `{"history": {"a": [{}, {}]}, "b": 1}`, "/history/a", []string{"{}", "{}"}, undecidedOnce},
		{"name escaped", `{"\u0068istory": [1]}`, "/history", []string{"1"}, ""},
		{"one array of objects", `{"n": [1], "s": "x", "rows": [{"a":"as long as ten of the other array"}], "e": [], "m": [[1]]}`, "/rows", []string{`{"a":"as long as ten of the other array"}`}, ""},
		{"one whose name is escaped", `{"a/b~c": [{}]}`, "/a~1b~0c", []string{"{}"}, ""},
		{"in a deeper object", `{"o": {"rows": [{}, {}]}, "t": 1}`, "/o/rows", []string{"{}", "{}"}, undecidedOnce},
		{"one in a deeper object", `{"o": {"rows": [{}]}, "t": 1}`, "!single element: /o/rows (1),  (1)", nil, undecidedOnce},
		{"array not of objects", `{"a": [1, {}], "t": 1}`, "stream", []string{`{"a":[1,{}],"t":1}`}, undecidedOnce},
		{"history before an array of objects", `{"history": [{"a":1}], "rows": [{}]}`, "/history", []string{`{"a":1}`}, ""},
		{"history of scalars before objects", `{"history": [1], "rows": [{}]}`, "!not an array of objects, and there is another one: /rows (1), /history (1)", nil, undecidedOnce},
		{"history of scalars", `{"history": [1], "rows": [2]}`, "/history", []string{"1"}, ""},
		{"history after an array of objects", `{"rows": [{}], "history": [{"a":1}]}`, "/history", []string{`{"a":1}`}, undecidedOnce},
		{"history of scalars after objects", `{"rows": [{}], "history": ["created"]}`, "!not an array of objects, and there is another one: /history (1), /rows (1)", nil, undecidedOnce},
		{"history after two", `{"rows": [{}], "more": [{}], "history": [{"a":1}]}`, "/history", []string{`{"a":1}`}, undecidedOnce},
		{"an empty one after", `{"rows": [{}], "history": []}`, "!another array: /rows (1), /history (0)", nil, undecidedOnce},
		{"lines", "{\"a\":1}\n{\"b\":2}\n", "stream", []string{`{"a":1}`, `{"b":2}`}, undecidedOnce},
		{"lines of arrays", "[1]\n[2,3]\n", "stream", []string{`[1]`, `[2,3]`}, undecidedOnce},
		{"lines with arrays of objects", "{\"r\":[{}],\"n\":12}\n{\"r\":[{}]}", "stream", []string{`{"r":[{}],"n":12}`, `{"r":[{}]}`}, undecidedOnce},
		{"lines with a time and arrays of objects", "{\"timestamp\":1748448862,\"r\":[{\"timestamp\":1748448862,\"long\":\"long long long long long long long long long long long long\"}]}\n{\"r\":[{}]}", "stream", nil, undecidedOnce},
		{"lines of which one has another time", "{\"at\":\"2025-05-28\",\"r\":[{\"long\":\"" + strings.Repeat("x", 500) + "\"}]}\n{}", "stream", nil, undecidedOnce},
		{"two documents without a time", "{\"r\":[{\"long\":\"" + strings.Repeat("x", 500) + "\"}]}\n{}", "!2 values, and value 1 holds an array: /r (1)", nil, undecidedOnce},
		{"documents whose records have times", "{\"n\":1,\"s\":\"two and more\",\"r\":[{\"timestamp\":1748448862},{}]}\n{}", "!value 1 holds an array: /r (2)", nil, undecidedOnce},
		{"a record, then a document", "{\"timestamp\":1748448862}\n{\"history\":[{},{}]}", "!2 values, and value 2 holds an array: /history (2)", nil, undecidedOnce},
		{"two arrays of objects as documents", "[{\"a\":1}]\n[{\"a\":2},{}]", "!value 1 holds an array: the root array (1)", nil, undecidedOnce},
		{"an array and an object behind it", "[{\"a\":1},{}]\n{\"a\":2}", "!2 values, and value 1 holds an array: the root array (2)", nil, undecidedOnce},
		{"a document and an array behind it", "{\"history\":[{}]} []", "!value 1 holds an array: /history (1)", nil, undecidedOnce},
		{"two documents", "{\"history\":[1]}\n{\"history\":[2]}", "!2 values, and value 1 holds an array: /history (1)", nil, undecidedOnce},
		{"lines with a time and a history", "{\"timestamp\":1748448862,\"history\":[1]}\n{}", "stream", []string{`{"timestamp":1748448862,"history":[1]}`, `{}`}, undecidedOnce},
		{"values side by side", `{}[]"a"{}`, "!differ in kind: value 1 is an object, value 2 is not", nil, undecidedOnce},
		{"scalars", "1 null \"x\"", "stream", []string{"1", "null", `"x"`}, undecidedOnce},
		{"object and scalar", `{"a":1} {"a":2} 2`, "!differ in kind: value 1 is an object, value 3 is not", nil, undecidedOnce},
		{"scalar and object", `2 {"a":1}`, "!differ in kind: value 1 is a scalar, value 2 is not", nil, undecidedOnce},
		{"single object", `{"timestamp": 1}`, "stream", []string{`{"timestamp":1}`}, undecidedOnce},
		{"empty object", `{}`, "stream", []string{`{}`}, undecidedOnce},
		{"single scalar", `true`, "stream", []string{`true`}, undecidedOnce},
		{"BOM", "\xef\xbb\xbf[1]", "", []string{"1"}, ""},
		{"BOM and lines", "\xef\xbb\xbf{\"a\":1}\n{\"a\":2}", "stream", []string{`{"a":1}`, `{"a":2}`}, undecidedOnce},
		{"two arrays of objects", `{"a": [{}], "b": [{}]}`, "!", nil, undecidedOnce},
		{"two of one name", `{"a": [{}], "a": [{}]}`, "!", nil, undecidedOnce},
		{"two of one name, one of objects", `{"a": [{}], "a": [1]}`, "!", nil, undecidedOnce},
		{"two of one name, the last of objects", `{"a": [1], "a": [{}]}`, "!", nil, undecidedOnce},
		{"two without a name, one an array", `{"": [{}], "": 1}`, "!", nil, undecidedOnce},
		{"the last of one name", `{"a": 1, "a": [{}]}`, "/a", []string{"{}"}, ""},
		{"two histories, one an array", `{"history": [1], "history": 2}`, "!", nil, undecidedOnce},
		{"two histories on a line", "{\"history\":[1],\"history\":[]}\n{}", "!", nil, undecidedOnce},
		{"two histories", `{"history": [1], "history": [2]}`, "!", nil, undecidedOnce},
		{"two histories after another", `{"a": [{}], "history": [1], "history": [2]}`, "!", nil, undecidedOnce},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.write(c.source)
			plan, err := DryRun(t.Context(), p.options(Options{}))
			p.nothing()
			if names, no := strings.CutPrefix(c.at, "!"); no {
				testutil.ErrorIs(t, err, ErrUndecided)
				_, err = p.run(c.source, Options{})
				testutil.ErrorIs(t, err, ErrUndecided)
				if said := whyUndecided(err); !strings.Contains(said, names) {
					t.Errorf("%s does not name %s", said, names)
				}
			} else {
				testutil.NoError(t, err)
				if c.records == nil && c.at == "stream" { // each line
					for line := range strings.SplitSeq(c.source, "\n") {
						c.records = append(c.records, compactOf(line))
					}
				}
				if plan.RecordsAt != c.at || plan.Records != uint64(len(c.records)) {
					t.Errorf("plan: %d records at %q, want %d at %q", plan.Records, plan.RecordsAt, len(c.records), c.at)
				}
				p.migrated(c.source, Options{})
				wantTexts(t, p.texts(), c.records)
				if got := p.layout().Records; got != c.at {
					t.Errorf("layout: records at %q, want %q", got, c.at)
				}
			}
			_, err = p.run("", Options{Source: "-", Stdin: strings.NewReader(c.source)})
			if c.once == "" {
				testutil.NoError(t, err)
				wantTexts(t, p.texts(), c.records)
			} else {
				testutil.ErrorIs(t, err, ErrUndecided)
			}
		})
	}
}

// whyUndecided returns the text of an error with the candidates that it names.
func whyUndecided(err error) string {
	var at *UndecidedError
	if !errors.As(err, &at) {
		return fmt.Sprint(err)
	}
	var names []string
	for _, c := range at.Candidates {
		names = append(names, fmt.Sprintf("%s (%d)", c.At, c.Count))
	}
	return err.Error() + ": " + strings.Join(names, ", ")
}

// The share of a source is what lies from its first record to its last.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		source  string
		covered string
	}{
		{` [1, 2 , 3] `, `1, 2 , 3`},
		{"\xef\xbb\xbf[1]", `1`},
		{`{"n": [1,2], "history": [ {"a": 1} , {"a": 2}, 12 ], "m": {}}`, `{"a": 1} , {"a": 2}, 12`},
		{"\n{\"a\":1}\n\n{\"a\":2}\n", "{\"a\":1}\n\n{\"a\":2}"},
		{`[]`, ``},
		{`{"a": {"2025-05-01": {"n": 1}, "2025-05-02": {"n": 2}}, "b": 1}`, `"2025-05-01": {"n": 1}, "2025-05-02": {"n": 2}`},
		{`{"a": {"2025-05-01": [{"n": 1}], "2025-05-02": [{"n": 2}, {"n": 3}]}, "b": 1}`, `{"n": 1}` + `{"n": 2}, {"n": 3}`},
	} {
		p := newPlace(t)
		want := float64(len(c.covered)) / float64(len(c.source))
		if r := p.migrated(c.source, Options{}); r.Share != want {
			t.Errorf("%s: share %v, want %v", c.source, r.Share, want)
		}
		testutil.NoError(t, os.RemoveAll(p.dir))
		plan, err := DryRun(t.Context(), p.options(Options{}))
		testutil.NoError(t, err)
		if plan.Share != want {
			t.Errorf("%s: share %v in the plan, want %v", c.source, plan.Share, want)
		}
	}
	p := newPlace(t)
	r, err := p.run(`[1,2,3,`, Options{Salvage: true})
	testutil.NoError(t, err)
	if want := 5.0 / 7; r.Share != want {
		t.Errorf("salvaged: share %v, want %v", r.Share, want)
	}
}

// TestLateDocument: a document is noticed anywhere in a stream.
func TestLateDocument(t *testing.T) {
	const timed, untimed = `{"timestamp":1748448862,"r":[{"a":1}]}` + "\n", `{"n":1,"r":[{"a":1}]}` + "\n"
	for _, c := range []struct {
		name, records string
		count         int
		document      string
		want          string // "" if the value is a record
	}{
		{"small, among records with times", timed, 16, `{"history":[{},{}]}`, "holds an array: /history (2)"},
		{"far behind the beginning", timed, 5000, `{"history":[{},{}]}`, "holds an array: /history (2)"},
		{"history of scalars", timed, 20, `{"n":1,"history":[1,2,3]}`, "holds an array: /history (3)"},
		{"history with an escape", timed, 20, `{"n":1,"\u0068istory":[1,2,3]}`, "holds an array: /history (3)"},
		{"among records without times", untimed, 20, `{"history":[{},{}]}`, "holds an array: /history (2)"},
		{"of another name", timed, 20, `{"rows":[{"timestamp":1748448862}]}`, "holds an array: /rows (1)"},
		{"an array of objects", timed, 20, `[{"a":1},{"a":2}]`, "holds an array: the root array (2)"},
		{"nearly all of the text", untimed, 20, `{"r":[{"long":"` + strings.Repeat("x", 500) + `"}]}`, "holds an array: /r (1)"},
		{"a record with a time and a history", timed, 20, `{"timestamp":1748448862,"history":[{}]}`, ""},
		{"a row", timed, 20, `[1,{"a":1}]`, "is not"},
		{"scalars in an array", untimed, 20, `{"rows":[1,2]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			text := strings.Repeat(c.records, c.count) + c.document + "\n"
			_, err := p.run(text, Options{})
			_, salvaged := p.run(text+`{"n":`+"\n{}\n", Options{Salvage: true})
			if c.want == "" {
				testutil.NoError(t, err)
				testutil.NoError(t, salvaged)
				return
			}
			want := fmt.Sprintf("value %d %s", c.count+1, c.want)
			if c.document[0] == '[' { // a salvage keeps lines of one kind, and this one in quarantine/
				testutil.NoError(t, salvaged)
				salvaged = err
			}
			for _, err := range []error{err, salvaged} {
				testutil.ErrorIs(t, err, ErrUndecided)
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%v does not say %q", err, want)
				}
			}
			_, err = p.run(text, Options{Records: new(segment.Pointer)})
			testutil.NoError(t, err)
		})
	}
}

// A scalar after an array of records is damage, not a stream: otherwise damage after the
// records would make one record of all of them.
func TestScalarBehindRecords(t *testing.T) {
	for _, text := range []string{`[1,2] 3`, `[1,2]"`, `{"history":[1,2]} null`, `{"rows":[{}]}x`, `{"history":[1,2]},"n":1}`} {
		p := newPlace(t)
		_, err := p.run(text, Options{})
		testutil.ErrorIs(t, err, jsonscan.ErrInvalid)
		r, err := p.run(text, Options{Salvage: true})
		testutil.NoError(t, err)
		if !r.Salvaged || p.layout().Records == "stream" {
			t.Errorf("%s: %+v", text, r)
		}
		wantText(t, "export and quarantine", p.restored(), text)
	}
}

func (p *place) layout() (at layout) {
	p.Helper()
	testutil.NoError(p, readJSON(p.log(), layoutName, &at))
	return at
}

func TestRecordsNamed(t *testing.T) {
	const source = `{"a": {"b": [1, 2], "list": [[{}], [3, [4]]]}, "n": 5, "x/y": [6], "": [7], "total_entries": 9, "rows": [{}], "more": [{}], "01": [8]}`
	for _, c := range []struct {
		at, source string
		records    []string
		want       error
	}{
		{"/a/b", source, []string{"1", "2"}, nil},
		{".a.b", source, []string{"1", "2"}, nil},
		{"/a/list", source, []string{"[{}]", "[3,[4]]"}, nil},
		{"/a/list/1", source, []string{"3", "[4]"}, nil},
		{"/a/list/1/1", source, []string{"4"}, nil},
		{"/more", source, []string{"{}"}, nil},
		{"/x~1y", source, []string{"6"}, nil},
		{"/", source, []string{"7"}, nil},
		{"/01", source, []string{"8"}, nil},
		{"/1/0", `[0, [[5], 6]]`, []string{"5"}, nil},
		{"/1", `[0, [[5], 6]]`, []string{"[5]", "6"}, nil},
		{"/history", `{"rows": [{}], "history": []}`, nil, nil},
		{"", `[1, 2]`, []string{"[1,2]"}, nil},
		{"", "{\"history\":[1]}\n2 ", []string{`{"history":[1]}`, "2"}, nil},
		{"/a", `{"a": 1, "a": [2]}`, []string{"2"}, nil},
		{"/none", source, nil, ErrNoArray},
		{"/n", source, nil, ErrNoArray},
		{"/a", source, nil, ErrNoArray},
		{"/n/0", source, nil, ErrNoArray},
		{"/a/list/2", source, nil, ErrNoArray},
		{"/a/list/01", source, nil, ErrNoArray},
		{"/a/list/-", source, nil, ErrNoArray},
		{"/a/b/0", source, nil, ErrNoArray},
		{"/a", `5`, nil, ErrNoArray},
		{"/a", `[]`, nil, ErrNoArray},
		{"/a", `{}`, nil, ErrNoArray},
		{"/a/b", `{"a": {"b": [1]}, "a": {"b": [2]}}`, nil, ErrUndecided},
		{"/a", `{"a": [1], "a": 2}`, nil, ErrUndecided},
		{"/a", "{\"a\": [1]}\n{\"a\": [2]}", nil, jsonscan.ErrInvalid},
		{"/a", ``, nil, ErrEmpty},
		{"", ` `, nil, ErrEmpty},
	} {
		t.Run(fmt.Sprintf("%q of %.20s", c.at, c.source), func(t *testing.T) {
			at, err := jsonscan.ParsePointer(c.at)
			testutil.NoError(t, err)
			p := newPlace(t)
			for _, o := range []Options{{Records: at}, {Records: at, Source: "-", Stdin: strings.NewReader(c.source)}} {
				r, err := p.run(c.source, o)
				if c.want != nil {
					testutil.ErrorIs(t, err, c.want)
					continue
				}
				testutil.NoError(t, err)
				wantTexts(t, p.texts(), c.records)
				if c.source == source && (r.Declared == nil || *r.Declared != 9) {
					t.Errorf("declared %v", r.Declared)
				}
				wantText(t, "compact export", compactOf(p.export()), compactOf(c.source))
			}
		})
	}
}

func TestDeclared(t *testing.T) {
	for _, c := range []struct {
		source string
		want   int64 // -1 means none
	}{
		{`{"total_entries": 5, "history": [1]}`, 5},
		{`{"history": [1], "total_entries": 5}`, 5},
		{`{"history": [{"total_entries": 5}], "o": {"total_entries": 5}}`, -1},
		{`{"history": [1], "total_entries": "5"}`, -1},
		{`{"history": [1], "total_entries": 1.5}`, -1},
		{`{"history": [1], "total_entries": [5]}`, -1},
		{`{"history": [1], "total_entries": null}`, -1},
	} {
		r := newPlace(t).migrated(c.source, Options{})
		if (r.Declared == nil) != (c.want < 0) || (r.Declared != nil && *r.Declared != c.want) {
			t.Errorf("%s: declared %v, want %d", c.source, r.Declared, c.want)
		}
	}
}

// A prefix and a suffix far larger than any buffer are kept.
func TestLargePrefixAndSuffix(t *testing.T) {
	p := newPlace(t)
	other := func(name string) string {
		var b strings.Builder
		for i := 0; b.Len() < 10<<20; i++ {
			fmt.Fprintf(&b, " \"%s%d\" : {\"x\": [%d, {\"y\":\t\"%s\"}]},\n", name, i, i, strings.Repeat("z", i%3000))
		}
		return b.String()
	}
	prefix := "{" + other("before") + `"history": [ `
	suffix := "\t],\n" + other("after") + `"total_entries":2}`
	text := prefix + `{"a":1}, {"b":2}` + suffix
	r := p.migrated(text, Options{Verify: VerifyRoundtrip})
	if r.Verified != verifiedRoundtrip || *r.Declared != 2 {
		t.Errorf("receipt %+v", r)
	}
	for name, want := range map[string]string{prefixName: prefix, suffixName: suffix} {
		b, err := os.ReadFile(filepath.Join(p.dir, filename.Origin, name))
		testutil.NoError(t, err)
		wantText(t, name, string(b), want)
	}
	wantText(t, "export", p.export(), text)
}

// The source may be read in the smallest pieces.
func TestSmallReads(t *testing.T) {
	p := newPlace(t)
	for _, text := range []string{"\xef\xbb\xbf" + history(numbered(1, 3)), `[1,2.5,true,"\ud83d\ude00é"]`} {
		_, err := p.run("", Options{Source: "-", Stdin: &slowReader{text: text}})
		testutil.NoError(t, err)
		wantText(t, "export", p.export(), text)
	}
	broken := errors.New("broken")
	_, err := p.run("", Options{Source: "-", Stdin: &slowReader{text: "[1,2", err: broken}})
	testutil.ErrorIs(t, err, broken)
}

// slowReader returns a byte at a time, then an error.
type slowReader struct {
	text string
	err  error
}

func (r *slowReader) Read(b []byte) (int, error) {
	if r.text == "" {
		if r.err != nil {
			return 0, r.err
		}
		return 0, io.EOF
	}
	n := copy(b[:1], r.text)
	r.text = r.text[n:]
	return n, nil
}
