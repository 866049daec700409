package migrate

import (
	"slices"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// Readers in any order find records that were merged into a larger segment since the log
// was listed.
func TestReadersStale(t *testing.T) {
	p := newPlace(t)
	p.migrated(ndjson(letters("abcdefgh")), Options{Settings: segment.Settings{"segment-size": "30"}})
	l, err := segment.Open(p.dir)
	testutil.NoError(t, err)
	all := func(a, b *segment.Log) (keys []recordKey, texts []string) {
		byKey, bySequence := logKeys{log: a}, sequenceReader{log: b}
		defer byKey.close()
		defer bySequence.close()
		for seq := segment.Sequence(8); seq > 0; seq-- {
			k, err := byKey.at(seq)
			testutil.NoError(t, err)
			text, err := bySequence.read(seq)
			testutil.NoError(t, err)
			keys, texts = append(keys, k), append(texts, string(text))
		}
		return keys, texts
	}
	keys, texts := all(l, l)
	var stale [2]*segment.Log // one listing for each reader: the first use lists the log again
	for i := range stale {
		stale[i], err = segment.Open(p.dir)
		testutil.NoError(t, err)
	}
	next := l.Segments[len(l.Segments)-1].Base
	c, err := segment.Merge(t.Context(), p.dir, 1, next, segment.Zstd, segment.Options{FS: testutil.NoSync{}})
	if err != nil || c == (segment.Change{}) || len(l.Segments) < 3 {
		t.Fatalf("%+v, %v", c, err)
	}
	again, read := all(stale[0], stale[1])
	if !slices.Equal(keys, again) || !slices.Equal(texts, read) {
		t.Errorf("%q, want %q", read, texts)
	}
}
