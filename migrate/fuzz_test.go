package migrate

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// fuzzBytes is the maximum length of a text: no fault needs a longer one.
const fuzzBytes = 64 << 10

// packed reports whether b is not text to migrate, but a compressed source.
func packed(b []byte) bool {
	head := b[:min(len(b), magicBytes)]
	for _, c := range compressions {
		if c.begins(head) {
			return true
		}
	}
	return packedWith(head) != nil
}

func addSeeds(f *testing.F, more ...any) {
	add := func(text string) { f.Add(append([]any{[]byte(text)}, more...)...) }
	for _, s := range samples() {
		add(s.text)
	}
	for _, text := range []string{
		history(numbered(1, 3)), ndjson(numbered(1, 3)), "[]", "{}", "1", "1 2", "[1, [2]]", `{"history": []}`,
		"\xef\xbb\xbf[1]\n", `{"rows": [{}], "history": [1]}`, `{"a": [{}], "b": [{}]}`,
		"{\"rows\":[{}]}\n{\"rows\":[{}]}", "[1]\r\n[2]\r\n", "[ 1 ,\t{ \"a\" : 2 } ]", `{"history": [{"a": 1}], "total_entries": 1}`,
		`{"a": [{}], "a": [1]}`, `{"a": 1, "a": [{}]}`, `{"history": [1], "history": 2}`, `{"": [{}], "": []}`, `{"n": [1], "n": [{}]}`,
	} {
		add(text)
	}
}

// tapeMark begins fuzz input that is the tape of a chance, and not a text: no JSON text
// begins with it.
const tapeMark = 0

// tapeOf returns a random tape.
func tapeOf(seed uint64) []byte {
	b := []byte{tapeMark}
	for rnd := rand.New(rand.NewPCG(seed, 1)); len(b) < 300; {
		b = append(b, byte(rnd.IntN(256)))
	}
	return b
}

// The migrated records are found in the log, and an export equals the source: in its bytes,
// as the receipt says.
func FuzzExport(f *testing.F) {
	addSeeds(f)
	for seed := range uint64(40) {
		f.Add(tapeOf(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newPlace(t)
		if len(b) > 1 && b[0] == tapeMark {
			c := newChance(rand.New(&tape{b[1:]}))
			o := c.document()
			if c.out.Len() > fuzzBytes {
				return
			}
			o.learn = int64(c.rnd.IntN(256)) // soon, so that the rest is compared with a settled style
			p.exactly(c, o, 1+c.rnd.IntN(40))
			p.planned(c.out.String(), o)
			return
		}
		if len(b) > fuzzBytes || packed(b) {
			return
		}
		p.planned(string(b), Options{})
		if r, err := p.run(string(b), Options{Verify: VerifyRoundtrip, learn: int64(len(b)) / 2}); err == nil && (r.Verified != verifiedRoundtrip || r.Export != exportExact) {
			t.Errorf("verified %q, export %q", r.Verified, r.Export)
		}
	})
}

// planned compares what DryRun says of a text with what Run does, and the log with the text.
func (p *place) planned(text string, o Options) {
	p.Helper()
	o.Settings = small
	testutil.NoError(p, os.RemoveAll(p.dir))
	p.write(text)
	plan, planned := DryRun(p.Context(), p.options(o))
	r, err := p.run(text, o)
	if err != nil {
		return
	}
	match, err := Compare(p.Context(), p.options(o), p.log())
	if err != nil || match.Here != r.Records || match.Records != r.Records {
		p.Errorf("of %d records %+v are there, %v", r.Records, match, err)
	}
	wantText(p, "export", p.export(), text)
	if planned != nil || plan.Records != r.Records || plan.LogBytes != r.LogBytes || plan.ClockTimes != r.ClockTimes || plan.RecordsAt != r.RecordsAt {
		p.Errorf("the plan was %+v, %v; the receipt is %+v", plan, planned, r)
	}
}

// The salvaged and the quarantined bytes together are the source, whatever its bytes are.
func FuzzSalvage(f *testing.F) {
	addSeeds(f)
	for _, text := range []string{"", "[", "[1,", `{"history": [{"a": 1}, {"b`, "{\"a\":1}\n{\"b\"", "1 x", "[1]]", "\x1f\x8b\b", "(\xb5/\xfd\x04", "\xff\xfe{\x00", "[1, NaN, 2]", "[\"\xff\"]"} {
		f.Add([]byte(text))
	}
	for _, c := range packers {
		if c.name == "bzip2" { // needs a program
			continue
		}
		var b bytes.Buffer
		w := c.pack(&b)
		_, err := io.WriteString(w, ndjson(numbered(1, 3)))
		testutil.NoError(f, err)
		testutil.NoError(f, w.Close())
		f.Add(b.Bytes())
		f.Add(b.Bytes()[:b.Len()/2])
	}
	f.Add([]byte(bzip2Numbers))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > fuzzBytes {
			return
		}
		p := newPlace(t)
		r, err := p.run(string(b), Options{Salvage: true, Settings: small})
		if err != nil {
			var at *SourceError
			if errors.As(err, &at) && !errors.Is(err, jsonscan.ErrTooLarge) {
				t.Errorf("not salvaged: %v", err)
			}
			return
		}
		p.intact()
		if packed(b) {
			return
		}
		rest := p.quarantine()
		if (r.Records == 0 && r.Salvaged && rest != string(b)) || r.Quarantined != int64(len(rest)) {
			t.Errorf("in quarantine: %q; receipt %+v", rest, r)
		}
		wantText(t, "export and quarantine", p.restored(), string(b))
	})
}

