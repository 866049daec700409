package reader

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// makeLog creates a log of n records, {"n":1} and so on, two in each segment.
func makeLog(t *testing.T, dir string, n int) *segment.Log {
	t.Helper()
	w, err := segment.Create(t.Context(), dir, segment.Options{Settings: segment.Settings{"segment-size": "16"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if _, err := w.Append(t.Context(), fmt.Appendf(nil, `{"n":%d}`, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return openLog(t, dir)
}

func openLog(t *testing.T, dir string) *segment.Log {
	t.Helper()
	l, err := segment.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newReader(t *testing.T, l *segment.Log, q Query) *Reader {
	t.Helper()
	r, err := New(l, q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// retire removes the segments before first, as retention does.
func retire(t *testing.T, dir string, first segment.Sequence) {
	t.Helper()
	if _, err := segment.Retire(t.Context(), dir, first, segment.Options{}); err != nil {
		t.Fatal(err)
	}
}

// TestRetiredWhileRead retires segments while a Reader has an older one open: the Reader must
// read that one to its end and then return an ErrRetired that names the oldest record left.
// No record may be returned as damaged.
func TestRetiredWhileRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	r := newReader(t, makeLog(t, dir, 9), Query{})
	if !r.Next() {
		t.Fatal(r.Err())
	}
	retire(t, dir, 7)
	if !r.Next() || r.Record().Seq != 2 || r.Record().Damage != nil {
		t.Fatalf("%+v, %v", r.Record(), r.Err())
	}
	if r.Next() {
		t.Fatalf("record %d, %v", r.Record().Seq, r.Record().Damage)
	}
	if err := r.Err(); !errors.Is(err, segment.ErrRetired) || !strings.HasSuffix(err.Error(), "the oldest one left is 7") {
		t.Errorf("%v", err)
	}
}

// TestLastOfRangeRetired reads the last records of a time range after older segments of the
// listing were retired: the search must stop at the oldest record left, or fail if the query
// names a retired record.
func TestLastOfRangeRetired(t *testing.T) {
	for from, want := range map[segment.Sequence]error{0: nil, 2: segment.ErrRetired} {
		dir := filepath.Join(t.TempDir(), "log")
		l := makeLog(t, dir, 9)
		retire(t, dir, 7)
		r, err := New(l, Query{From: from, Until: time.Now().Add(time.Hour), Last: 8})
		if !errors.Is(err, want) {
			t.Errorf("from %d: %v", from, err)
		}
		if err != nil {
			continue
		}
		if !r.Next() || r.Record().Seq != 7 {
			t.Errorf("begins with %d, %v", r.Record().Seq, r.Err())
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestReplaced removes the log under a Reader and creates another one: Refresh must return
// ErrNoLog and then ErrReplaced.
func TestReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	r := newReader(t, makeLog(t, dir, 3), Query{})
	if err := r.Refresh(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh(); !errors.Is(err, segment.ErrNoLog) {
		t.Errorf("gone: %v", err)
	}
	makeLog(t, dir, 1)
	if err := r.Refresh(); !errors.Is(err, ErrReplaced) {
		t.Errorf("replaced: %v", err)
	}
}

// TestWatchMoved replaces the watched directory: the Watch must watch the new one.
// TestRemovedWhileRead: a log that is removed file by file ends the Reader with an error,
// also where only HISTLOG is left.
func TestRemovedWhileRead(t *testing.T) {
	for _, pattern := range []string{"*.ndjson", "*.index", "0*", "HISTLOG", "*"} {
		dir := t.TempDir()
		r := newReader(t, makeLog(t, dir, 6), Query{})
		if !r.Next() {
			t.Fatal(r.Err())
		}
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		testutil.NoError(t, err)
		for _, name := range names {
			testutil.NoError(t, os.RemoveAll(name))
		}
		for n := 0; r.Next(); n++ {
			if n > 6 {
				t.Fatalf("%s: more records than the log has", pattern)
			}
		}
		if r.Err() == nil && pattern != "HISTLOG" && pattern != "*.index" {
			t.Errorf("%s were removed, and nothing was noticed", pattern)
		}
	}
}

func TestWatchMoved(t *testing.T) {
	dir := t.TempDir()
	watched := filepath.Join(dir, "log")
	if err := os.Mkdir(watched, 0o755); err != nil {
		t.Fatal(err)
	}
	w := NewWatch(watched)
	if w.notify == nil {
		t.Skip("skipped: this system notifies of nothing")
	}
	defer w.Close()
	if err := errors.Join(os.Rename(watched, watched+".old"), os.Mkdir(watched, 0o755)); err != nil {
		t.Fatal(err)
	}
	for !w.lost {
		if err := w.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Wait(t.Context()); err != nil || w.lost || !slices.Equal(w.notify.WatchList(), []string{watched}) {
		t.Errorf("%v, lost %v, watches %v", err, w.lost, w.notify.WatchList())
	}
}
