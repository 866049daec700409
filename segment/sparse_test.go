package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/testutil"
)

// An index with a hole, as a crash or a hostile owner leaves it: the entries
// before the hole count, and finding them does not take a walk over the hole.
func TestSparseIndex(t *testing.T) {
	for _, base := range []Sequence{5, 9} { // a sealed segment and the active one
		t.Run(fmt.Sprint(base), func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, Settings{"segment-size": "300"})
			appendTexts(t, w, 1, 10)
			testutil.NoError(t, w.Close())
			index := filepath.Join(dir, indexName(base))
			if base == 5 { // its trailer is not where it was
				testutil.NoError(t, os.Truncate(index, headerSize+4*entrySize))
			}
			testutil.NoError(t, os.Truncate(index, 8<<30))
			wantTexts(t, dir, texts(1, 10))
			l := openLog(t, dir)
			for _, s := range l.Segments {
				_, err := l.QuickCheck(s)
				testutil.NoError(t, err)
				_, err = l.Verify(t.Context(), s, nil)
				testutil.NoError(t, err)
			}
			_, err := Repair(t.Context(), dir, options(nil))
			testutil.NoError(t, err)
			w = openWriter(t, dir)
			appendTexts(t, w, 11, 11)
		})
	}
}

// Entries behind a hole count as far as the text has room for their records.
func TestEntriesBehindHole(t *testing.T) {
	h := header{base: 1}
	const n, hole = 100_000, 40_000
	b := h.encode()
	for k := range n {
		if k < 60_000 && k >= 60_000-hole {
			b = append(b, make([]byte, entrySize)...)
			continue
		}
		b = h.appendEntry(b, Sequence(k+1), Entry{End: Offset(2 * (k + 1))})
	}
	path := filepath.Join(t.TempDir(), "index")
	testutil.WriteFile(t, path, append(b, make([]byte, 70_000*entrySize)...))
	f, err := OS{}.OpenFile(path, os.O_RDONLY, 0)
	testutil.NoError(t, err)
	defer f.Close()
	for _, row := range []struct {
		text  Offset
		count uint64
	}{{-1, n}, {2 * n, n}, {2*n + 77_777, n}, {0, 20_000}, {100, 20_000}, {math.MaxInt64, n}} {
		x := indexFile{file: f, path: path, header: h}
		trailer, err := x.countEntries(row.text)
		testutil.NoError(t, err)
		if trailer != nil || x.count != row.count {
			t.Errorf("a text of %d bytes: %d entries, want %d", row.text, x.count, row.count)
		}
	}
}

// A trailer that tells of more records than its text has room for is none.
func TestTrailerOfTooMany(t *testing.T) {
	h := header{base: 1}
	path := filepath.Join(t.TempDir(), "index")
	b := h.appendEntry(h.encode(), 1, Entry{End: 2})
	b = append(b, make([]byte, 99*entrySize)...)
	testutil.WriteFile(t, path, append(b, h.encodeTrailer(trailer{Count: 100, Plain: 150})...))
	f, err := OS{}.OpenFile(path, os.O_RDONLY, 0)
	testutil.NoError(t, err)
	defer f.Close()
	x := indexFile{file: f, path: path, header: h}
	trailer, err := x.countEntries(-1)
	testutil.NoError(t, err)
	if trailer != nil || x.count != 1 {
		t.Errorf("%+v, %d entries", trailer, x.count)
	}
}

// Whatever loops over a file of a log ends with the log's context.
func TestContextEndsReading(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "300"})
	appendTexts(t, w, 1, 10)
	testutil.NoError(t, w.Close())
	for _, base := range []Sequence{1, 5} {
		testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(base))))
	}
	_, err := Compress(t.Context(), dir, 1, Zstd, options(nil))
	if !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l, err := OpenContext(ctx, dir, nil)
	testutil.NoError(t, err)
	r, err := l.OpenReader(l.Segments[2])
	testutil.NoError(t, err)
	defer r.Close()
	cancel()
	for name, do := range map[string]func() error{
		"QuickCheck":  func() error { _, err := l.QuickCheck(l.Segments[2]); return err },
		"Summary":     func() error { _, err := l.Summary(l.Segments[0]); return err },
		"OpenReader":  func() error { _, err := l.OpenReader(l.Segments[0]); return err },
		"NextSeq":     func() error { _, err := l.NextSeq(); return err },
		"Record":      func() error { _, err := r.Record(9); return err },
		"OpenWriter":  func() error { _, err := OpenWriter(ctx, dir, options(nil)); return err },
		"OpenContext": func() error { _, err := OpenContext(ctx, dir, nil); return err },
	} {
		if err := do(); !errors.Is(err, context.Canceled) && name != "OpenContext" {
			t.Errorf("%s: %v", name, err)
		}
	}
	w, err = OpenWriter(t.Context(), dir, options(nil))
	testutil.NoError(t, err)
	appendTexts(t, w, 11, 12) // when the context of opening has ended too
	testutil.NoError(t, w.Close())
}

// An entry that claims more than the text has is damage, whatever the memory
// budget, in every codec.
func TestEntryBeyondText(t *testing.T) {
	for _, codec := range seekable.Codecs() {
		for _, claimed := range []Offset{1 << 30, 1<<30 + 400, math.MaxInt64 - 5} {
			t.Run(fmt.Sprintf("%v %d", codec, claimed), func(t *testing.T) {
				dir := newDir(t)
				w := create(t, dir, Settings{"segment-size": "300"})
				appendTexts(t, w, 1, 10)
				testutil.NoError(t, w.Close())
				if codec != Plain {
					_, err := Compress(t.Context(), dir, 5, codec, options(nil))
					testutil.NoError(t, err)
				}
				l := openLog(t, dir)
				h := header{id: l.Marker.ID, base: 5, created: time.Unix(0, 0)}
				x, _, err := l.openIndex(stem{base: 5})
				testutil.NoError(t, err)
				_, err = x.countEntries(-1)
				testutil.NoError(t, err)
				var sum trailer
				b := h.encode()
				for k := range uint64(4) {
					e, err := x.entry(k)
					testutil.NoError(t, err)
					if k == 3 {
						e.End = claimed
					}
					sum.add(e)
					b = h.appendEntry(b, 5+Sequence(k), e)
				}
				testutil.NoError(t, x.file.Close())
				testutil.WriteFile(t, filepath.Join(dir, indexName(5)), append(b, h.encodeTrailer(sum)...))
				l.Memory = 1 << 20
				f, err := l.Verify(t.Context(), l.Segments[1], nil)
				testutil.NoError(t, err)
				if f.Records != 3 || len(f.Damage) == 0 {
					t.Errorf("%d records, damage %v", f.Records, f.Damage)
				}
				_, err = Compress(t.Context(), dir, 5, Zstd, options(nil))
				if codec == Plain && !errors.Is(err, ErrCorrupt) {
					t.Errorf("compressed: %v", err)
				}
				r := openReader(t, l, 1)
				for seq := Sequence(5); seq < 8; seq++ {
					if rec, err := r.Record(seq); err != nil || !bytes.Equal(rec.Text, []byte(text(seq))) {
						t.Errorf("record %d: %v", seq, err)
					}
				}
				if _, err := r.Record(8); !errors.Is(err, ErrCorrupt) {
					t.Errorf("record 8: %v", err)
				}
			})
		}
	}
}
