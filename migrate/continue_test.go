package migrate

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// small segments, so that a log of a few records has several
var small = segment.Settings{"segment-size": "200"}

// letters returns one record for each letter.
func letters(of string) (all []string) {
	for _, c := range of {
		all = append(all, `{"is":`+quote(string(c))+`}`)
	}
	return all
}

func (p *place) goOn(o Options) (ContinueResult, error) {
	p.Helper()
	return Continue(p.Context(), p.options(o), 0)
}

func TestContinue(t *testing.T) {
	for _, c := range []struct {
		name        string
		log, source string
		first       segment.Sequence
		here        uint64
		want        string // the log afterwards
		err         error
	}{
		{"nothing new", "abc", "abc", 1, 3, "abc", nil},
		{"grown", "abc", "abcde", 1, 3, "abcde", nil},
		{"trimmed", "abcdef", "def", 4, 3, "abcdef", nil},
		{"trimmed to one", "abcdef", "f", 6, 1, "abcdef", nil},
		{"trimmed and grown", "abcdef", "efgh", 5, 2, "abcdefgh", nil},
		{"trimmed to the last and grown", "abc", "cde", 3, 1, "abcde", nil},
		{"the log has more", "abcdef", "abc", 1, 3, "abcdef", nil},
		{"the log has more on both sides", "abcdef", "cd", 3, 2, "abcdef", nil},
		{"trimmed beyond the end", "abc", "efg", 0, 0, "abc", ErrNotHere},
		{"diverged in the middle", "abcdef", "abcxef", 0, 0, "abcdef", ErrDiverged},
		{"diverged at once", "abcdef", "bxc", 0, 0, "abcdef", ErrDiverged},
		{"diverged behind the first", "abc", "ax", 0, 0, "abc", ErrDiverged},
		{"diverged, one missing", "abcdef", "abdef", 0, 0, "abcdef", ErrDiverged},
		{"diverged, one more", "abcdef", "abcxdef", 0, 0, "abcdef", ErrDiverged},
		{"more before", "cde", "abcde", 0, 0, "cde", ErrNotHere},
		{"no records", "abc", "", 0, 0, "abc", nil},
		{"no records in either", "", "", 0, 0, "", nil},
		{"none in the log", "", "ab", 0, 0, "ab", nil},
		{"repeated", "aaa", "aaaa", 1, 3, "aaaa", nil},
		{"repeated, fewer", "aaa", "aa", 1, 2, "aaa", nil},
		{"repeated, another later", "aba", "abc", 3, 1, "ababc", nil},
		{"repeated, the second place goes on", "abab", "abc", 3, 2, "ababc", nil},
		{"repeated, trimmed", "aabaab", "baabc", 3, 4, "aabaabc", nil},
		{"repeated, all places end", "abaa", "aab", 3, 2, "abaab", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.migrated(history(letters(c.log)), Options{Settings: small})
			before := p.files()
			p.write(history(letters(c.source)))
			got, err := p.goOn(Options{})
			wantTexts(t, p.texts(), letters(c.want))
			p.intact()
			if c.err != nil {
				testutil.ErrorIs(t, err, c.err)
				if !slices.Equal(before, p.files()) {
					t.Errorf("the log's files changed")
				}
				return
			}
			testutil.NoError(t, err)
			want := ContinueResult{Comparison: Comparison{Records: uint64(len(c.source)), Here: c.here, First: c.first}, Appended: uint64(len(c.want) - len(c.log))}
			if want.Appended > 0 {
				want.FirstNew, want.LastNew = segment.Sequence(len(c.log)+1), segment.Sequence(len(c.want))
			}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			match, err := Compare(t.Context(), p.options(Options{}), p.log())
			testutil.NoError(t, err)
			if match.Records != uint64(len(c.source)) || match.Here != match.Records {
				t.Errorf("afterwards: %+v, want all of %d", match, len(c.source))
			}
			again, err := p.goOn(Options{})
			testutil.NoError(t, err)
			if again.Appended > 0 {
				t.Errorf("run again: %+v", again)
			}
		})
	}
}

