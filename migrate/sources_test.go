package migrate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// writeSources writes texts to files and returns their names.
func (p *place) writeSources(texts ...string) (names []string) {
	p.Helper()
	for i, text := range texts {
		name := filepath.Join(filepath.Dir(p.source), fmt.Sprintf("history-%d.json", i+1))
		testutil.NoError(p, os.WriteFile(name, []byte(text), 0o644))
		names = append(names, name)
	}
	return names
}

// exportSource returns source n again.
func (p *place) exportSource(n int) string {
	p.Helper()
	l := p.log()
	var b strings.Builder
	done, err := ExportSource(&b, l, n, records(l, 0))
	testutil.NoError(p, err)
	if done.Differs != Same || len(done.Stale) > 0 {
		p.Errorf("source %d: %+v", n, done)
	}
	return b.String()
}

// severalTexts are sources of all shapes, in styles that differ.
var severalTexts = []string{
	history(numbered(1, 3)),
	"[]\n",
	ndjson(numbered(3, 5)), // overlaps
	"{\"rows\": [\r\n  {\"a\" :1},{\"a\":  2}],\"n\": 2}\r\n",
	"[" + strings.Join(numbered(5, 40), ",\n\n  ") + "]",
	`{"history": []}`,
}

func TestSeveralSources(t *testing.T) {
	for _, verify := range []Verify{VerifyDigest, VerifyRoundtrip} {
		p := newPlace(t)
		names := p.writeSources(severalTexts...)
		r, err := Run(t.Context(), Options{Sources: names, Dir: p.dir, FS: testutil.NoSync{}, Settings: small, Verify: verify})
		testutil.NoError(t, err)
		all := numbered(1, 3)
		all = append(append(all, numbered(3, 5)...), `{"a":1}`, `{"a":2}`)
		all = append(all, numbered(5, 40)...)
		wantTexts(t, p.texts(), all)
		for i, text := range severalTexts {
			wantText(t, names[i], p.exportSource(i+1), text)
		}
		if r.Sources != len(names) || r.Source != names[0] || int(r.Records) != len(all) || int(r.LastSeq) != len(all) {
			t.Errorf("receipt %+v", r)
		}
		one, err := ReadSource(p.log(), 3)
		testutil.NoError(t, err)
		if one.FirstSeq != 4 || one.LastSeq != 6 || one.Export != exportExact || one.SourceBytes != int64(len(severalTexts[2])) {
			t.Errorf("receipt of one source %+v", one)
		}
		l := p.log()
		_, err = Export(&strings.Builder{}, l, Original, records(l, 0))
		var several *SourcesError
		if !errors.As(err, &several) || several.Sources != len(names) {
			t.Errorf("export of all: %v", err)
		}
		var b strings.Builder
		if done, err := Export(&b, l, Array, records(l, 0)); err != nil || int(done.Records) != len(all) {
			t.Errorf("array of all: %+v, %v", done, err)
		}
		damage, err := VerifyOrigin(t.Context(), l)
		if err != nil || len(damage) > 0 {
			t.Errorf("%v, %v", damage, err)
		}
	}
}

// A source that one pass does not decide is read again, and all others with it.
func TestSeveralUndecided(t *testing.T) {
	texts := []string{
		`{"rows": [{"a": 1}], "history": [{"b": 1}]}`,
		`{"rows": [{"a": 2}], "history": [{"b": 2}, {"b": 3}]}`,
		ndjson(numbered(1, 2)),
	}
	p := newPlace(t)
	_, err := Run(t.Context(), Options{Sources: p.writeSources(texts...), Dir: p.dir, FS: testutil.NoSync{}, Verify: VerifyRoundtrip})
	testutil.NoError(t, err)
	wantTexts(t, p.texts(), append([]string{`{"b":1}`, `{"b":2}`, `{"b":3}`}, numbered(1, 2)...))
	for i, text := range texts {
		wantText(t, "export", p.exportSource(i+1), text)
	}
}

