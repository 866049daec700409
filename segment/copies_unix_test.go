//go:build unix

package segment

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/klauspost/compress/zstd"
)

// TestCopies has a sealed segment, records 1 to 4, in a plain and in a compressed
// file, some of them damaged: as long as each record is in one of them nothing
// is lost, to readers, to repair and to compaction.
func TestCopies(t *testing.T) {
	for _, codec := range codecs {
		for _, row := range []struct {
			name    string
			damage  func(t *testing.T, plain, packed, index string)
			unread  []Sequence // until it is repaired
			rebuilt bool       // the index was made from the text once
		}{
			{name: "none", damage: func(*testing.T, string, string, string) {}},
			{name: "the compressed one", damage: func(t *testing.T, _, packed, _ string) { testutil.FlipByte(t, packed, 20) }},
			{name: "the compressed one, by its end", damage: func(t *testing.T, _, packed, _ string) {
				testutil.EditFile(t, packed, func(b []byte) []byte { return b[:len(b)-3] })
			}},
			{name: "the compressed one is empty", damage: func(t *testing.T, _, packed, _ string) { testutil.NoError(t, os.Truncate(packed, 0)) }},
			{name: "the compressed one is a FIFO", damage: func(t *testing.T, _, packed, _ string) {
				testutil.NoError(t, os.Remove(packed))
				testutil.NoError(t, syscall.Mkfifo(packed, 0o600))
			}},
			{name: "the plain one", damage: func(t *testing.T, plain, _, _ string) { testutil.FlipByte(t, plain, 100) }, unread: []Sequence{2}},
			{name: "the plain one was cut", damage: func(t *testing.T, plain, _, _ string) { testutil.NoError(t, os.Truncate(plain, 100)) }},
			{name: "the plain one is empty", damage: func(t *testing.T, plain, _, _ string) { testutil.NoError(t, os.Truncate(plain, 0)) }},
			{name: "the plain one is a directory", damage: func(t *testing.T, plain, _, _ string) {
				testutil.NoError(t, os.Remove(plain))
				testutil.NoError(t, os.Mkdir(plain, 0o700))
			}},
			{name: "the compressed one, and an index entry", damage: func(t *testing.T, _, packed, index string) {
				testutil.FlipByte(t, packed, 20)
				testutil.FlipByte(t, index, headerSize+entrySize+3)
			}},
			{name: "the plain one, of a rebuilt index", damage: func(t *testing.T, plain, _, _ string) { testutil.FlipByte(t, plain, 100) }, unread: []Sequence{2}, rebuilt: true},
			{name: "the plain one was cut, and the index is gone", damage: func(t *testing.T, plain, _, index string) {
				testutil.NoError(t, os.Truncate(plain, 100))
				testutil.NoError(t, os.Remove(index))
			}},
			{name: "the compressed one was cut, and the index is gone", damage: func(t *testing.T, _, packed, index string) {
				testutil.NoError(t, os.Truncate(packed, 60))
				testutil.NoError(t, os.Remove(index))
			}},
			{name: "an index entry", damage: func(t *testing.T, _, _, index string) { testutil.FlipByte(t, index, headerSize+3) }},
			{name: "the plain one was cut, and an index entry", damage: func(t *testing.T, plain, _, index string) {
				testutil.NoError(t, os.Truncate(plain, 100))
				testutil.FlipByte(t, index, headerSize+3)
			}},
		} {
			t.Run(codec.String()+"/"+row.name, func(t *testing.T) {
				dir := newLog(t, 12)
				plain, packed, index := filepath.Join(dir, textName(1)), filepath.Join(dir, fileName(1, codec)), filepath.Join(dir, indexName(1))
				if row.rebuilt {
					testutil.NoError(t, os.Remove(index))
					_, err := Repair(t.Context(), dir, options(nil))
					testutil.NoError(t, err)
				}
				was := testutil.ReadFile(t, plain)
				_, err := Compress(t.Context(), dir, 1, codec, Options{})
				testutil.NoError(t, err)
				testutil.WriteFile(t, plain, was)
				row.damage(t, plain, packed, index)

				want := texts(1, 12)
				for _, seq := range row.unread {
					delete(want, seq)
				}
				good, _ := contents(t, dir)
				wantGood(t, good, want)
				_, err = Repair(t.Context(), dir, options(nil))
				testutil.NoError(t, err)
				wantTexts(t, dir, texts(1, 12))
				if damage := verifyAll(t, openLog(t, dir)); len(damage) > 0 {
					t.Errorf("after the repair: %v", damage)
				}
				left := copiesOf(t, dir)
				for _, c := range codecs { // also by the other one
					_, err = Compress(t.Context(), dir, 1, c, Options{})
					testutil.NoError(t, err)
				}
				wantTexts(t, dir, texts(1, 12))
				if s := openLog(t, dir).Segments[0]; s.Codec == Plain || s.Copy {
					t.Errorf("after a compaction: %+v", s)
				}
				if damage := verifyAll(t, openLog(t, dir)); len(damage) > 0 {
					t.Errorf("after a compaction: %v", damage)
				}
				now := copiesOf(t, dir)
				for _, b := range left {
					if !slices.Contains(now, b) && b != "" {
						t.Errorf("%d bytes of a file that was not made of the others are nowhere", len(b))
					}
				}
			})
		}
	}
}

