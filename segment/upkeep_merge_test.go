package segment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/internal/vfs"
)

// mergeLog makes a log of segments of that many records each, ten seconds apart, and an
// active one with one record.
func mergeLog(t testing.TB, segments, each Sequence) (dir string) {
	t.Helper()
	dir = newDir(t)
	at := newClock()
	o := options(nil)
	o.Now = at.Now
	w, err := Create(t.Context(), dir, o)
	testutil.NoError(t, err)
	for n := range segments {
		at.add(10 * time.Second)
		appendTexts(t, w, n*each+1, (n+1)*each)
		rollNow(t, w)
	}
	appendTexts(t, w, segments*each+1, segments*each+1)
	testutil.NoError(t, w.Close())
	return dir
}

// merge merges the segments of the records [first, next) by zstd.
func merge(t testing.TB, dir string, first, next Sequence) Change {
	t.Helper()
	c, err := Merge(t.Context(), dir, first, next, Zstd, options(nil))
	testutil.NoError(t, err)
	return c
}

// allEntries returns the entries of all records, with the ends that they have in a text of all
// segments.
func allEntries(t testing.TB, dir string) (all []Entry) {
	t.Helper()
	l := openLog(t, dir)
	start := Offset(0)
	for i := range l.Segments {
		r := openReader(t, l, i)
		for seq := r.segment.Base; seq < r.Next(); seq++ {
			e, err := r.Entry(seq)
			testutil.NoError(t, err)
			e.End += start
			all = append(all, e)
		}
		end, err := r.Size()
		testutil.NoError(t, err)
		start += end
	}
	return all
}

// names returns the names of the files of segments in a directory.
func names(t testing.TB, dir string) (list []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	testutil.NoError(t, err)
	for _, f := range files {
		if filename.IsSegment(f.Name()) || filename.IsTemporary(f.Name()) {
			list = append(list, f.Name())
		}
	}
	return list
}

func wantIntact(t testing.TB, dir string) {
	t.Helper()
	f, err := openLog(t, dir).VerifyAll(t.Context(), nil)
	testutil.NoError(t, err)
	for _, d := range f.Damage {
		t.Error(d)
	}
}

func TestMerge(t *testing.T) {
	for _, c := range []Codec{Zstd, Gzip} {
		for _, each := range []Sequence{3, 200, 5000} {
			for _, stored := range []Codec{Plain, Zstd, Gzip} {
				t.Run(fmt.Sprintf("%d of %v to %v", each, stored, c), func(t *testing.T) {
					dir := mergeLog(t, 4, each)
					if stored != Plain {
						compressAll(t, dir, stored)
					}
					before := allEntries(t, dir)
					next := 3*each + 1
					change, err := Merge(t.Context(), dir, 1, next, c, options(nil))
					testutil.NoError(t, err)
					whole := stem{1, next - 1}
					if change.Segment != whole.text(c) || change.Records != uint64(3*each) || change.After <= 0 || change.Before == 0 {
						t.Errorf("%+v", change)
					}
					if after := allEntries(t, dir); !slices.Equal(before, after) {
						t.Errorf("entries differ: %d, %d", len(before), len(after))
					}
					index := whole.index()
					if each > 100 {
						index = whole.smallIndex()
					}
					if got := names(t, dir); got[0] != index || got[1] != whole.text(c) || openLog(t, dir).Segments[1].Base != next {
						t.Errorf("%q", got)
					}
					wantTexts(t, dir, texts(1, 4*each+1))
					wantIntact(t, dir)
					if again := merge(t, dir, 1, next); again != (Change{}) {
						t.Errorf("again: %+v", again)
					}
					w := openWriter(t, dir)
					appendTexts(t, w, 4*each+2, 4*each+2)
				})
			}
		}
	}
}

// An older histlog, which ignores the name of a merged segment, must refuse the log.
func TestMergeIsRequired(t *testing.T) {
	dir := mergeLog(t, 3, 2)
	merge(t, dir, 1, 5)
	if r := openLog(t, dir).Marker.Requires; !slices.Contains(r, needsMerged) {
		t.Errorf("%q", r)
	}
}