// What a pattern leads to is exported as the source, and so is each part of it as JSON; of a
// damaged source, the salvaged and the quarantined bytes together are the source.
func FuzzPatterns(f *testing.F) {
	addSeeds(f, uint8(0))
	for i, text := range []string{
		`{"a": {"x": [1, {}]}, "b": 2}`, `{"BTC": {"d": {"p":1}}, "E": {}}`, `{"n": {"n": [1], "m": [ ]}, "n": []}`, `[{"n": [1, 2]}, [], {"n": [3]}]`,
		"{\"a\": [1]\n, \"b\": [2,", `{"\u006e": {"\u0000": 1}} `, `[[1, 2], [3], {"a": {"n": [4]}}]`, `{"n":{"a":[1],"b":[2]},"m":[3`,
	} {
		f.Add([]byte(text), uint8(i))
	}
	for seed := range uint64(40) {
		f.Add(tapeOf(seed), uint8(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint8) {
		if len(b) > 0 && b[0] == tapeMark {
			b = []byte(newChance(rand.New(&tape{b[1:]})).nested(5))
		}
		if len(b) > fuzzBytes || packed(b) {
			return
		}
		p := newPlace(t)
		o := Options{Records: pattern(t, somePatterns[int(at)%len(somePatterns)]), Settings: small, Verify: VerifyRoundtrip, learn: int64(len(b)) / 2}
		r, err := p.run(string(b), o)
		if err == nil {
			wantText(t, "export", p.export(), string(b))
			if all := p.texts(); len(all) > 0 { // one part of them, for speed
				first := len(b) % len(all)
				last := first + 1 + int(at)%(len(all)-first)
				text, _ := p.exported(segment.Sequence(first+1), segment.Sequence(last))
				p.holds(text, r.RecordsAt, all[first:last])
			}
			return
		}
		o.Salvage = true
		if r, err := p.run(string(b), o); err == nil {
			rest := p.quarantine()
			if (r.Records == 0 && rest != string(b)) || r.Quarantined != int64(len(rest)) {
				t.Errorf("in quarantine: %q; receipt %+v", rest, r)
			}
			wantText(t, "export and quarantine", p.restored(), string(b))
		}
	})
}
