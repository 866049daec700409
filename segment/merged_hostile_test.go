package segment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// rename gives the files of a merged segment other names.
func rename(t *testing.T, dir string, from, to stem) {
	t.Helper()
	for _, name := range []func(stem) string{stem.index, func(n stem) string { return n.text(Zstd) }} {
		testutil.NoError(t, os.Rename(filepath.Join(dir, name(from)), filepath.Join(dir, name(to))))
	}
}

// A name that claims too much removes and changes nothing.
func TestMisnamedRemovesNothing(t *testing.T) {
	for _, end := range []Sequence{6, 8, 100} {
		dir := mergeLog(t, 3, 2)
		before := snapshot(t, dir)
		merge(t, dir, 1, 5)
		rename(t, dir, stem{1, 4}, stem{1, end})
		restore(t, dir, before, textName(3), indexName(3))
		files := snapshot(t, dir)
		_, err := Merge(t.Context(), dir, 1, 5, Zstd, options(nil))
		testutil.ErrorIs(t, err, ErrCorrupt)
		dest := newDir(t)
		_, err = Snapshot(t.Context(), dir, dest, nil, options(nil))
		testutil.NoError(t, err)
		now := snapshot(t, dir)
		for name := range files {
			if name != "/UPKEEP" && now[name] != files[name] {
				t.Errorf("%d: %s was changed", end, name)
			}
		}
		wantTexts(t, dir, texts(1, 7))
		wantTexts(t, dest, texts(1, 7))
	}
}

// A merged segment of a copy that has gone its own way hides records, which are not removed.
func TestMergedOfAnotherCopy(t *testing.T) {
	dir, b := mergeLog(t, 1, 2), newDir(t)
	_, err := Snapshot(t.Context(), dir, b, nil, options(nil))
	testutil.NoError(t, err)
	for _, d := range []string{dir, b} {
		w := openWriter(t, d)
		fourth := text(4)
		if d == b {
			fourth = `{"timestamp":"2025-05-28T12:00:04Z","n":5,"odds":[0.73,-0.25,3.0]}`
		}
		_, err := w.Append(t.Context(), []byte(fourth))
		testutil.NoError(t, err)
		rollNow(t, w)
		appendTexts(t, w, 5, 5)
		testutil.NoError(t, w.Close())
	}
	merge(t, dir, 1, 5)
	for _, n := range []string{stem{1, 4}.index(), stem{1, 4}.text(Zstd)} {
		testutil.WriteFile(t, filepath.Join(b, n), testutil.ReadFile(t, filepath.Join(dir, n)))
	}
	_, err = Merge(t.Context(), b, 1, 5, Zstd, options(nil))
	testutil.ErrorIs(t, err, ErrCorrupt)
	if !exists(t, filepath.Join(b, textName(3))) {
		t.Error("it was removed")
	}
	if f, err := openLog(t, b).VerifyAll(t.Context(), nil); err != nil || len(f.Damage) != 1 || f.Damage[0].Kind != KindByHand {
		t.Errorf("%v, %v", f.Damage, err)
	}
}

// A merged file whose index is lost may be the only place of records: repair does not move
// it, and no writer gives their numbers again.
func TestMergedWithoutIndexIsKept(t *testing.T) {
	for _, test := range []struct{ last, cut bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		dir := mergeLog(t, 3, 2)
		before := snapshot(t, dir)
		merge(t, dir, 1, 5)
		testutil.NoError(t, os.Remove(filepath.Join(dir, stem{1, 4}.index())))
		restore(t, dir, before, textName(1), indexName(1))
		if test.cut { // the table of frames is at the end
			path := filepath.Join(dir, stem{1, 4}.text(Zstd))
			info, err := os.Stat(path)
			testutil.NoError(t, err)
			testutil.NoError(t, os.Truncate(path, info.Size()-10))
		}
		if test.last {
			for _, n := range []string{textName(5), indexName(5), textName(7), indexName(7)} {
				testutil.NoError(t, os.Remove(filepath.Join(dir, n)))
			}
		}
		_, err := Repair(t.Context(), dir, options(nil))
		testutil.ErrorIs(t, err, ErrCorrupt)
		if !exists(t, filepath.Join(dir, stem{1, 4}.text(Zstd))) {
			t.Error("it was moved")
		}
		if w, err := OpenWriter(t.Context(), dir, options(nil)); err == nil {
			t.Error("a writer opened the log")
			w.Close()
		} else {
			testutil.ErrorIs(t, err, ErrStranger)
		}
	}
}