// Lost records keep their places and their numbers.
func TestMergeLost(t *testing.T) {
	dir := mergeLog(t, 3, 3)
	testutil.FlipByte(t, filepath.Join(dir, textName(4)), 100)
	_, err := Merge(t.Context(), dir, 1, 10, Zstd, options(nil))
	testutil.ErrorIs(t, err, ErrCorrupt)
	if got := names(t, dir); len(got) != 8 {
		t.Errorf("%q", got)
	}
	done, err := Repair(t.Context(), dir, options(nil))
	testutil.NoError(t, err)
	before := allEntries(t, dir)
	merge(t, dir, 1, 10)
	if after := allEntries(t, dir); !slices.Equal(before, after) || len(done.Repaired) != 1 {
		t.Errorf("%+v, %+v", before, after)
	}
	f, err := openLog(t, dir).VerifyAll(t.Context(), nil)
	if err != nil || f.Blank != 1 || f.Records != 9 || len(f.Damage) > 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

// restore puts files back that a merge has removed, as a kill before that leaves them.
func restore(t testing.TB, dir string, before map[string]string, names ...string) {
	t.Helper()
	for _, name := range names {
		testutil.WriteFile(t, filepath.Join(dir, name), []byte(before["/"+name][len("-rw-r--r-- "):]))
	}
}

// What a killed merge has left is hidden, and the next one removes it.
func TestMergeKilled(t *testing.T) {
	for name, left := range map[string][]string{
		"all":         {textName(1), indexName(1), textName(3), indexName(3)},
		"the texts":   {textName(1), textName(3)},
		"one of them": {textName(3)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := mergeLog(t, 3, 2)
			before := snapshot(t, dir)
			merge(t, dir, 1, 5)
			restore(t, dir, before, left...)
			wantTexts(t, dir, texts(1, 7))
			wantIntact(t, dir)
			l := openLog(t, dir)
			if !l.Segments[0].Supersedes() || len(l.Segments) != 3 {
				t.Errorf("%+v", l.Segments)
			}
			size, err := l.Size()
			testutil.NoError(t, err)
			own, err := l.DiskBytes(l.Segments[0])
			testutil.NoError(t, err)
			more, err := l.SupersededBytes(l.Segments[0])
			testutil.NoError(t, err)
			c := merge(t, dir, 1, 5)
			if c.Before != own+more || c.After != own || more == 0 || c.Records != 4 {
				t.Errorf("%+v, %d and %d", c, own, more)
			}
			if now, err := openLog(t, dir).Size(); err != nil || size-now != more {
				t.Errorf("%d to %d, %v", size, now, err)
			}
			wantGone(t, dir, left...)
			wantTexts(t, dir, texts(1, 7))
		})
	}
}

// The index of a merge that was killed before its text had a name is removed by the next
// maintenance, and the index of a text that was lost is not.
func TestMergeIndexAlone(t *testing.T) {
	dir := mergeLog(t, 3, 2)
	before := snapshot(t, dir)
	merge(t, dir, 1, 5)
	whole := stem{1, 4}
	testutil.NoError(t, os.Remove(filepath.Join(dir, whole.text(Zstd))))
	testutil.NoError(t, Sweep(t.Context(), dir, options(nil)))
	if !exists(t, filepath.Join(dir, whole.index())) {
		t.Error("the index of a lost text is gone")
	}
	restore(t, dir, before, textName(1), indexName(1), textName(3), indexName(3))
	wantTexts(t, dir, texts(1, 7))
	testutil.NoError(t, Sweep(t.Context(), dir, options(nil)))
	wantGone(t, dir, whole.index())
	merge(t, dir, 1, 5)
	wantIntact(t, dir)
}

