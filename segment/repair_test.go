package segment

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// TestRepair repairs a log of three segments: records 1 to 4, 5 to 8, 9 and 10.
func TestRepair(t *testing.T) {
	for _, row := range []struct {
		name     string
		damage   func(t *testing.T, text, index string)
		blank    []Sequence // places that are blank after it
		repaired int
		aside    []string // contents of quarantine/
		rebuilt  []Sequence
	}{
		{name: "nothing", damage: func(*testing.T, string, string) {}},
		{name: "index missing", damage: func(t *testing.T, _, index string) { testutil.NoError(t, os.Remove(index)) }, repaired: 1, rebuilt: []Sequence{5, 6, 7, 8}},
		{name: "index empty", damage: func(t *testing.T, _, index string) { testutil.NoError(t, os.Truncate(index, 0)) }, repaired: 1, rebuilt: []Sequence{5, 6, 7, 8}},
		{name: "index torn", damage: func(t *testing.T, _, index string) { testutil.NoError(t, os.Truncate(index, headerSize+entrySize+5)) }, repaired: 1, rebuilt: []Sequence{6, 7, 8}},
		{name: "trailer lost", damage: func(t *testing.T, _, index string) {
			testutil.EditFile(t, index, func(b []byte) []byte { return b[:len(b)-trailerSize] })
		}, repaired: 1},
		{name: "index of another log, and of other records", damage: func(t *testing.T, text, index string) {
			testutil.WriteFile(t, index, testutil.ReadFile(t, filepath.Join(otherLog(t, 10), indexName(5))))
		}, repaired: 1, rebuilt: []Sequence{5, 6, 7, 8}},
		{name: "no index and a line end lost", damage: func(t *testing.T, text, index string) {
			testutil.NoError(t, os.Remove(index))
			testutil.EditFile(t, text, func(b []byte) []byte { return bytes.Replace(b, []byte("\n"), []byte("x"), 2)[:len(b)] })
		}, blank: []Sequence{5, 6, 7}, repaired: 3, rebuilt: []Sequence{8}},
		{name: "no index and a line end made", damage: func(t *testing.T, text, index string) {
			testutil.NoError(t, os.Remove(index))
			testutil.EditFile(t, text, func(b []byte) []byte { b[80] = '\n'; return b })
		}, blank: []Sequence{6}, repaired: 1, rebuilt: []Sequence{5, 7, 8}},
		{name: "no index and the last line end lost", damage: func(t *testing.T, text, index string) {
			testutil.NoError(t, os.Remove(index))
			testutil.EditFile(t, text, func(b []byte) []byte { b[len(b)-1] = 'x'; return b })
		}, blank: []Sequence{8}, repaired: 1, rebuilt: []Sequence{5, 6, 7}},
		{name: "cut short", damage: func(t *testing.T, text, _ string) {
			testutil.EditFile(t, text, func(b []byte) []byte { return b[:len(b)-10] })
		}, blank: []Sequence{8}, repaired: 1, aside: []string{text(8)[:len(text(8))-9]}},
		{name: "empty", damage: func(t *testing.T, text, _ string) { testutil.NoError(t, os.Truncate(text, 0)) }, blank: []Sequence{5, 6, 7, 8}, repaired: 4},
		{name: "too long", damage: func(t *testing.T, path, _ string) {
			testutil.EditFile(t, path, func(b []byte) []byte { return append(b, "[1,2"...) })
		}, repaired: 1, aside: []string{"[1,2"}},
		{name: "segment gone", damage: func(t *testing.T, text, _ string) { testutil.NoError(t, os.Remove(text)) }, blank: []Sequence{5, 6, 7, 8}, repaired: 1},
		{name: "segment and index gone", damage: func(t *testing.T, text, index string) {
			testutil.NoError(t, os.Remove(text))
			testutil.NoError(t, os.Remove(index))
		}, blank: []Sequence{5, 6, 7, 8}, repaired: 1},
		{name: "first segment gone", damage: func(t *testing.T, text, _ string) {
			testutil.NoError(t, os.Remove(strings.Replace(text, textName(5), textName(1), 1)))
		}, blank: []Sequence{1, 2, 3, 4}, repaired: 1},
		{name: "two records of a segment, one of the active one", damage: func(t *testing.T, path, _ string) {
			spoil := func(b []byte) []byte { b[10] ^= 1; return b }
			testutil.EditFile(t, path, func(b []byte) []byte { b[2*(len(text(5))+1)+14] ^= 1; return spoil(b) })
			testutil.EditFile(t, strings.Replace(path, textName(5), textName(9), 1), spoil)
		}, blank: []Sequence{5, 7, 9}, repaired: 3, aside: []string{flip(5, 10), flip(7, 14), flip(9, 10)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, Settings{"segment-size": "300"})
			appendTexts(t, w, 1, 10)
			testutil.NoError(t, w.Close())
			row.damage(t, filepath.Join(dir, textName(5)), filepath.Join(dir, indexName(5)))
			unchanged := linkSealed(t, dir, 9)
			done, err := Repair(t.Context(), dir, options(nil))
			testutil.NoError(t, err)
			if len(done.Repaired) != row.repaired {
				t.Errorf("repaired %d: %+v", len(done.Repaired), done.Repaired)
			}
			wantRepaired(t, dir, row.blank, row.rebuilt)
			for _, want := range row.aside {
				if !slices.ContainsFunc(done.Repaired, func(m RepairedRecord) bool {
					return m.Quarantine != "" && strings.TrimSpace(string(testutil.ReadFile(t, m.Quarantine))) == want
				}) {
					t.Errorf("%q is not in quarantine: %+v", want, done.Repaired)
				}
			}
			again, err := Repair(t.Context(), dir, options(nil))
			testutil.NoError(t, err)
			if len(again.Repaired) > 0 {
				t.Errorf("the second Repair found %+v", again.Repaired)
			}
			w = openWriter(t, dir)
			appendTexts(t, w, 11, 12)
			unchanged()
		})
	}
}

