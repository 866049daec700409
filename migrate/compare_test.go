package migrate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// alignedByTrial returns what a comparison of source with log finds, by trying all places, and
// the newest record of log that equals one of the source's from some place on. A lost
// record of log is a question mark.
func alignedByTrial(log, source string) (best Comparison, reached int) {
	best.Records = uint64(len(source))
	for at := range len(log) {
		n, lost, last := 0, 0, 0
		for n < len(source) && at+n < len(log) && (log[at+n] == source[n] || log[at+n] == '?') {
			if log[at+n] == '?' {
				lost++
			} else {
				last = at + n + 1
			}
			n++
		}
		reached = max(reached, last)
		met, most := n-lost, int(best.Here-best.Lost)
		if (n == len(source) || at+n == len(log)) && (met > most || met == most && uint64(lost) < best.Lost) {
			best.First, best.Here, best.Lost = segment.Sequence(at+1), uint64(n), uint64(lost)
		}
	}
	return best, reached
}

// Sources with few different records fit a log at many places, or nearly.
func TestCompareRepetitive(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	draw := func(most int) string {
		b := make([]byte, 1+rnd.IntN(most))
		different, period := 1+rnd.IntN(3), 1+rnd.IntN(len(b))
		for i := range b {
			if b[i] = byte('a' + rnd.IntN(different)); i >= period && rnd.IntN(20) > 0 {
				b[i] = b[i-period]
			}
		}
		return string(b)
	}
	for range testutil.Rounds(20, 150) {
		p, log := newPlace(t), draw(40)
		p.migrated(ndjson(letters(log)), Options{Settings: small})
		whole := log
		for range rnd.IntN(4) {
			if at := rnd.IntN(len(log)); log[at] != '?' {
				p.lose(segment.Sequence(at + 1))
				log = log[:at] + "?" + log[at+1:]
			}
		}
		l := p.log()
		for range 40 {
			source := whole[rnd.IntN(1+rnd.IntN(len(log))):] // trimmed, then changed, shortened or grown
			switch at := rnd.IntN(len(source)); rnd.IntN(4) {
			case 0:
				source = source[:at] + draw(3) + source[at+1:]
			case 1:
				source = source[:at+1]
			case 2:
				source += draw(10)
			case 3:
				source = draw(40)
			}
			p.write(ndjson(letters(source)))
			got, err := Compare(t.Context(), p.options(Options{block: 1 + rnd.IntN(9)}), l)
			want, reached := alignedByTrial(log, source)
			switch {
			case want.First > 0:
				if err != nil || got != want {
					t.Errorf("seed %d: %s in %s: %+v, %v; want %+v", seed, source, log, got, err, want)
				}
			case reached > 0:
				if !errors.Is(err, ErrDiverged) || !strings.HasSuffix(err.Error(), fmt.Sprintf("after record %d of the log", reached)) {
					t.Errorf("seed %d: %s in %s: %v; want that they diverge after %d", seed, source, log, err, reached)
				}
			case !errors.Is(err, ErrNotHere):
				t.Errorf("seed %d: %s in %s: %v", seed, source, log, err)
			}
		}
	}
}

// The log is read a few times from its beginning to its end, wherever and however often
// records are equal.
func TestCompareReadsLittle(t *testing.T) {
	const n = 5000
	all := func(record func(i int) int) (texts []string) {
		for i := range n {
			texts = append(texts, fmt.Sprintf(`{"n":%d}`, record(i)))
		}
		return texts
	}
	alike := all(func(int) int { return 0 })
	distinct := all(func(i int) int { return i })
	pairs := all(func(i int) int { return i % 2 })
	runs := all(func(i int) int { return i / 1000 })
	last := all(func(i int) int { return i / (n - 1) })
	grown := func(texts []string) []string { return append(slices.Clone(texts), alike...) }
	for _, c := range []struct {
		name        string
		log, source []string
		first       segment.Sequence
		here        uint64
		err         error
	}{
		{"alike", alike, alike, 1, n, nil},
		{"alike, one less in the log", alike[1:], alike, 1, n - 1, nil},
		{"alike, fewer in the source", alike, alike[:n/2], 1, n / 2, nil},
		{"alike, and grown by another", alike, last, 2, n - 1, nil},
		{"alike but the last", last, last, 1, n, nil},
		{"alike but the last, trimmed", last, last[n/2:], n/2 + 1, n - n/2, nil},
		{"alike but the last, which differs", last, append(slices.Clone(alike[1:]), `{"n":2}`), 0, 0, ErrDiverged},
		{"alike, none of the log", alike, distinct[1:], 0, 0, ErrNotHere},
		{"alike, one lost", alike, alike, 1, n, nil},
		{"alike, one lost, and grown", alike, last, 2, n - 1, nil},
		{"alike, one lost, fewer in the source", alike, alike[:n/3], 1, n / 3, nil},
		{"distinct", distinct, distinct, 1, n, nil},
		{"distinct, one lost, trimmed and grown", distinct, grown(distinct[n/3:]), n/3 + 1, n - n/3, nil},
		{"distinct, trimmed and grown", distinct, grown(distinct[n/2:]), n/2 + 1, n - n/2, nil},
		{"two in turn", pairs, pairs, 1, n, nil},
		{"two in turn, trimmed and grown", pairs, grown(pairs[n/2+1:]), n/2 + 2, n/2 - 1, nil},
		{"runs", runs, runs, 1, n, nil},
		{"runs, trimmed and grown", runs, grown(runs[1500:]), 1501, n - 1500, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.migrated(ndjson(c.log), Options{Settings: segment.Settings{"segment-size": "16K"}})
			if strings.Contains(c.name, "lost") {
				p.lose(n / 2)
			}
			p.write(ndjson(c.source))
			calls := 0
			l, err := segment.OpenContext(t.Context(), p.dir, testutil.CountingFS{Calls: &calls})
			testutil.NoError(t, err)
			// In blocks this small the source has 300 of them.
			got, err := Compare(t.Context(), p.options(Options{block: 16}), l)
			if c.err != nil {
				testutil.ErrorIs(t, err, c.err)
			} else if err != nil || got.First != c.first || got.Here != c.here {
				t.Errorf("%+v, %v; want %d from %d", got, err, c.here, c.first)
			}
			t.Logf("%d calls", calls)
			if calls > n/4 {
				t.Errorf("%d files were opened and pieces read", calls)
			}
		})
	}
}

// A log that cannot be read is reported as such.
func TestCompareDamagedLog(t *testing.T) {
	p := newPlace(t)
	p.migrated(ndjson(letters("abcdefgh")), Options{Settings: segment.Settings{"segment-size": "30"}})
	l := p.log()
	for _, name := range []string{l.Segments[1].Path, filepath.Join(p.dir, filename.Index(uint64(l.Segments[1].Base)))} {
		testutil.NoError(t, os.Remove(name))
	}
	_, err := Compare(t.Context(), p.options(Options{}), l)
	testutil.ErrorIs(t, err, segment.ErrCorrupt)
}
