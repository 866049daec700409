package segment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// Retiring takes whole segments, the oldest, and never the last.
func TestRetire(t *testing.T) {
	dir := newLog(t, 12)
	l := openLog(t, dir)
	second, last := l.Segments[1].Base, l.Segments[len(l.Segments)-1].Base
	changes, err := Retire(t.Context(), dir, second+1, Options{}) // not all of the second
	testutil.NoError(t, err)
	if len(changes) != 1 || changes[0].Segment != textName(1) || changes[0].Records != uint64(second-1) || changes[0].Before == 0 || changes[0].After != 0 {
		t.Errorf("%+v", changes)
	}
	l = openLog(t, dir)
	if l.Marker.FirstSeq != second || l.Segments[0].Base != second {
		t.Errorf("the log begins with %d, %+v", l.Marker.FirstSeq, l.Segments[0])
	}
	if _, err := l.Find(1); !errors.Is(err, ErrRetired) || !strings.Contains(err.Error(), "oldest one left is") {
		t.Errorf("record 1: %v", err)
	}
	wantGone(t, dir, textName(1), indexName(1))
	_, err = Retire(t.Context(), dir, 1000, Options{})
	testutil.NoError(t, err)
	good, _ := contents(t, dir)
	if l = openLog(t, dir); len(l.Segments) != 1 || l.Segments[0].Base != last || good[12] != text(12) {
		t.Errorf("%+v", l.Segments)
	}
	appendTexts(t, openWriter(t, dir), 13, 13)
}

func wantGone(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(filepath.Join(dir, name)); !missing(err) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}

// Damage is left where it is, and all behind it.
func TestRetireLeavesDamage(t *testing.T) {
	dir := newLog(t, 20)
	l := openLog(t, dir)
	testutil.EditFile(t, l.Segments[1].Path, func(b []byte) []byte { b[9] ^= 1; return b })
	changes, err := Retire(t.Context(), dir, 1000, Options{})
	wantCorrupt(t, err)
	if now := openLog(t, dir); len(changes) != 1 || now.Marker.FirstSeq != l.Segments[1].Base || len(now.Segments) != len(l.Segments)-1 {
		t.Errorf("%+v: the log begins with %d", changes, now.Marker.FirstSeq)
	}
}

// What a killed upkeep has left goes with the next one: temporaries, and
// segments below first_seq. Whatever has another name stays.
func TestSweep(t *testing.T) {
	dir := newLog(t, 12)
	l := openLog(t, dir)
	text, index := testutil.ReadFile(t, l.Segments[0].Path), testutil.ReadFile(t, filepath.Join(dir, indexName(1)))
	_, err := Retire(t.Context(), dir, l.Segments[1].Base, Options{})
	testutil.NoError(t, err)
	testutil.WriteFile(t, filepath.Join(dir, textName(1)), text)
	testutil.WriteFile(t, filepath.Join(dir, indexName(1)), index)
	left := []string{"." + fileName(4, Zstd) + ".tmp", "." + indexName(4) + ".tmp"}
	stay := []string{".hidden.tmp", "notes.tmp", "." + textName(4) + ".tmp~"}
	for _, name := range append(slices.Clone(left), stay...) {
		testutil.WriteFile(t, filepath.Join(dir, name), []byte("x"))
	}
	if l = openLog(t, dir); l.Segments[0].Base == 1 {
		t.Error("a leftover is listed")
	}
	testutil.NoError(t, l.UpdateStatus(t.Context(), func(*Status) {})) // only replaces what it must
	_, err = Retire(t.Context(), dir, 0, Options{})
	testutil.NoError(t, err)
	wantGone(t, dir, append(left, textName(1), indexName(1))...)
	for _, name := range stay {
		testutil.ReadFile(t, filepath.Join(dir, name))
	}
}

// An archive is a log that holds what its own log no longer does.
func TestArchive(t *testing.T) {
	dir := newLog(t, 20)
	to := filepath.Join(t.TempDir(), "archive")
	l := openLog(t, dir)
	compressAll(t, dir, Zstd)
	for _, before := range []Sequence{l.Segments[1].Base, l.Segments[3].Base} {
		changes, err := Archive(t.Context(), dir, to, before, Options{})
		testutil.NoError(t, err)
		if len(changes) == 0 || changes[0].Before != changes[0].After {
			t.Errorf("%+v", changes)
		}
	}
	border := l.Segments[3].Base
	wantTexts(t, to, texts(1, border-1))
	good, bad := contents(t, dir)
	if len(good) != int(20-border+1) || len(bad) > 0 {
		t.Errorf("%d records are left, %v", len(good), bad)
	}
	archive := openLog(t, to)
	if archive.Marker.Role != roleArchive || archive.Marker.ID != l.Marker.ID || archive.Marker.FirstSeq != 1 {
		t.Errorf("%+v", archive.Marker)
	}
	if damage := verifyAll(t, archive); len(damage) > 0 {
		t.Error(damage)
	}
	for _, s := range archive.Segments {
		if !s.Sealed || s.Next == 0 {
			t.Errorf("%+v", s)
		}
	}
	if _, err := OpenWriter(t.Context(), to, Options{}); !errors.Is(err, ErrArchive) {
		t.Errorf("an archive was opened for writing: %v", err)
	}
}