// linkSealed gives every file of the segments before a sequence a second name, as a
// snapshot does, and returns a check that what is under that name does not change.
func linkSealed(t *testing.T, dir string, before Sequence) (unchanged func()) {
	t.Helper()
	to, was := t.TempDir(), map[string][]byte{}
	entries, err := os.ReadDir(dir)
	testutil.NoError(t, err)
	for _, e := range entries {
		if n, _, ours := parseName(e.Name()); ours && n.base < before {
			testutil.NoError(t, os.Link(filepath.Join(dir, e.Name()), filepath.Join(to, e.Name())))
			was[e.Name()] = testutil.ReadFile(t, filepath.Join(to, e.Name()))
		}
	}
	return func() {
		t.Helper()
		for name, b := range was {
			if !bytes.Equal(testutil.ReadFile(t, filepath.Join(to, name)), b) {
				t.Errorf("%s was written to under its other name", name)
			}
		}
	}
}

// flip returns a record with one bit changed.
func flip(seq Sequence, at int) string {
	b := []byte(text(seq))
	b[at] ^= 1
	return string(b)
}

// wantRepaired holds a log of records 1 to 10 against the places that may be blank.
func wantRepaired(t *testing.T, dir string, blank, rebuilt []Sequence) {
	t.Helper()
	l := openLog(t, dir)
	for i, s := range l.Segments {
		f, err := l.Verify(t.Context(), s, nil)
		testutil.NoError(t, err)
		for _, d := range f.Damage {
			t.Errorf("after the repair: %v", d)
		}
		r := openReader(t, l, i)
		for seq := s.Base; seq < r.Next(); seq++ {
			rec, err := r.Record(seq)
			testutil.NoError(t, err)
			if lost := slices.Contains(blank, seq); rec.Blank != lost || (!lost && string(rec.Text) != text(seq)) {
				t.Errorf("record %d: %q", seq, rec.Text)
			}
			if want := slices.Contains(rebuilt, seq); !rec.Blank && (rec.Flags&Rebuilt != 0) != want {
				t.Errorf("record %d rebuilt: %v", seq, !want)
			}
		}
	}
	next, err := l.NextSeq()
	testutil.NoError(t, err)
	if next != 11 {
		t.Errorf("the next record is %d", next)
	}
}