// A record that was lost and repaired may have been any one of the source's, so only intact
// records show where the source begins.
func TestContinueLost(t *testing.T) {
	for _, c := range []struct {
		name, log, lost, source string
		first                   segment.Sequence
		here, missing, appended uint64
		err                     error
	}{
		{"in the middle", "abc", "b", "abcd", 1, 3, 1, 1, nil},
		{"the first", "abc", "a", "abc", 1, 3, 1, 0, nil},
		{"the last", "abc", "c", "abcd", 1, 3, 1, 1, nil},
		{"trimmed", "abcd", "c", "bcde", 2, 3, 1, 1, nil},
		{"repeated, and new what might have been lost", "axa", "x", "ab", 3, 1, 0, 1, nil},
		{"repeated, and one of what was there once is lost", "abca", "b", "abcad", 1, 4, 1, 1, nil},
		{"another one", "abc", "c", "xyz", 0, 0, 0, 0, ErrNotHere},
		{"gone another way", "abcd", "c", "abce", 0, 0, 0, 0, ErrDiverged},
		{"all of it", "ab", "ab", "ab", 0, 0, 0, 0, ErrNotHere},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.migrated(history(letters(c.log)), Options{Settings: small})
			for _, letter := range c.lost {
				p.lose(segment.Sequence(strings.IndexRune(c.log, letter) + 1))
			}
			p.write(history(letters(c.source)))
			got, err := p.goOn(Options{})
			if c.err != nil {
				testutil.ErrorIs(t, err, c.err)
				return
			}
			testutil.NoError(t, err)
			if got.First != c.first || got.Here != c.here || got.Lost != c.missing || got.Appended != c.appended {
				t.Errorf("%+v", got)
			}
		})
	}
}

// lose damages a record and repairs the log.
func (p *place) lose(seq segment.Sequence) {
	p.Helper()
	l := p.log()
	i, err := l.Find(seq)
	testutil.NoError(p, err)
	r, err := l.OpenReader(l.Segments[i])
	testutil.NoError(p, err)
	rec, err := r.Record(seq)
	testutil.NoError(p, err)
	at := int64(rec.Start)
	testutil.NoError(p, r.Close())
	f, err := os.OpenFile(l.Segments[i].Path, os.O_RDWR, 0)
	testutil.NoError(p, err)
	_, err = f.WriteAt([]byte("#"), at)
	testutil.NoError(p, errors.Join(err, f.Close()))
	done, err := segment.Repair(p.Context(), p.dir, segment.Options{})
	testutil.NoError(p, err)
	if len(done.Repaired) != 1 {
		p.Fatalf("%+v", done)
	}
}

// Values that a pass takes for records before it restarts are neither compared nor appended.
func TestContinueReadAgain(t *testing.T) {
	list := func(of string) string { return "[" + strings.Join(letters(of), ",") + "]" }
	for _, c := range []struct{ name, before, after, records string }{
		{"later history", `{"rows":` + list("xyz") + `,"history":` + list("abc") + `}`, `{"rows":` + list("xyz") + `,"history":` + list("abcd") + `}`, "abcd"},
		{"later history of the same", `{"rows":` + list("ab") + `,"history":` + list("ab") + `}`, `{"rows":` + list("abxy") + `,"history":` + list("abc") + `}`, "abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.migrated(c.before, Options{})
			p.write(c.after)
			_, err := p.goOn(Options{})
			testutil.NoError(t, err)
			wantTexts(t, p.texts(), letters(c.records))
		})
	}
	p := newPlace(t) // lines that each hold an array of objects
	lines := []string{`{"rows":` + list("ab") + `}`, `{"rows":` + list("bc") + `}`, `{"rows":` + list("cd") + `}`}
	p.migrated(ndjson(lines[:2]), Options{})
	p.write(ndjson(lines))
	_, err := p.goOn(Options{})
	testutil.NoError(t, err)
	wantTexts(t, p.texts(), lines)
	match, err := Compare(t.Context(), p.options(Options{}), p.log())
	testutil.NoError(t, err)
	if match.Here != 3 {
		t.Errorf("%+v", match)
	}
}

