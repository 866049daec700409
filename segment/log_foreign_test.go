package segment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// copyAs copies a file of a log into another log, for the segment of a base.
func copyAs(t *testing.T, from, to string) {
	t.Helper()
	testutil.WriteFile(t, to, testutil.ReadFile(t, from))
}

// TestForeignSegments puts segments into the directory that are not part of the
// log: no reader shows their records, no writer appends behind them, and Repair
// moves them to quarantine.
func TestForeignSegments(t *testing.T) {
	pair := func(base Sequence, segmentSize string) func(t *testing.T, dir string) []string {
		return func(t *testing.T, dir string) []string {
			other := otherLogOf(t, 40, segmentSize)
			text := filepath.Join(other, textName(base))
			if _, err := os.Lstat(text); err != nil {
				t.Fatalf("the other log has no segment %d", base)
			}
			copyAs(t, text, filepath.Join(dir, textName(base)))
			copyAs(t, filepath.Join(other, indexName(base)), filepath.Join(dir, indexName(base)))
			return []string{string(testutil.ReadFile(t, text))}
		}
	}
	alone := func(name string) func(t *testing.T, dir string) []string {
		return func(t *testing.T, dir string) []string {
			b := []byte("{\"other\":1}\n{\"other\":2}\n")
			testutil.WriteFile(t, filepath.Join(dir, name), b)
			return []string{string(b)}
		}
	}
	packed := func(base Sequence) func(t *testing.T, dir string) []string {
		return func(t *testing.T, dir string) []string {
			other := otherLog(t, 40)
			_, err := Compress(t.Context(), other, base, Zstd, options(nil))
			testutil.NoError(t, err)
			b := testutil.ReadFile(t, filepath.Join(other, fileName(base, Zstd)))
			testutil.WriteFile(t, filepath.Join(dir, fileName(base, Zstd)), b)
			return []string{string(b)}
		}
	}
	for _, row := range []struct {
		name    string
		put     func(t *testing.T, dir string) []string // returns what must be in quarantine after the repair
		refused bool
	}{
		{"with its index, of a higher number", pair(29, "300"), true},
		{"with its index, and the newest is ours", pair(7, "450"), false},
		{"without an index, behind a gap", alone(textName(5000)), true},
		{"without an index, within a segment", alone(textName(7)), false},
		{"empty, behind a gap", func(t *testing.T, dir string) []string {
			testutil.WriteFile(t, filepath.Join(dir, textName(77)), nil)
			return nil
		}, true},
		{"of the highest number that a name can have", alone("18446744073709551615.ndjson"), true},
		{"of the highest number and compressed", alone("18446744073709551615.ndjson.zst"), true},
		{"of a number above 2^63", alone("09223372036854775808.ndjson"), true},
		{"compressed, without an index", packed(29), true},
		{"compressed, with its index", func(t *testing.T, dir string) []string {
			other := otherLog(t, 40)
			_, err := Compress(t.Context(), other, 29, Zstd, options(nil))
			testutil.NoError(t, err)
			copyAs(t, filepath.Join(other, indexName(29)), filepath.Join(dir, indexName(29)))
			b := testutil.ReadFile(t, filepath.Join(other, fileName(29, Zstd)))
			testutil.WriteFile(t, filepath.Join(dir, fileName(29, Zstd)), b)
			return []string{string(b)}
		}, true},
		{"a segment of this log under another number", func(t *testing.T, dir string) []string {
			copyAs(t, filepath.Join(dir, textName(5)), filepath.Join(dir, textName(500)))
			copyAs(t, filepath.Join(dir, indexName(5)), filepath.Join(dir, indexName(500)))
			return nil
		}, true},
		{"all segments of another log behind ours", func(t *testing.T, dir string) (kept []string) {
			for _, base := range []Sequence{13, 17, 21, 29, 37} {
				kept = append(kept, pair(base, "300")(t, dir)...)
			}
			return kept
		}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, Settings{"segment-size": "300"})
			appendTexts(t, w, 1, 10)
			testutil.NoError(t, w.Close())
			kept := row.put(t, dir)
			l := openLog(t, dir)
			testutil.NoError(t, l.RefreshAll())
			if len(l.Foreign) == 0 {
				t.Fatalf("nothing was found: %+v", l.Segments)
			}
			t.Log(l.Foreign[0])
			wantTexts(t, dir, texts(1, 10))
			wantNoDamage(t, l)
			w, err := OpenWriter(t.Context(), dir, options(nil))
			if errors.Is(err, ErrStranger) != row.refused || (err == nil) == row.refused {
				t.Fatalf("opened for writing: %v", err)
			}
			if err == nil {
				testutil.NoError(t, w.Close())
			}
			done, err := Repair(t.Context(), dir, options(nil))
			testutil.NoError(t, err)
			for _, want := range kept {
				if !slices.ContainsFunc(done.Repaired, func(m RepairedRecord) bool {
					return m.Quarantine != "" && string(testutil.ReadFile(t, m.Quarantine)) == want
				}) {
					t.Errorf("%d bytes are not in quarantine: %+v", len(want), done.Repaired)
				}
			}
			l = openLog(t, dir)
			testutil.NoError(t, l.RefreshAll())
			if len(l.Foreign) > 0 {
				t.Errorf("after the repair: %v", l.Foreign)
			}
			w = openWriter(t, dir)
			appendTexts(t, w, 11, 12)
			testutil.NoError(t, w.Close())
			wantTexts(t, dir, texts(1, 12))
		})
	}
}