// A merged segment that is damaged is repaired with what it supersedes.
func TestMergeKilledAndDamaged(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, text, index string){
		"a flip in the text": func(t *testing.T, text, _ string) { testutil.FlipByte(t, text, 30) },
		"an empty text":      func(t *testing.T, text, _ string) { testutil.NoError(t, os.Truncate(text, 0)) },
		"half a text":        func(t *testing.T, text, _ string) { testutil.NoError(t, os.Truncate(text, 60)) },
		"a flip in an entry": func(t *testing.T, _, index string) { testutil.FlipByte(t, index, headerSize+3) },
		"no trailer":         func(t *testing.T, _, index string) { testutil.NoError(t, os.Truncate(index, headerSize+2*entrySize)) },
		"no index":           func(t *testing.T, _, index string) { testutil.NoError(t, os.Remove(index)) },
		"the index of another": func(t *testing.T, _, index string) {
			testutil.WriteFile(t, index, testutil.ReadFile(t, filepath.Join(otherLog(t, 4), indexName(1))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := mergeLog(t, 3, 2)
			before := snapshot(t, dir)
			merge(t, dir, 1, 5)
			restore(t, dir, before, textName(1), indexName(1), textName(3), indexName(3))
			whole := stem{1, 4}
			damage(t, filepath.Join(dir, whole.text(Zstd)), filepath.Join(dir, whole.index()))
			if f, err := openLog(t, dir).VerifyAll(t.Context(), nil); err != nil || len(f.Damage) == 0 {
				t.Errorf("the damage is not noticed: %v", err)
			}
			c, err := Merge(t.Context(), dir, 1, 5, Zstd, options(nil))
			testutil.ErrorIs(t, err, ErrCorrupt)
			if c != (Change{}) || !exists(t, filepath.Join(dir, textName(3))) {
				t.Errorf("%+v", c)
			}
			_, err = Repair(t.Context(), dir, options(nil))
			testutil.NoError(t, err)
			wantTexts(t, dir, texts(1, 7))
			wantIntact(t, dir)
			if merge(t, dir, 1, 5) == (Change{}) {
				t.Error("nothing left to do")
			}
			wantTexts(t, dir, texts(1, 7))
			wantIntact(t, dir)
		})
	}
}

// Names that claim more than the files hold hide no record.
func TestMergeHostile(t *testing.T) {
	other := func(t *testing.T, dir, name string) {
		from := otherLog(t, 4)
		testutil.WriteFile(t, filepath.Join(dir, name), testutil.ReadFile(t, filepath.Join(from, textName(1))))
	}
	whole := func(base, end Sequence) string { return stem{base, end}.text(Plain) }
	for name, put := range map[string]func(t *testing.T, dir string){
		"the end before the base": func(t *testing.T, dir string) { other(t, dir, whole(3, 2)) },
		"all records":             func(t *testing.T, dir string) { other(t, dir, whole(1, 1<<62)) },
		"too many records":        func(t *testing.T, dir string) { other(t, dir, whole(1, 1<<63)) },
		"the active segment":      func(t *testing.T, dir string) { other(t, dir, whole(7, 9)) },
		"an empty file":           func(t *testing.T, dir string) { testutil.WriteFile(t, filepath.Join(dir, whole(1, 4)), nil) },
		"a directory":             func(t *testing.T, dir string) { testutil.NoError(t, os.Mkdir(filepath.Join(dir, whole(1, 4)), 0o700)) },
		"the index of a smaller one": func(t *testing.T, dir string) {
			other(t, dir, whole(1, 4))
			testutil.WriteFile(t, filepath.Join(dir, stem{1, 4}.index()), testutil.ReadFile(t, filepath.Join(dir, indexName(3))))
		},
		"it overlaps a merged one": func(t *testing.T, dir string) {
			before := snapshot(t, dir)
			merge(t, dir, 1, 5)
			restore(t, dir, before, textName(3), indexName(3))
			other(t, dir, whole(3, 6))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := mergeLog(t, 3, 2)
			put(t, dir)
			wantTexts(t, dir, texts(1, 7))
			l := openLog(t, dir)
			f, err := l.VerifyAll(t.Context(), nil)
			if err != nil || (len(f.Damage) == 0) != (name == "the end before the base") {
				t.Errorf("%v, %v", f.Damage, err)
			}
			_, err = Repair(t.Context(), dir, options(nil))
			switch name {
			case "a directory": // which is never opened
			case "the active segment": // the file has four lines, and two of them may be the only place of records
				testutil.ErrorIs(t, err, ErrCorrupt)
			default:
				testutil.NoError(t, err)
				wantIntact(t, dir)
			}
			wantTexts(t, dir, texts(1, 7))
		})
	}
}