// files returns the log's files and their texts, except LOCK.
func (p *place) files() (all []string) {
	p.Helper()
	names, err := filepath.Glob(filepath.Join(p.dir, "*.*"))
	testutil.NoError(p, err)
	for _, name := range names {
		b, err := os.ReadFile(name)
		testutil.NoError(p, err)
		all = append(all, filepath.Base(name)+" "+string(b))
	}
	return all
}

func TestCompare(t *testing.T) {
	p := newPlace(t)
	p.migrated(history(letters("abcdef")), Options{Settings: small})
	for _, c := range []struct {
		source string
		want   Comparison
		err    error
	}{
		{"abcdef", Comparison{Records: 6, Here: 6, First: 1}, nil},
		{"defgh", Comparison{Records: 5, Here: 3, First: 4}, nil},
		{"bc", Comparison{Records: 2, Here: 2, First: 2}, nil},
		{"", Comparison{}, nil},
		{"xa", Comparison{}, ErrNotHere},
		{"acd", Comparison{}, ErrDiverged},
	} {
		for name, text := range map[string]string{"history": history(letters(c.source)), "lines": ndjson(letters(c.source))} {
			if c.source == "" && name == "lines" {
				continue
			}
			p.write(text)
			got, err := Compare(t.Context(), p.options(Options{}), p.log())
			if c.err != nil {
				testutil.ErrorIs(t, err, c.err)
			} else if err != nil || got != c.want {
				t.Errorf("%q as %s: %+v, %v; want %+v", c.source, name, got, err, c.want)
			}
		}
	}
	_, err := Compare(t.Context(), p.options(Options{Source: "-", Stdin: strings.NewReader("[]")}), p.log())
	testutil.ErrorIs(t, err, ErrOnce)
	_, err = Continue(t.Context(), p.options(Options{Source: "-", Stdin: strings.NewReader("[]")}), 0)
	testutil.ErrorIs(t, err, ErrOnce)
	_, err = Continue(t.Context(), Options{Source: p.source, Dir: p.dir + "none"}, 0)
	testutil.ErrorIs(t, err, segment.ErrNoLog)
}

// Retention has taken the log's first segments.
func TestContinueRetired(t *testing.T) {
	p := newPlace(t)
	p.migrated(history(letters("abcdefgh")), Options{Settings: segment.Settings{"segment-size": "30"}})
	l := p.log()
	first := l.Segments[2].Base
	_, err := segment.Retire(t.Context(), p.dir, first, segment.Options{})
	testutil.NoError(t, err)
	left := "abcdefgh"[first-1:]
	p.write(history(letters(left + "ij")))
	c, err := p.goOn(Options{})
	testutil.NoError(t, err)
	if c.First != first || c.Appended != 2 || c.Here != uint64(len(left)) {
		t.Errorf("%+v", c)
	}
	wantTexts(t, p.texts(), letters(left+"ij"))
	p.write(history(letters("abcdefghij"))) // begins before the log does
	_, err = p.goOn(Options{})
	testutil.ErrorIs(t, err, ErrNotHere)
}

// cancelAt is a Progress that ends a context at its n-th call.
func cancelAt(t testing.TB, n int) (context.Context, func(int64, int64)) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, func(int64, int64) {
		if n--; n == 0 {
			cancel()
		}
	}
}