func wantNoDamage(t *testing.T, l *Log) {
	t.Helper()
	for _, s := range l.Segments {
		f, err := l.Verify(t.Context(), s, nil)
		testutil.NoError(t, err)
		g, err := l.QuickCheck(s)
		testutil.NoError(t, err)
		if len(f.Damage) > 0 || g.Damage != nil {
			t.Errorf("%s: %v, %v", s.Path, f.Damage, g.Damage)
		}
	}
}

// TestOwnSegments takes none of the log's own segments for a foreign one, whatever
// a crash or a lost index has left.
func TestOwnSegments(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(t *testing.T, dir string)
	}{
		{"all indexes lost", func(t *testing.T, dir string) {
			for _, base := range []Sequence{1, 5, 9} {
				testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(base))))
			}
		}},
		{"the last index lost", func(t *testing.T, dir string) { testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(9)))) }},
		{"the last index lost, the one before torn", func(t *testing.T, dir string) {
			testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(9))))
			testutil.NoError(t, os.Truncate(filepath.Join(dir, indexName(5)), headerSize+entrySize+3))
		}},
		{"the last index empty", func(t *testing.T, dir string) { testutil.NoError(t, os.Truncate(filepath.Join(dir, indexName(9)), 0)) }},
		{"a header spoiled", func(t *testing.T, dir string) {
			testutil.EditFile(t, filepath.Join(dir, indexName(9)), func(b []byte) []byte { b[30] ^= 1; return b })
		}},
		{"a segment before it lost", func(t *testing.T, dir string) { testutil.NoError(t, os.Remove(filepath.Join(dir, textName(5)))) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, Settings{"segment-size": "300"})
			appendTexts(t, w, 1, 10)
			testutil.NoError(t, w.Close())
			row.do(t, dir)
			l := openLog(t, dir)
			testutil.NoError(t, l.RefreshAll())
			if len(l.Foreign) > 0 || l.Segments[len(l.Segments)-1].Base != 9 {
				t.Errorf("%v", l.Foreign)
			}
			w = openWriter(t, dir)
			if n := w.NextSeq(); n != 11 {
				t.Errorf("the next record is %d", n)
			}
		})
	}
}

// TestForeignBelowFirst copies segments of another log to the names of segments that
// retention has removed. A later retirement must not remove the copies.
func TestForeignBelowFirst(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "300"})
	appendTexts(t, w, 1, 14)
	testutil.NoError(t, w.Close())
	_, err := Retire(t.Context(), dir, 5, options(nil))
	testutil.NoError(t, err)
	other := otherLog(t, 10)
	for _, name := range []string{textName(1), indexName(1)} {
		copyAs(t, filepath.Join(other, name), filepath.Join(dir, name))
	}
	_, err = Retire(t.Context(), dir, 9, options(nil))
	testutil.NoError(t, err)
	if string(testutil.ReadFile(t, filepath.Join(dir, textName(1)))) != string(testutil.ReadFile(t, filepath.Join(other, textName(1)))) {
		t.Error("it was removed")
	}
	wantTexts(t, dir, texts(9, 14))
}

// A follower finds a segment that another program puts there while it reads.
func TestForeignWhileFollowed(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "300"})
	appendTexts(t, w, 1, 10)
	l := openLog(t, dir)
	testutil.WriteFile(t, filepath.Join(dir, textName(5000)), []byte("1\n2\n3\n"))
	for n := Sequence(11); n < 20; n++ {
		appendTexts(t, w, n, n)
		testutil.NoError(t, l.Refresh())
		if next, err := l.NextSeq(); err != nil || next != n+1 || len(l.Foreign) != 1 {
			t.Fatal(fmt.Sprint(next, err, l.Foreign))
		}
	}
}