// A file that only has the name of a merged segment does not make a listing out of date.
func TestNameAloneIsNoMerge(t *testing.T) {
	dir := mergeLog(t, 3, 2)
	testutil.WriteFile(t, filepath.Join(dir, stem{1, 100}.text(Plain)), []byte("x\n"))
	testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(3))))
	wantTexts(t, dir, texts(1, 7))
	if _, err := openLog(t, dir).VerifyAll(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// Two runs of maintenance that merge the same segments do not report damage.
func TestMergeTwice(t *testing.T) {
	dir := mergeLog(t, 6, 2)
	m := NewMaintenance(dir, options(nil))
	defer m.Close()
	_, err := m.Merge(t.Context(), 1, 5, Zstd)
	testutil.NoError(t, err)
	merge(t, dir, 5, 9)
	if c, err := m.Merge(t.Context(), 5, 9, Zstd); err != nil || c != (Change{}) {
		t.Errorf("%+v, %v", c, err)
	}
}

// An older copy of a log archives nothing behind a merged segment that it does not have.
func TestArchiveBehindMerged(t *testing.T) {
	dir, to := mergeLog(t, 3, 2), newDir(t)
	older := testutil.CopyTree(t, dir)
	merge(t, dir, 1, 5)
	_, err := Archive(t.Context(), dir, to, 5, options(nil))
	testutil.NoError(t, err)
	_, err = Archive(t.Context(), older, to, 3, options(nil))
	testutil.ErrorIs(t, err, ErrNotArchive)
	wantTexts(t, older, texts(1, 7))
	wantTexts(t, to, texts(1, 4))
}

// Leftover texts without indexes restore a damaged merged segment, whose index confirms them.
func TestMergedIsRestoredFromTextsAlone(t *testing.T) {
	dir := mergeLog(t, 3, 2)
	before := snapshot(t, dir)
	merge(t, dir, 1, 5)
	restore(t, dir, before, textName(1), textName(3))
	testutil.FlipByte(t, filepath.Join(dir, stem{1, 4}.text(Zstd)), 30)
	_, err := Repair(t.Context(), dir, options(nil))
	testutil.NoError(t, err)
	wantTexts(t, dir, texts(1, 7))
	wantIntact(t, dir)
}

// Repair leaves a misnamed segment to a person, and repairs the others. The message says
// how to rename it.
func TestMisnamedIsLeftToAPerson(t *testing.T) {
	dir := mergeLog(t, 3, 2)
	merge(t, dir, 1, 5)
	rename(t, dir, stem{1, 4}, stem{1, 3})
	testutil.FlipByte(t, filepath.Join(dir, textName(5)), 30)
	done, err := Repair(t.Context(), dir, options(nil))
	testutil.ErrorIs(t, err, ErrByHand)
	if len(done.Repaired) != 1 || done.Repaired[0].Segment != textName(5) {
		t.Errorf("%+v", done.Repaired)
	}
	f, err := openLog(t, dir).VerifyAll(t.Context(), nil)
	testutil.NoError(t, err)
	if len(f.Damage) != 1 || f.Damage[0].Kind != KindByHand || !strings.Contains(f.Damage[0].Reason, "rename it to "+stem{1, 4}.text(Zstd)) {
		t.Errorf("%v", f.Damage)
	}
	rename(t, dir, stem{1, 3}, stem{1, 4})
	wantIntact(t, dir)
}

// Of two files that overlap the message names the one whose records the other files hold.
// Once it is away, the log is complete.
func TestOverlapNamesTheOneToMove(t *testing.T) {
	older, newer := stem{1, 4}, stem{3, 8}
	for _, c := range []struct {
		name string
		left []Sequence // files of segments that were not merged
		move stem       // zero if neither can be moved without loss
	}{
		{"an older one was put back", []Sequence{1}, older},
		{"a newer one was put beside", []Sequence{5, 7}, newer},
		{"each has records of its own", nil, stem{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := mergeLog(t, 4, 2)
			before := snapshot(t, dir)
			put := testutil.CopyTree(t, dir)
			merge(t, dir, 1, 5)
			merge(t, put, 3, 9)
			for _, n := range []string{newer.index(), newer.text(Zstd)} {
				testutil.WriteFile(t, filepath.Join(dir, n), testutil.ReadFile(t, filepath.Join(put, n)))
			}
			for _, base := range []Sequence{5, 7} {
				testutil.NoError(t, os.Remove(filepath.Join(dir, textName(base))))
				testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(base))))
			}
			for _, base := range c.left {
				restore(t, dir, before, textName(base), indexName(base))
			}
			l := openLog(t, dir)
			if len(l.Foreign) != 1 {
				t.Fatalf("%v", l.Foreign)
			}
			reason := l.Foreign[0].Reason
			if filepath.Base(l.Foreign[0].Path) != newer.text(Zstd) || !strings.Contains(reason, older.text(Zstd)) {
				t.Errorf("%v", l.Foreign[0])
			}
			if c.move == (stem{}) {
				if !strings.Contains(reason, "each may hold records") {
					t.Error(reason)
				}
				_, err := Repair(t.Context(), dir, options(nil))
				testutil.ErrorIs(t, err, ErrByHand)
				return
			}
			if !strings.Contains(reason, "move "+c.move.text(Zstd)) {
				t.Error(reason)
			}
			if c.move == older {
				f, err := l.VerifyAll(t.Context(), nil)
				if err != nil || len(f.Damage) == 0 || f.Damage[0].Kind != KindByHand {
					t.Errorf("%v, %v", f.Damage, err)
				}
				_, err = Repair(t.Context(), dir, options(nil))
				testutil.ErrorIs(t, err, ErrByHand)
			}
			for _, n := range []string{c.move.text(Zstd), c.move.index()} {
				testutil.NoError(t, os.Remove(filepath.Join(dir, n)))
			}
			wantTexts(t, dir, texts(1, 9))
			wantIntact(t, dir)
		})
	}
}

// A run that finds what a killed merge left already removed has changed nothing.
func TestMergeFinishedByAnother(t *testing.T) {
	dir := mergeLog(t, 6, 2)
	before := snapshot(t, dir)
	merge(t, dir, 1, 5)
	restore(t, dir, before, textName(1), textName(3))
	m := NewMaintenance(dir, options(nil))
	defer m.Close()
	_, err := m.Compress(t.Context(), 5, Zstd) // lists the log
	testutil.NoError(t, err)
	if c := merge(t, dir, 1, 5); c.Before <= c.After {
		t.Errorf("%+v", c)
	}
	if c, err := m.Merge(t.Context(), 1, 5, Zstd); err != nil || c != (Change{}) {
		t.Errorf("%+v, %v", c, err)
	}
}
