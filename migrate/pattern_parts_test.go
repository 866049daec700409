package migrate

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// A source that is cut gives the records that are complete, and all of its bytes.
func TestPatternsCut(t *testing.T) {
	for _, c := range []struct{ at, source string }{
		{"/h/*", `{"n": 1, "h": {"a": {"x": 1}, "b": [], "c": 23}, "m": [1]}`},
		{"/*", `{"BTC": [{"x": 1}, "s"], "N": [ ], "ETH": [true, [2]], "d": "x"}`},
		{"/*/*", `{"a": {"b": {"c": [1]}, "d": 2}, "e": {}, "f": {"g": "h"}}`},
		{"/c/*/m", `{"c": [{"m": [{}, "y"], "n": "A"}, {"n": "B", "m": ["z"]}]}`},
	} {
		p := newPlace(t)
		p.migrated(c.source, Options{Records: pattern(t, c.at)})
		all := p.texts()
		for n := 1; n < len(c.source); n++ {
			cut := c.source[:n]
			r, err := p.run(cut, Options{Records: pattern(t, c.at), Salvage: true, Verify: VerifyRoundtrip})
			if err != nil {
				t.Fatalf("%s: %v", cut, err)
			}
			got := p.texts()
			if !r.Salvaged || len(got) > len(all) || !slices.Equal(got, all[:len(got)]) {
				t.Errorf("%s: %q, %+v", cut, got, r)
			}
			wantText(t, "export and quarantine", p.restored(), cut)
			p.intact()
			if p.layout().base == nil { // the cut is before the base
				continue
			}
			p.add(`{"a":1}`)
			if text, done := p.exported(0, 0); done.Array == "" || compactOf(text) != "["+strings.Join(append(got, `{"a":1}`), ",")+"]" {
				t.Errorf("%s: with a record appended %q, %+v", cut, text, done)
			}
			if t.Failed() {
				t.FailNow()
			}
		}
	}
}

// What lies between two records may be large, and so may keys.
func TestPatternsLarge(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", gapBytes/8)
	spaces := strings.Repeat(" ", gapBytes+1000)
	p := newPlace(t)
	for _, c := range []struct {
		name, at, source string
		records          []string
	}{
		{"keys", "/*/*", `{"` + long + `": {"a": 1, "` + long + `": 2}, "b": {"` + long + `x": 3}}`,
			[]string{`{"` + long + `":{"a":1}}`, `{"` + long + `":{"` + long + `":2}}`, `{"b":{"` + long + `x":3}}`}},
		{"other members", "/*/l", `{"a": {"l": [1, 2], "m": "` + long + `"}, "b": {"n": ["` + long + `"], "l": [3]}, "c": {"l": [4], "o": "` + long + `"}}`,
			[]string{`{"a":1}`, `{"a":2}`, `{"b":3}`, `{"c":4}`}},
		{"white space", "/*", `{"a": [1],` + spaces + `"b": [2` + spaces + `, 3` + spaces + `]` + spaces + `}` + spaces,
			[]string{`{"a":1}`, `{"b":2}`, `{"b":3}`}},
		{"empty groups", "/*", `{"a": [1], ` + strings.Repeat(`"e": [ ], `, gapBytes/8) + `"b": [2]}`, []string{`{"a":1}`, `{"b":2}`}},
	} {
		r := p.migrated(c.source, Options{Records: pattern(t, c.at), Verify: VerifyRoundtrip})
		wantTexts(t, p.texts(), c.records)
		wantText(t, c.name, p.export(), c.source)
		p.parts(r)
		last := c.records[len(c.records)-1]
		last = last[:strings.LastIndexByte(last, ':')] + `:"new"` + last[strings.LastIndexByte(last, ':')+2:]
		p.add(last)
		text, _ := p.exported(0, 0)
		p.holds(text, c.at, append(c.records, last))
		if t.Failed() {
			t.Fatal(c.name)
		}
	}
}