func TestContinueKilled(t *testing.T) {
	const old, all = "abc", "bcdefghij"
	for n := 1; ; n++ {
		p := newPlace(t)
		p.migrated(ndjson(letters(old)), Options{Settings: small})
		p.write(ndjson(letters(all)))
		ctx, progress := cancelAt(t, n)
		_, err := Continue(ctx, p.options(Options{Progress: progress}), 0)
		if ctx.Err() == nil {
			testutil.NoError(t, err)
			if n <= len(all)+1 {
				t.Errorf("only %d steps", n)
			}
			break
		}
		testutil.ErrorIs(t, err, context.Canceled)
		if got := p.texts(); !slices.Equal(got, letters("abcdefghij")[:len(got)]) {
			t.Errorf("killed at step %d: %q", n, got)
		}
		c, err := p.goOn(Options{})
		testutil.NoError(t, err)
		if c.Here+c.Appended != uint64(len(all)) {
			t.Errorf("killed at step %d: %+v", n, c)
		}
		wantTexts(t, p.texts(), letters("abcdefghij"))
		p.intact()
		if t.Failed() {
			t.Fatalf("killed at step %d", n)
		}
	}
}

// If a source is rewritten during the second reading, no record is appended that is in
// neither version.
func TestContinueWhileSourceIsRewritten(t *testing.T) {
	for _, segmentSize := range []string{"64M", "100K"} { // beginning a segment commits, too
		t.Run(segmentSize, func(t *testing.T) { continueWhileRewritten(t, segmentSize) })
	}
}

func continueWhileRewritten(t *testing.T, segmentSize string) {
	const n, size = 1200, 8000
	text := func(first int, fill string) []string {
		var all []string
		for i := range n {
			b, _ := json.Marshal(map[string]any{"n": first + i, "text": strings.Repeat(fill, size)})
			all = append(all, string(b))
		}
		return all
	}
	before, after := text(1001, "a"), text(1001, "b")
	p := newPlace(t)
	p.migrated(ndjson(before[:1]), Options{Settings: segment.Settings{"segment-size": segmentSize}})
	p.write(ndjson(before))
	calls := 0
	_, err := p.goOn(Options{Progress: func(int64, int64) {
		if calls++; calls == n+10 {
			f, err := os.OpenFile(p.source, os.O_WRONLY, 0)
			testutil.NoError(t, err)
			_, err = f.WriteString(ndjson(append(after, "1")))
			testutil.NoError(t, errors.Join(err, f.Close()))
		}
	}})
	testutil.ErrorIs(t, err, ErrChanged)
	before, after = append(before, ""), append(after, "1")
	for i, got := range p.texts() {
		if got != before[i] && got != after[i] {
			t.Errorf("record %d is in neither: %.40q…%.20q", i+1, got, got[len(got)-20:])
		}
	}
	p.intact()
}

// Between the two readings the source may be replaced by another file.
func TestContinueOfReplacedSource(t *testing.T) {
	for _, c := range []struct{ name, then, want string }{
		{"grown", "abcdefg", "abcdefg"},
		{"trimmed and grown", "cdefg", "abc"},
		{"cut", "abcd", "abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.migrated(ndjson(letters("abc")), Options{})
			p.write(ndjson(letters("abcde")))
			calls := 0
			_, err := p.goOn(Options{Progress: func(int64, int64) {
				if calls++; calls == 5 { // the last record
					next := p.source + ".next"
					testutil.NoError(t, os.WriteFile(next, []byte(ndjson(letters(c.then))), 0o644))
					testutil.NoError(t, os.Rename(next, p.source))
				}
			}})
			if err != nil || c.name != "grown" {
				testutil.ErrorIs(t, err, ErrChanged)
			}
			if got := p.texts(); !slices.Equal(got, letters("abcdefg")[:len(got)]) {
				t.Errorf("records %q", got)
			}
			p.write(ndjson(letters("cdefgh")))
			_, err = p.goOn(Options{})
			testutil.NoError(t, err)
			wantTexts(t, p.texts(), letters("abcdefgh"))
		})
	}
}