// A segment that a killed run has archived already is archived once more.
func TestArchiveAgain(t *testing.T) {
	dir, to := newLog(t, 12), filepath.Join(t.TempDir(), "archive")
	l := openLog(t, dir)
	text, index, marker := testutil.ReadFile(t, l.Segments[0].Path), testutil.ReadFile(t, filepath.Join(dir, indexName(1))), testutil.ReadFile(t, filepath.Join(dir, filename.Marker))
	_, err := Archive(t.Context(), dir, to, l.Segments[1].Base, Options{})
	testutil.NoError(t, err)
	testutil.WriteFile(t, l.Segments[0].Path, text)
	testutil.WriteFile(t, filepath.Join(dir, indexName(1)), index)
	testutil.WriteFile(t, filepath.Join(dir, filename.Marker), marker)
	_, err = Archive(t.Context(), dir, to, l.Segments[2].Base, Options{})
	testutil.NoError(t, err)
	wantTexts(t, to, texts(1, l.Segments[2].Base-1))
}

// What is no archive of the log is not added to, and nothing is moved.
func TestArchiveRefuses(t *testing.T) {
	other := newLog(t, 12)
	othersArchive := filepath.Join(t.TempDir(), "archive")
	_, err := Archive(t.Context(), other, othersArchive, openLog(t, other).Segments[1].Base, Options{})
	testutil.NoError(t, err)
	full := t.TempDir()
	testutil.WriteFile(t, filepath.Join(full, "notes"), []byte("precious"))
	for name, to := range map[string]string{"a log": other, "another log's archive": othersArchive, "a full directory": full, "no way": filepath.Join(full, "a", "b")} {
		dir := newLog(t, 12)
		if _, err := Archive(t.Context(), dir, to, 1000, Options{}); err == nil || !strings.Contains(err.Error(), to) {
			t.Errorf("%s: %v", name, err)
		}
		wantTexts(t, dir, texts(1, 12))
	}
	// itself
	dir := newLog(t, 12)
	if _, err := Archive(t.Context(), dir, dir, 1000, Options{}); err == nil {
		t.Error("a log is its own archive")
	}
	// with a gap
	dir = newLog(t, 20)
	to := filepath.Join(t.TempDir(), "archive")
	l := openLog(t, dir)
	_, err = Archive(t.Context(), dir, to, l.Segments[1].Base, Options{})
	testutil.NoError(t, err)
	_, err = Retire(t.Context(), dir, l.Segments[2].Base, Options{})
	testutil.NoError(t, err)
	if _, err := Archive(t.Context(), dir, to, l.Segments[3].Base, Options{}); err == nil || !strings.Contains(err.Error(), "does not follow") {
		t.Errorf("after a gap: %v", err)
	}
}

// Copies of a log bear its id, and their archives are not each other's.
func TestArchiveOfCopies(t *testing.T) {
	one := newLog(t, 3) // of one segment, which both go on with
	other := testutil.CopyTree(t, one)
	to := filepath.Join(t.TempDir(), "archive")
	for n := Sequence(4); n <= 12; n++ {
		for i, dir := range []string{one, other} {
			w := openWriter(t, dir)
			_, err := w.Append(t.Context(), fmt.Appendf(nil, `{"n":%d,"of":%d,"pad":"%s"}`, n, i, strings.Repeat("x", 60)))
			testutil.NoError(t, errors.Join(err, w.Close()))
		}
	}
	_, err := Archive(t.Context(), one, to, openLog(t, one).Segments[1].Base, Options{})
	testutil.NoError(t, err)
	before, others := snapshot(t, to), snapshot(t, other)
	_, err = Archive(t.Context(), other, to, openLog(t, other).Segments[1].Base, Options{})
	testutil.ErrorIs(t, err, ErrNotArchive)
	delete(before, "/"+filename.Upkeep)
	after := snapshot(t, to)
	delete(after, "/"+filename.Upkeep)
	wantSame(t, before, after, "the copy's archive")
	delete(others, "/"+filename.Upkeep)
	after = snapshot(t, other)
	delete(after, "/"+filename.Upkeep)
	wantSame(t, others, after, "archiving")
}

// What is missing at the beginning stays missing: no retiring passes it over.
func TestRetireHidesNothing(t *testing.T) {
	dir := newLog(t, 20)
	l := openLog(t, dir)
	testutil.NoError(t, os.Remove(l.Segments[0].Path))
	_, err := Retire(t.Context(), dir, l.Segments[2].Base, Options{})
	if d := wantCorrupt(t, err); d.Seq != 1 {
		t.Errorf("%v", d)
	}
	_, err = Archive(t.Context(), dir, filepath.Join(t.TempDir(), "archive"), l.Segments[2].Base, Options{})
	wantCorrupt(t, err)
	if l = openLog(t, dir); l.Marker.FirstSeq != 1 {
		t.Errorf("it begins with %d", l.Marker.FirstSeq)
	}
}