// Records that are lost or retired are left out, and with them the groups that they were
// all of.
func TestPatternsLeftOut(t *testing.T) {
	const source = `{"v":1,"h":{"B":{"n":"b","l":[1,2]},"E":{"l":[3],"n":"e"},"F":{"l":[4,5]}},"w":2}`
	for _, c := range []struct {
		name     string
		lost     []segment.Sequence
		from     segment.Sequence
		appended []string
		want     string
		dropped  uint64
	}{
		{"a lost one", []segment.Sequence{2}, 1, nil, `{"v":1,"h":{"B":{"n":"b","l":[1]},"E":{"l":[3],"n":"e"},"F":{"l":[4,5]}},"w":2}`, 0},
		{"the first", []segment.Sequence{1}, 1, nil, `{"v":1,"h":{"B":{"l":[2]},"E":{"l":[3],"n":"e"},"F":{"l":[4,5]}},"w":2}`, 1},
		{"a group", []segment.Sequence{3}, 1, nil, `{"v":1,"h":{"B":{"n":"b","l":[1,2]},"F":{"l":[4,5]}},"w":2}`, 1},
		{"the last", []segment.Sequence{5}, 1, nil, `{"v":1,"h":{"B":{"n":"b","l":[1,2]},"E":{"l":[3],"n":"e"},"F":{"l":[4]}},"w":2}`, 0},
		{"the last group", []segment.Sequence{4, 5}, 1, nil, `{"v":1,"h":{"B":{"n":"b","l":[1,2]},"E":{"l":[3]}},"w":2}`, 1},
		{"retired", nil, 3, nil, `{"v":1,"h":{"E":{"l":[3],"n":"e"},"F":{"l":[4,5]}},"w":2}`, 1},
		{"retired in a group", nil, 5, nil, `{"v":1,"h":{"F":{"l":[5]}},"w":2}`, 2},
		{"retired, others appended", nil, 4, []string{`{"F":6}`, `{"G":7}`, `{"B":8}`, `{"E":9}`}, `{"v":1,"h":{"F":{"l":[4,5,6]},"G":{"l":[7]},"B":{"l":[8]},"E":{"l":[9]}},"w":2}`, 2},
		{"all retired", nil, 6, []string{`{"F":6}`, `{"G":7}`, `{"F":8}`}, `{"v":1,"h":{"F":{"l":[6,8]},"G":{"l":[7]}},"w":2}`, 2},
		{"an appended one lost", []segment.Sequence{7}, 1, []string{`{"E":6}`, `{"E":7}`, `{"G":8}`}, `{"v":1,"h":{"B":{"n":"b","l":[1,2]},"E":{"l":[3,6],"n":"e"},"F":{"l":[4,5]},"G":{"l":[8]}},"w":2}`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, style := range keyedStyles {
				p := newPlace(t)
				p.migrated(style.write(source), Options{Records: pattern(t, "/h/*/l"), Settings: segment.Settings{"segment-size": "1"}})
				p.add(c.appended...)
				for _, seq := range c.lost {
					p.lose(seq)
				}
				if c.from > 1 {
					_, err := segment.Retire(t.Context(), p.dir, c.from, segment.Options{})
					testutil.NoError(t, err)
				}
				l := p.log()
				var b strings.Builder
				done, err := Export(&b, l, Original, records(l, 0))
				testutil.NoError(t, err)
				got, want := b.String(), style.write(c.want)
				if style.loose {
					got, want = compactOf(got), compactOf(want)
				}
				wantText(t, style.name, got, want)
				if done.Lost != uint64(len(c.lost)) || done.Dropped != c.dropped {
					t.Errorf("%s: %+v, want %d dropped", style.name, done, c.dropped)
				}
				if want := []string{"v", "w"}; !slices.Equal(done.Stale, want) {
					t.Errorf("stale: %q", done.Stale)
				}
			}
		})
	}
}