// A merged segment whose name was changed is damage, and its records are read.
func TestMergeMisnamed(t *testing.T) {
	for _, end := range []Sequence{3, 5, 6, 100} {
		dir := mergeLog(t, 3, 2)
		merge(t, dir, 1, 5)
		for _, name := range []func(stem) string{stem.index, func(n stem) string { return n.text(Zstd) }} {
			testutil.NoError(t, os.Rename(filepath.Join(dir, name(stem{1, 4})), filepath.Join(dir, name(stem{1, end}))))
		}
		wantTexts(t, dir, texts(1, 7))
		f, err := openLog(t, dir).VerifyAll(t.Context(), nil)
		if err != nil || len(f.Damage) != 1 {
			t.Errorf("%d: %v, %v", end, f.Damage, err)
		}
		g, err := openLog(t, dir).QuickCheck(openLog(t, dir).Segments[0])
		if err != nil || g.Damage == nil {
			t.Errorf("%d: %+v, %v", end, g, err)
		}
		_, err = Repair(t.Context(), dir, options(nil))
		testutil.ErrorIs(t, err, ErrCorrupt)
		wantTexts(t, dir, texts(1, 7))
	}
}

// What maintenance does with segments it does with merged ones.
func TestMergedIsASegment(t *testing.T) {
	merged := func(t *testing.T) string {
		dir := mergeLog(t, 3, 200)
		merge(t, dir, 1, 401)
		return dir
	}
	whole := stem{1, 400}
	t.Run("repaired", func(t *testing.T) {
		dir := merged(t)
		testutil.FlipByte(t, filepath.Join(dir, whole.text(Zstd)), 100)
		_, err := Repair(t.Context(), dir, options(nil))
		testutil.NoError(t, err)
		wantIntact(t, dir)
		if !exists(t, filepath.Join(dir, whole.text(Plain))) || exists(t, filepath.Join(dir, whole.text(Zstd))) {
			t.Errorf("%q", names(t, dir))
		}
		c, err := Compress(t.Context(), dir, 1, Gzip, options(nil))
		if err != nil || c.Segment != whole.text(Gzip) || !exists(t, filepath.Join(dir, whole.smallIndex())) {
			t.Errorf("%+v, %v, %q", c, err, names(t, dir))
		}
		wantIntact(t, dir)
	})
	t.Run("the newest one, and plain", func(t *testing.T) {
		dir := merged(t)
		testutil.FlipByte(t, filepath.Join(dir, whole.text(Zstd)), 100)
		_, err := Repair(t.Context(), dir, options(nil))
		testutil.NoError(t, err)
		for _, base := range []Sequence{401, 601} {
			for _, name := range (stem{base: base}).all() {
				testutil.NoError(t, vfs.RemoveIfExists(OS{}, filepath.Join(dir, name)))
			}
		}
		w := openWriter(t, dir)
		ack, err := w.Append(t.Context(), []byte(text(401)))
		if err != nil || ack.Segment != textName(401) {
			t.Errorf("%+v, %v", ack, err)
		}
	})
	t.Run("restamped", func(t *testing.T) {
		dir := merged(t)
		_, err := Restamp(t.Context(), dir, Settings{"time-field": "/none"}, nil, options(nil))
		testutil.NoError(t, err)
		wantIntact(t, dir)
		if e := allEntries(t, dir)[399]; e.Flags&ClockTime == 0 || !exists(t, filepath.Join(dir, whole.smallIndex())) {
			t.Errorf("%+v, %q", e, names(t, dir))
		}
	})
	t.Run("in a snapshot", func(t *testing.T) {
		dir, to := merged(t), newDir(t)
		before := snapshot(t, mergeLog(t, 3, 200))
		restore(t, dir, before, textName(201)) // of a killed merge
		_, err := Snapshot(t.Context(), dir, to, nil, options(nil))
		testutil.NoError(t, err)
		wantTexts(t, to, texts(1, 601))
		if !slices.Equal(names(t, dir), names(t, to)) {
			t.Errorf("%q", names(t, to))
		}
	})
	t.Run("retired", func(t *testing.T) {
		dir := merged(t)
		changes, err := Retire(t.Context(), dir, 401, options(nil))
		if err != nil || len(changes) != 1 || changes[0].Segment != whole.text(Zstd) {
			t.Errorf("%+v, %v", changes, err)
		}
		if got := names(t, dir); len(got) != 4 || openLog(t, dir).Marker.FirstSeq != 401 {
			t.Errorf("%q", got)
		}
	})
	t.Run("archived, and its first part was before", func(t *testing.T) {
		dir, to := mergeLog(t, 3, 200), newDir(t)
		state := snapshot(t, dir)
		_, err := Archive(t.Context(), dir, to, 201, options(nil))
		testutil.NoError(t, err)
		// As if the run had been killed before it moved first_seq.
		for _, name := range []string{filename.Marker, textName(1), indexName(1)} {
			restore(t, dir, state, name)
		}
		merge(t, dir, 1, 401)
		_, err = Archive(t.Context(), dir, to, 401, options(nil))
		testutil.NoError(t, err)
		wantTexts(t, to, texts(1, 400))
		wantIntact(t, to)
		if got := names(t, to); len(got) != 2 {
			t.Errorf("%q", got)
		}
		wantTexts(t, dir, texts(401, 601))
	})
}

