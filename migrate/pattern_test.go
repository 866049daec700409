package migrate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

func pattern(t testing.TB, text string) *jsonscan.Pointer {
	t.Helper()
	at, err := jsonscan.ParsePattern(text)
	testutil.NoError(t, err)
	return at
}

// A record that an object holds keeps the keys it was found under.
func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		name, at, source string
		records          []string
	}{
		{"members", "/history/*", `{"a":1,"history": {"2025-05-01":{"x":1}, "2025-05-02":{"x":2}},"n":5}`, []string{`{"2025-05-01":{"x":1}}`, `{"2025-05-02":{"x":2}}`}},
		{"members of the root", "/*", `{"a": {"x": [1, {}]}, "b": 2, "c": "d"}`, []string{`{"a":{"x":[1,{}]}}`, `{"b":2}`, `{"c":"d"}`}},
		{"one member", "/*", ` { "a" : {"x": 1} } `, []string{`{"a":{"x":1}}`}},
		{"no member", "/history/*", `{"history": { }, "n": 1}`, nil},
		{"arrays", "/*", `{"BTC": [1, 2], "ETH": [3]}`, []string{`{"BTC":1}`, `{"BTC":2}`, `{"ETH":3}`}},
		{"empty arrays", "/*", `{"A": [], "BTC": [1, 2], "N": [ ], "ETH": [3, 4], "Z": []}`, []string{`{"BTC":1}`, `{"BTC":2}`, `{"ETH":3}`, `{"ETH":4}`}},
		{"nothing but empty arrays", "/*", `{"A": [], "B": [ ] }`, nil},
		{"two keys", "/*/*", `{"BTC": {"d1": {"p":1}, "d2": {"p":2}}, "E": {}, "ETH": {"d1": {"p":3}}}`, []string{`{"BTC":{"d1":{"p":1}}}`, `{"BTC":{"d2":{"p":2}}}`, `{"ETH":{"d1":{"p":3}}}`}},
		{"three keys", "/a/*/*/*", `{"a": {"x": {"y": {"z": 1, "Z": 2}}, "X": {"y": {"z": 3}}}}`, []string{`{"x":{"y":{"z":1}}}`, `{"x":{"y":{"Z":2}}}`, `{"X":{"y":{"z":3}}}`}},
		{"an array's elements", "/chats/list/*/messages", `{"chats": {"list": [{"name": "A", "messages": [1, 2], "id": 7}, {"name": "B", "messages": []}, {"name": "C"}, {"messages": [3]}]}}`, []string{"1", "2", "3"}},
		{"a name behind a star", "/*/list", `{"BTC": {"name": "Bitcoin", "list": [1]}, "E": {"list": {}}, "ETH": {"list": [2, 3], "x": [4]}}`, []string{`{"BTC":1}`, `{"ETH":2}`, `{"ETH":3}`}},
		{"an index behind a star", "/*/1", `{"a": [[1], [2, 3], [4]], "b": [0, [5]]}`, []string{`{"a":2}`, `{"a":3}`, `{"b":5}`}},
		{"array of arrays", "/*", `[[1, 2], [], [3], {"a": 4}]`, []string{"1", "2", "3", `{"a":4}`}},
		{"array", "/history/*", `{"history": [{"a": 1}, {"a": 2}]}`, []string{`{"a":1}`, `{"a":2}`}},
		{"different kinds", "/*/*", `{"BTC": {"a": 1, "b": [2, 3]}, "N": [], "ETH": [4, [5]], "z": {"q": [[6]]}, "s": "x"}`, []string{`{"BTC":{"a":1}}`, `{"BTC":{"b":2}}`, `{"BTC":{"b":3}}`, `{"ETH":4}`, `{"ETH":5}`, `{"z":{"q":[6]}}`}},
		{"keys that occur twice", "/*", `{"a": 1, "a": 2, "b": [3], "b": [4], "a": 5}`, []string{`{"a":1}`, `{"a":2}`, `{"b":3}`, `{"b":4}`, `{"a":5}`}},
		{"keys with escapes", "/*", `{"a\u0022b": 1, "\u0000": 2, "\\": 3, "": 4, "{,:}[]": 5, "é\t": [6]}`, []string{`{"a\u0022b":1}`, `{"\u0000":2}`, `{"\\":3}`, `{"":4}`, `{"{,:}[]":5}`, `{"é\t":6}`}},
		{"a key that is a star", "/*", `{"*": 1, "a": 2}`, []string{`{"*":1}`, `{"a":2}`}},
		{"names with escapes", "/h/*/l", `{"\u0068": {"a": {"\u006c": [1]}}}`, []string{`{"a":1}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			for _, style := range keyedStyles {
				source := style.write(compactOf(c.source))
				r := p.migrated(source, Options{Records: pattern(t, c.at), Verify: VerifyRoundtrip})
				wantTexts(t, p.texts(), c.records)
				wantText(t, "export", p.export(), source)
				if r.RecordsAt != c.at || r.Verified != verifiedRoundtrip || r.Export != exportExact {
					t.Errorf("receipt %+v", r)
				}
				match, err := Compare(t.Context(), p.options(Options{}), p.log())
				if err != nil || match.Here != uint64(len(c.records)) {
					t.Errorf("compared: %+v, %v", match, err)
				}
				if t.Failed() {
					t.Fatalf("%s: %s", style.name, source)
				}
			}
		})
	}
}

// The styles of writers. One that puts blanks before commas is exported, but not learned.
var keyedStyles = []struct {
	name  string
	loose bool
	write func(compact string) string
}{
	{"json.dump(indent=2)", false, spaces(2).dump},
	{"json.dump", false, pythonNone.dump},
	{"compact", false, pythonCompact.dump},
	{"tabs", false, indented("\t").dump},
	{"CRLF", false, func(s string) string { return crlf(spaces(4).dump(s)) + "\r\n" }},
	{"spaces everywhere", true, func(s string) string { return python{nil, " , ", " : "}.dump(s) + " " }},
	{"BOM", false, func(s string) string { return "\ufeff" + spaces(1).dump(s) + "\n" }},
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// exported returns an export of the records from first to last; 0 means all.
func (p *place) exported(first, last segment.Sequence) (string, ExportResult) {
	p.Helper()
	l := p.log()
	var b strings.Builder
	done, err := Export(&b, l, Original, func(yield func(segment.Record, error) bool) {
		for rec, err := range records(l, first) {
			if last > 0 && rec.Seq > last || !yield(rec, err) {
				return
			}
		}
	})
	testutil.NoError(p, err)
	return b.String(), done
}

// An appended record goes to the end of the container that its keys name.
func TestPatternsAppended(t *testing.T) {
	for _, c := range []struct {
		name, at, source string
		appended         []string
		want             string // compact; "" means that an array is written
		loose            bool   // the source does not show how what was appended should be written
	}{
		{"a member", "/h/*", `{"h":{"a":1,"b":2},"n":2}`, []string{`{"c":{"x":3}}`, `{"d":4}`}, `{"h":{"a":1,"b":2,"c":{"x":3},"d":4},"n":2}`, false},
		{"the first member", "/h/*", `{"h":{},"n":2}`, []string{`{"c":3}`, `{"d":4}`}, `{"h":{"c":3,"d":4},"n":2}`, true},
		{"behind one", "/*", `{"a":[]}`, []string{`{"b":1}`, `{"a":2}`}, `{"a":[2],"b":[1]}`, true},
		{"a key again", "/*", `{"a":1}`, []string{`{"a":2}`}, `{"a":1,"a":2}`, false},
		{"elements", "/*", `{"B":[1,2],"N":[],"E":[3]}`, []string{`{"E":4}`, `{"B":5}`, `{"N":6}`, `{"B":7}`}, `{"B":[1,2,5,7],"N":[6],"E":[3,4]}`, false},
		{"a new group", "/*", `{"B":[1,2]}`, []string{`{"X":4}`, `{"B":5}`, `{"X":[6]}`, `{"Y":7}`}, `{"B":[1,2,5],"X":[4,[6]],"Y":[7]}`, true},
		{"two keys", "/*/*", `{"B":{"d":1},"E":{"d":2}}`, []string{`{"E":{"e":3}}`, `{"B":{"e":4}}`, `{"F":{"e":5}}`, `{"F":{"f":6}}`}, `{"B":{"d":1,"e":4},"E":{"d":2,"e":3},"F":{"e":5,"f":6}}`, false},
		{"three keys", "/*/*/*", `{"a":{"b":{"c":1}}}`, []string{`{"a":{"x":{"y":2}}}`, `{"x":{"y":{"z":3}}}`, `{"a":{"b":{"d":4}}}`, `{"x":{"y":{"Z":5}}}`}, `{"a":{"b":{"c":1,"d":4},"x":{"y":2}},"x":{"y":{"z":3,"Z":5}}}`, false},
		{"nothing there", "/*/*/*", `{}`, []string{`{"a":{"b":{"c":1}}}`, `{"a":{"b":{"d":2}}}`}, `{"a":{"b":{"c":1,"d":2}}}`, true},
		{"nothing there, and an array", "/*/l", `{ }`, []string{`{"a":1}`, `{"b":2}`, `{"a":3}`}, `{"a":{"l":[1,3]},"b":{"l":[2]}}`, true},
		{"the last group of a key", "/*", `{"B":[1],"E":[2],"B":[3],"E":[]}`, []string{`{"B":4}`, `{"E":5}`}, `{"B":[1],"E":[2],"B":[3,4],"E":[5]}`, false},
		{"the last array", "/c/*/m", `{"c":[{"m":[1],"n":"A"},{"m":[2],"n":"B"},{"m":[],"n":"C"}],"z":[]}`, []string{"3", "[4]"}, `{"c":[{"m":[1],"n":"A"},{"m":[2],"n":"B"},{"m":[3,[4]],"n":"C"}],"z":[]}`, true},
		{"members around a group", "/*/list", `{"B":{"n":1,"list":[1],"m":[{}]},"E":{"list":[]}}`, []string{`{"E":2}`, `{"B":3}`, `{"F":4}`}, `{"B":{"n":1,"list":[1,3],"m":[{}]},"E":{"list":[2]},"F":{"list":[4]}}`, false},
		{"a key with another escape", "/*", `{"\u0042":[1]}`, []string{`{"B":2}`, `{"\u00e9":3}`}, `{"\u0042":[1,2],"\u00e9":[3]}`, false},
		{"groups of two kinds", "/*/*", `{"B":{"d":1},"E":[2]}`, []string{`{"E":{"e":3}}`, `{"B":{"e":4}}`}, "", false},
		{"array", "/h/*", `{"h":[1,2]}`, []string{`3`, `{"a":4,"b":5}`}, `{"h":[1,2,3,{"a":4,"b":5}]}`, true},
		{"an element", "/*/1", `{"a":[[],[1]]}`, []string{`{"a":2}`}, `{"a":[[],[1,2]]}`, false},
		{"an element of a new array", "/*/1", `{"a":[[],[1]]}`, []string{`{"b":2}`}, "", false},
		{"a first element of a new array", "/*/0", `{"a":[[1]]}`, []string{`{"b":2}`}, `{"a":[[1]],"b":[[2]]}`, false},
		{"not wrapped", "/*", `{"a":1}`, []string{`{"b":2}`, `{"b":2,"c":3}`}, "", false},
		{"not wrapped twice", "/*/*", `{"a":{"b":1}}`, []string{`{"b":2}`}, "", false},
		{"an array", "/*", `{"a":1}`, []string{`[1]`}, "", false},
		{"an empty object", "/*", `{"a":1}`, []string{`{}`}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			for _, style := range keyedStyles {
				p.migrated(style.write(c.source), Options{Records: pattern(t, c.at)})
				count := len(p.texts())
				p.add(c.appended...)
				got, done := p.exported(0, 0)
				want := style.write(c.want)
				if c.want == "" {
					want = "[\n  " + strings.Join(p.texts(), ",\n  ") + "\n]\n"
					got, want = compactOf(got), compactOf(want)
				} else if style.loose || c.loose {
					got, want = compactOf(got), compactOf(want)
				}
				wantText(t, style.name, got, want)
				if done.Records != uint64(count+len(c.appended)) || (done.Array != "") != (c.want == "") {
					t.Errorf("%+v", done)
				}
			}
		})
	}
}

// somePatterns are for sources of any shape.
var somePatterns = []string{"/*", "/*/*", "/*/*/*", "/n/*", "/*/n", "/*/n/*", "/n/*/n", "/*/0", "/0/*"}

// An export is the source, whatever its white space is, however it is read, and wherever the
// records are.
func TestPatternsExact(t *testing.T) {
	rnd := seeded(t)
	p := newPlace(t)
	for range testutil.Rounds(60, 300) {
		c := newChance(rand.New(rand.NewPCG(rnd.Uint64(), 0)))
		text := c.nested(c.rnd.IntN(6))
		o := Options{Records: pattern(t, somePatterns[c.rnd.IntN(len(somePatterns))]), Verify: VerifyRoundtrip, learn: int64(c.rnd.IntN(256))}
		testutil.NoError(t, os.RemoveAll(p.dir))
		o.Source, o.Stdin = "-", &pieces{text, 1 + c.rnd.IntN(40), c.rnd}
		r, err := Run(t.Context(), p.options(o))
		if errors.Is(err, ErrNoArray) || errors.Is(err, ErrTwice) {
			continue
		}
		if err != nil || r.Export != exportExact || r.Verified != verifiedRoundtrip {
			t.Fatalf("%v of %q: %v, %+v", o.Records, text, err, r)
		}
		wantText(t, "export", p.export(), text)
		p.parts(r)
		p.appendSome(c, r)
		if t.Failed() {
			t.Fatalf("%v of %q", o.Records, text)
		}
	}
}

// parts exports parts of a log that has r's records, and checks that each is JSON with
// these records.
func (p *place) parts(r Receipt) {
	p.Helper()
	all := p.texts()
	for first := range all {
		for last := first + 1; last <= len(all); last += 1 + len(all)/3 {
			text, _ := p.exported(segment.Sequence(first+1), segment.Sequence(last))
			p.holds(text, r.RecordsAt, all[first:last])
		}
	}
}

// holds checks that a text is JSON, and that a pattern leads to these records in it.
func (p *place) holds(text, at string, records []string) {
	p.Helper()
	other := newPlace(p.TB)
	if _, err := other.run(text, Options{Records: pattern(p, at)}); err != nil {
		p.Errorf("exported %q: %v", text, err)
		return
	}
	wantTexts(p, other.texts(), records)
	if p.Failed() {
		p.Errorf("exported %q", text)
	}
}

// appendSome appends records like those that are there, and checks that an export has all.
func (p *place) appendSome(c *chance, r Receipt) {
	p.Helper()
	all := p.texts()
	if len(all) == 0 {
		return
	}
	for range 1 + c.rnd.IntN(4) {
		text := all[c.rnd.IntN(len(all))]
		if strings.Contains(text, "[") { // in place of a value, it would be an array of records
			continue
		}
		if c.rnd.IntN(2) == 0 {
			text = strings.Replace(text, `"m"`, `"k"`, 1)
		}
		p.add(text)
		all = append(all, text)
	}
	text, done := p.exported(0, 0)
	if done.Array != "" {
		wantText(p, "array", compactOf(text), "["+strings.Join(all, ",")+"]")
		return
	}
	other := newPlace(p.TB)
	if _, err := other.run(text, Options{Records: pattern(p, r.RecordsAt)}); err != nil {
		p.Errorf("with %q appended: %q: %v", all[r.Records:], text, err)
		return
	}
	got := other.texts()
	for _, texts := range [][]string{got, all} {
		for i := range texts { // a group may have its key in another form
			texts[i] = strings.ReplaceAll(texts[i], `\u006e`, "n")
		}
		slices.Sort(texts)
	}
	if !slices.Equal(got, all) {
		p.Errorf("exported %q: records %q, want %q", text, got, all)
	}
}

// nested writes an object or an array of random values.
func (c *chance) nested(most int) string {
	c.wide = c.rnd.IntN(4)
	c.container(1-c.rnd.IntN(4)/3, 1+c.rnd.IntN(5), 0, func(level int) { c.value(level, most) })
	return c.out.String()
}

// The time of a record may be its key, and a member inside its keys.
func TestPatternTimes(t *testing.T) {
	const days = `{"2025-05-01": {"at": "2024-01-01"}, "2025-05-02": {"at": "2024-01-02"}, "x": {}}`
	var month []string // more than a sample of records
	for n := range 31 {
		month = append(month, fmt.Sprintf(`"2025-05-%02d": {"at": "2024-01-%02d", "timestamp": 1}`, n+1, n+1))
	}
	many := "{" + strings.Join(month, ",") + "}"
	for _, c := range []struct {
		at, source, field string // field "" means that it is found
		stored            string
		first, last       string // days of the times
		untimed           uint64
	}{
		{"/*", days, "*", "*", "2025-05-01", "2025-05-02", 1},
		{"/*", days, "/*/at", "/*/at", "2024-01-01", "2024-01-02", 1},
		{"/*", days, "/2025-05-01/at", "/2025-05-01/at", "2024-01-01", "2024-01-01", 2},
		{"/*", days, "/timestamp", "/timestamp", "", "", 3},
		{"/*", `{"2025-05-01": {"p": 1}, "2025-05-02": {"p": 2}}`, "", "*", "2025-05-01", "2025-05-02", 0},
		{"/*", `{"2025-05-01": 1.5, "2025-05-02": 2}`, "", "*", "2025-05-01", "2025-05-02", 0},
		{"/*/*", `{"BTC": {"2025-05-01": {}, "2025-05-02": 0}}`, "", "*/*", "2025-05-01", "2025-05-02", 0},
		{"/*/*", `{"BTC": {"2025-05-01": {}, "2025-05-02": 0}}`, "*", "*/*", "2025-05-01", "2025-05-02", 0},
		{"/*/*", `{"2025-05-01": {"BTC": {}, "ETH": 0}}`, "*", "*/*", "", "", 2},
		{"/*/*", `{"2025-05-01": {"BTC": {}, "ETH": 0}}`, "", "*", "2025-05-01", "2025-05-01", 0},
		{"/*", `{"BTC": [{"at": "2025-05-01"}], "ETH": [{"at": "2025-05-02"}]}`, "", "/*/at", "2025-05-01", "2025-05-02", 0},
		{"/*", many, "*", "*", "2025-05-01", "2025-05-31", 0},
		{"/*", many, "/*/at", "/*/at", "2024-01-01", "2024-01-31", 0},
		{"/*", many, "/timestamp", "/timestamp", "", "", 31},
		{"/*", many, "/2025-05-31/at", "/2025-05-31/at", "2024-01-31", "2024-01-31", 30},
		{"/*/*", `{"BTC": ` + many + `, "ETH": ` + many + `}`, "*", "*/*", "2025-05-01", "2025-05-31", 0},
		{"/*/*", `{"BTC": ` + many + `, "ETH": ` + many + `}`, "/*/*/at", "/*/*/at", "2024-01-01", "2024-01-31", 0},
		{"/*", `{"a": "2025-05-01", "b": "2025-05-02"}`, "/*", "/*", "2025-05-01", "2025-05-02", 0},
	} {
		p := newPlace(t)
		o := Options{Records: pattern(t, c.at), Settings: segment.Settings{"time-zone": "UTC"}}
		if c.field != "" {
			o.Settings["time-field"] = c.field
		}
		r := p.migrated(c.source, o)
		o.Source, o.Dir = p.source, p.dir+"-other"
		plan, err := DryRun(t.Context(), o)
		testutil.NoError(t, err)
		l := p.log()
		if got := l.Marker.Settings.Get("time-field"); got != c.stored || r.ClockTimes != c.untimed || plan.ClockTimes != c.untimed || plan.TimeField != c.stored {
			t.Errorf("%s of %s: time field %q, %d without a time; planned %+v", c.at, c.source, got, r.ClockTimes, plan)
		}
		var days []string
		for rec, err := range records(l, 0) {
			testutil.NoError(t, err)
			if rec.Flags&segment.ClockTime == 0 {
				days = append(days, rec.Time.Format(time.DateOnly))
			}
		}
		slices.Sort(days)
		if len(days) > 0 && (days[0] != c.first || days[len(days)-1] != c.last) || len(days) == 0 && c.first != "" {
			t.Errorf("%s of %s: times %s, want %s to %s", c.at, c.source, days, c.first, c.last)
		}
	}
}

// A time field with a star tells records from documents, too.
func TestPatternTimesOfStream(t *testing.T) {
	p := newPlace(t)
	line := `{"BTC":{"at":"2025-05-01"},"rows":[{"long":"` + strings.Repeat("x", 500) + `"}]}`
	_, err := p.run(line+"\n"+line+"\n", Options{})
	testutil.ErrorIs(t, err, ErrUndecided)
	p.migrated(line+"\n"+line+"\n", Options{Settings: segment.Settings{"time-field": "/*/at"}})
	wantTexts(t, p.texts(), []string{line, line})
}