// If there are more groups than fit into memory, an array is written.
func TestPatternsManyGroups(t *testing.T) {
	p := newPlace(t)
	var b strings.Builder
	b.WriteString(`{"a":[1]`)
	for i := range maxAdded / 50 {
		b.WriteString(`,"` + strconv.Itoa(i) + `":[]`)
	}
	source := b.String() + `}`
	p.migrated(source, Options{Records: pattern(t, "/*")})
	wantText(t, "export", p.export(), source)
	p.add(`{"a":2}`)
	text, done := p.exported(0, 0)
	if done.Array == "" || compactOf(text) != `[{"a":1},{"a":2}]` {
		t.Errorf("%q, %+v", text, done)
	}
}

// Arrays that records of the same keys come from are one group, however many they are.
func TestPatternsManyArrays(t *testing.T) {
	p := newPlace(t)
	source := `{"l":[{"m":[1]}` + strings.Repeat(`,{"m":[]}`, maxAdded/45) + `]}`
	p.migrated(source, Options{Records: pattern(t, "/l/*/m")})
	p.add("2")
	text, done := p.exported(0, 0)
	if want := strings.TrimSuffix(source, "[]}]}") + "[2]}]}"; done.Array != "" || text != want {
		t.Errorf("%.99q…%q, %+v", text, text[max(0, len(text)-99):], done)
	}
}

// Several sources are exported one by one.
func TestPatternsOfSources(t *testing.T) {
	texts := []string{`{"a": {"d": 1}, "b": {}}`, `{}`, `{"a": {"e": 2, "f" : 3}}`, `{"c": { "d": 4}}`}
	p := newPlace(t)
	names := p.writeSources(texts...)
	_, err := Run(t.Context(), Options{Sources: names, Dir: p.dir, FS: testutil.NoSync{}, Records: pattern(t, "/*/*"), Verify: VerifyRoundtrip})
	testutil.NoError(t, err)
	wantTexts(t, p.texts(), []string{`{"a":{"d":1}}`, `{"a":{"e":2}}`, `{"a":{"f":3}}`, `{"c":{"d":4}}`})
	p.add(`{"a":{"g":5}}`)
	for i, text := range texts {
		wantText(t, names[i], p.exportSource(i+1), text)
	}
}

// An origin/ that no migration has written is an error.
func TestPatternsForeignOrigin(t *testing.T) {
	const source = `{"a": [1], "b": [2, 3], "c": []}`
	for _, c := range []struct{ old, new string }{
		{`"pattern": "/*"`, `"pattern": "/a"`},
		{`"pattern": "/*"`, `"pattern": "/*/*/*"`},
		{`"pattern": "/*"`, `"pattern": ""`},
		{`"pattern": "/*"`, `"pattern": "*"`},
		{`"from": 1`, `"from": -1`},
		{`"from": 1`, `"from": 1000`},
		{`"to": `, `"to": -`},
		{`"to": `, `"to": 9`},
		{`"between": ", "`, `"between": "]}}]"`},
		{`"between": ", "`, `"between": ",\u0000:"`},
		{`"between": ", "`, `"between": "],\u0000:{\u0000:{\u0000:"`},
		{`"between": ", "`, `"between": "\"\\"`},
		{`"count": 3`, `"count": 4`},
		{`"count": 3`, `"count": 0`},
	} {
		p := newPlace(t)
		p.migrated(source, Options{Records: pattern(t, "/*")})
		name := p.former()
		b, err := os.ReadFile(name)
		testutil.NoError(t, err)
		if !strings.Contains(string(b), c.old) {
			t.Fatalf("no %s in %s", c.old, b)
		}
		testutil.NoError(t, os.WriteFile(name, []byte(strings.Replace(string(b), c.old, c.new, 1)), 0o644))
		for _, appended := range []string{"", `{"a":4}`} {
			if appended != "" {
				p.add(appended)
			}
			l := p.log()
			var out strings.Builder
			done, err := Export(&out, l, Original, records(l, 0)) // and no panic
			if err == nil && done.Records != uint64(len(p.texts())) || err != nil && !errors.Is(err, ErrOrigin) && c.new != `"pattern": "*"` {
				t.Errorf("%s: %q, %+v, %v", c.new, out.String(), done, err)
			}
		}
	}
}