// No merge is begun while times of two rules may be mixed.
func TestMergeDuringRestamp(t *testing.T) {
	dir := mergeLog(t, 3, 2)
	editMarker(t, dir, `"settings"`, `"restamp": "9f0c6a5e-5d5b-4c1b-9d38-1f0a3c1f7f11", "settings"`)
	if c := merge(t, dir, 1, 5); c != (Change{}) {
		t.Errorf("%+v", c)
	}
}

// Processes with an older listing notice that a segment was merged.
func TestMergeStale(t *testing.T) {
	dir := mergeLog(t, 6, 2)
	merge(t, dir, 9, 13) // HISTLOG requires the feature, and is not replaced any more
	l := openLog(t, dir)
	m := NewMaintenance(dir, options(nil))
	defer m.Close()
	_, err := m.Compress(t.Context(), 7, Zstd)
	testutil.NoError(t, err)
	merge(t, dir, 1, 5)
	for _, s := range l.Segments[:2] {
		_, err := l.OpenReader(s)
		testutil.ErrorIs(t, err, ErrMerged)
		_, err = l.QuickCheck(s)
		testutil.ErrorIs(t, err, ErrMerged)
		_, err = l.Verify(t.Context(), s, nil)
		testutil.ErrorIs(t, err, ErrMerged)
	}
	var seen []Sequence
	testutil.NoError(t, l.Each(2, func(s Segment, from Sequence) error {
		r, err := l.OpenReader(s)
		if err != nil {
			return err
		}
		seen = append(seen, s.Base, from)
		return r.Close()
	}))
	if want := []Sequence{1, 2, 5, 5, 7, 7, 9, 9, 13, 13}; !slices.Equal(seen, want) {
		t.Errorf("%v, want %v", seen, want)
	}
	changes, err := m.Retire(t.Context(), 3) // by the old listing it begins with two records
	if err != nil || len(changes) > 0 {
		t.Errorf("%+v, %v", changes, err)
	}
	if _, err := m.Compress(t.Context(), 3, Zstd); !errors.Is(err, ErrMerged) {
		t.Errorf("compress: %v", err)
	}
	changes, err = m.Retire(t.Context(), 5)
	if err != nil || len(changes) != 1 {
		t.Errorf("%+v, %v", changes, err)
	}
}