// copiesOf returns the bytes of the files of the first segment that are damaged,
// and those in quarantine.
func copiesOf(t testing.TB, dir string) (all []string) {
	t.Helper()
	l := openLog(t, dir)
	files, err := l.others(l.Segments[0])
	testutil.NoError(t, err)
	for _, s := range files {
		if f, err := l.Verify(t.Context(), s, nil); err == nil && len(f.Damage) == 0 {
			continue
		}
		all = append(all, string(testutil.ReadFile(t, s.Path)))
	}
	names, err := l.Quarantine()
	testutil.NoError(t, err)
	for _, name := range names {
		all = append(all, string(testutil.ReadFile(t, filepath.Join(dir, filename.Quarantine, name))))
	}
	return all
}

// TestRepairKeepsExcess repairs a compressed file that holds bytes beside its records: they
// must be in quarantine/ afterwards.
func TestRepairKeepsExcess(t *testing.T) {
	for _, codec := range codecs {
		dir := newLog(t, 12)
		compressAll(t, dir, codec)
		packed := filepath.Join(dir, fileName(1, codec))
		testutil.EditFile(t, packed, func(b []byte) []byte { return append(b, frameOf(t, codec, "{\"precious\":1}\n")...) })
		was := string(testutil.ReadFile(t, packed))
		done, err := Repair(t.Context(), dir, options(nil))
		testutil.NoError(t, err)
		if !slices.ContainsFunc(done.Repaired, func(m RepairedRecord) bool {
			return m.Quarantine != "" && string(testutil.ReadFile(t, m.Quarantine)) == was
		}) {
			t.Errorf("%v: %+v", codec, done.Repaired)
		}
		wantTexts(t, dir, texts(1, 12))
	}
}

// A file that takes more memory to read than there is for it may be good: it is
// reported, and not repaired.
func TestWindowOfOthers(t *testing.T) {
	const window = seekable.MaxWindow
	dir := newLog(t, 1)
	w := openWriter(t, dir)
	big := `"` + strings.Repeat("wide ", window/4) + `"`
	for range 2 {
		_, err := w.Append(t.Context(), []byte(big))
		testutil.NoError(t, err)
	}
	rollNow(t, w)
	testutil.NoError(t, w.Close())
	l := openLog(t, dir)
	s := l.Segments[len(l.Segments)-2]
	e, err := zstd.NewWriter(nil, zstd.WithWindowSize(4*window))
	testutil.NoError(t, err)
	testutil.WriteFile(t, filepath.Join(dir, fileName(s.Base, Zstd)), e.EncodeAll(testutil.ReadFile(t, s.Path), nil))
	testutil.NoError(t, os.Remove(s.Path))
	before := snapshot(t, dir)
	for range 2 {
		l = openLog(t, dir)
		f, err := l.Verify(t.Context(), l.Segments[len(l.Segments)-2], nil)
		testutil.NoError(t, err)
		if len(f.Damage) == 0 || !errors.Is(f.Damage[0], ErrWindow) {
			t.Errorf("%v", f.Damage)
		}
		_, err = Repair(t.Context(), dir, options(nil))
		testutil.ErrorIs(t, err, ErrWindow)
	}
	for name := range before {
		if strings.HasSuffix(name, ".zst") && snapshot(t, dir)[name] != before[name] {
			t.Error("the repair changed it")
		}
	}
}

// A file whose name can't be one of the log's makes no record up.
func TestNameFarAway(t *testing.T) {
	for _, far := range []Sequence{1_000_000, 1_000_000_000, 1<<64 - 1} {
		dir := newLog(t, 4)
		l := openLog(t, dir)
		testutil.EditFile(t, l.Segments[len(l.Segments)-1].Path, func(b []byte) []byte { return append(b, "bad\n"...) })
		testutil.WriteFile(t, filepath.Join(dir, textName(far)), nil)
		l = openLog(t, dir)
		for i := range l.Segments {
			if r := openReader(t, l, i); r.Count() > 10 {
				t.Errorf("before %d: %d records", far, r.Count())
			}
		}
		verifyAll(t, l)
	}
}

// Neighbouring index entries that have rotted are made from the text, each once.
func TestManyRottenEntries(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "1M", "sync": "none"})
	appendTexts(t, w, 1, 3000)
	rollNow(t, w)
	testutil.NoError(t, w.Close())
	index := testutil.ReadFile(t, filepath.Join(dir, indexName(1)))
	compressAll(t, dir, Zstd)
	testutil.NoError(t, os.Remove(filepath.Join(dir, smallIndexName(1))))
	testutil.WriteFile(t, filepath.Join(dir, indexName(1)), index)
	for k := range 1000 {
		testutil.FlipByte(t, filepath.Join(dir, indexName(1)), headerSize+(1000+k)*entrySize)
	}
	r := openReader(t, openLog(t, dir), 0)
	lines := &countingReaderAt{r.text, 0}
	r.text = lines
	for seq := Sequence(1); seq <= 3000; seq++ {
		rec, err := r.Record(seq)
		if testutil.NoError(t, err); string(rec.Text) != text(seq) {
			t.Fatalf("record %d: %q", seq, rec.Text)
		}
	}
	if most := 3 * 1000; lines.reads > most {
		t.Errorf("%d reads, want at most %d", lines.reads, most)
	}
}

type countingReaderAt struct {
	textFile
	reads int
}

func (c *countingReaderAt) ReadAt(b []byte, at int64) (int, error) {
	c.reads++
	return c.textFile.ReadAt(b, at)
}