func TestSeveralFail(t *testing.T) {
	for _, row := range []struct {
		name  string
		texts []string
		o     Options
		err   error
		where int // number of the source that the error names; 0 means none
	}{
		{"the second is cut", []string{"[1,2]", "[3,", "[4]"}, Options{}, nil, 2},
		{"the last is empty", []string{"[1,2]", ""}, Options{}, ErrEmpty, 2},
		{"the second is undecided", []string{"[1,2]", `{"a": [{}], "b": [{}]}`}, Options{}, ErrUndecided, 2},
		{"salvage", []string{"[1,2]", "[3,"}, Options{Salvage: true}, ErrSeveral, 0},
		{"too many", make([]string, MaxSources+1), Options{}, ErrTooMany, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := newPlace(t)
			o := p.options(row.o)
			o.Sources = p.writeSources(row.texts...)
			_, err := Run(t.Context(), o)
			if err == nil || row.err != nil && !errors.Is(err, row.err) {
				t.Fatalf("%v, want %v", err, row.err)
			}
			var in *FileError
			if errors.As(err, &in) != (row.where > 0) || in != nil && in.Source != o.Sources[row.where-1] {
				t.Errorf("%v, want one about source %d", err, row.where)
			}
			p.nothing()
		})
	}
}

// Tokens that are converted are compared one by one.
func TestSeveralConverted(t *testing.T) {
	p := newPlace(t)
	o := p.options(Options{Verify: VerifyRoundtrip, Accept: Accept{NonFinite: NullNonFinite}})
	o.Sources = p.writeSources("[1,2,NaN]", "[2,4]")
	r, err := Run(t.Context(), o)
	testutil.NoError(t, err)
	if r.Verified != verifiedTokens || r.NonFinite != 1 || r.Export != exportSources {
		t.Errorf("%+v", r)
	}
	wantText(t, "the first", p.exportSource(1), "[1,2,null]")
	wantText(t, "the second", p.exportSource(2), "[2,4]")
}

// The last of several sources may have grown, and a new one does not belong to the log.
func TestSeveralContinue(t *testing.T) {
	all := numbered(1, 9)
	wrap := func(records []string) string { return `{"x": [{}], "rows": [` + strings.Join(records, ", ") + "]}" }
	p := newPlace(t)
	at, err := segment.ParsePointer("/rows")
	testutil.NoError(t, err)
	o := p.options(Options{Records: at})
	o.Sources = p.writeSources(wrap(all[:3]), wrap(all[3:6]))
	_, err = Run(t.Context(), o)
	testutil.NoError(t, err)

	p.write(wrap(all[3:]))
	done, err := Continue(t.Context(), p.options(Options{}), 0)
	testutil.NoError(t, err)
	if done.First != 4 || done.Here != 3 || done.Appended != 3 {
		t.Errorf("%+v", done)
	}
	wantTexts(t, p.texts(), all)
	wantText(t, "the second source", p.exportSource(2), wrap(all[3:6])) // as it was migrated
	p.write(wrap(numbered(20, 22)))
	_, err = Continue(t.Context(), p.options(Options{}), 0)
	testutil.ErrorIs(t, err, ErrNotHere)
}

// Damage to what is kept of one source does not concern the others.
func TestSeveralDamaged(t *testing.T) {
	p := newPlace(t)
	o := p.options(Options{})
	o.Sources = p.writeSources("[1,2]", "[3,4]")
	_, err := Run(t.Context(), o)
	testutil.NoError(t, err)
	testutil.NoError(t, os.WriteFile(filepath.Join(p.dir, filename.Origin, "1.prefix"), []byte("{"), 0o644))
	l := p.log()
	_, err = ExportSource(&strings.Builder{}, l, 1, records(l, 0))
	testutil.ErrorIs(t, err, ErrOrigin)
	wantText(t, "the other", p.exportSource(2), "[3,4]")
	damage, err := VerifyOrigin(t.Context(), l)
	if err != nil || len(damage) != 1 || damage[0].Name != "1.prefix" {
		t.Errorf("%v, %v", damage, err)
	}
}

// The log of one source is the same, whichever way the source was named.
func TestOneOfSeveral(t *testing.T) {
	p := newPlace(t)
	text := history(numbered(1, 3))
	o := p.options(Options{})
	o.Sources = p.writeSources(text)
	r, err := Run(t.Context(), o)
	testutil.NoError(t, err)
	if r.Sources != 0 || r.Source != o.Sources[0] {
		t.Errorf("%+v", r)
	}
	wantText(t, "export", p.export(), text)
}
