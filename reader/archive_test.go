package reader

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/segment"
)

// archiveOf moves the records below before to an archive and returns its directory.
func archiveOf(l *staleLog, before segment.Sequence) (dir string) {
	dir = filepath.Join(filepath.Dir(l.dir), "archive")
	_, err := segment.Archive(context.Background(), l.dir, dir, before, segment.Options{})
	l.check(err)
	return dir
}

// TestArchiveEnds checks that every query of an archive ends, even if it does not select the
// last segment or if the last segment cannot be read.
func TestArchiveEnds(t *testing.T) {
	l := newStaleLog(t)
	l.roll()
	dir := archiveOf(l, 6) // records 1 to 5
	at := func(seconds int) time.Time { return time.Date(2025, 5, 30, 7, 0, seconds, 0, time.UTC) }
	for _, row := range []struct {
		query Query
		want  []segment.Sequence
	}{
		{Query{}, []segment.Sequence{1, 2, 3, 4, 5}},
		{Query{Since: at(59)}, nil},
		{Query{Until: at(0)}, nil},
		{Query{Since: at(2), Until: at(3)}, []segment.Sequence{2, 3}},
		{Query{Until: at(3)}, []segment.Sequence{1, 2, 3}},
		{Query{Since: at(4)}, []segment.Sequence{4, 5}},
		{Query{Since: at(59), Last: 2}, nil},
		{Query{Until: at(0), Last: 2}, nil},
		{Query{Until: at(3), Last: 2}, []segment.Sequence{2, 3}},
		{Query{Last: 2}, []segment.Sequence{4, 5}},
		{Query{From: 6}, nil},
		{Query{From: 100, To: 200}, nil},
		{Query{From: 5, To: 200}, []segment.Sequence{5}},
		{Query{From: 100, Since: at(59)}, nil},
		{Query{From: 100, Last: 1}, nil},
	} {
		t.Run(fmt.Sprintf("%+v", row.query), func(t *testing.T) {
			if got := readAll(t, openLog(t, dir), row.query); !slices.Equal(got, row.want) {
				t.Errorf("%v, want %v", got, row.want)
			}
		})
	}
	path := filepath.Join(dir, filename.Text(5))
	l.check(os.Remove(path))
	l.check(os.Mkdir(path, 0o755))
	for _, q := range []Query{{}, {Last: 1}, {From: 5}, {Since: at(59)}} {
		r, err := New(openLog(t, dir), q)
		if err != nil {
			continue // New has reported the damage
		}
		defer r.Close()
		for n := 0; r.Next(); n++ {
			if n > 5 {
				t.Fatalf("%+v: no end", q)
			}
		}
	}
}

// readAll returns the sequences of the records that q selects. It fails for damage.
func readAll(t *testing.T, l *segment.Log, q Query) (found []segment.Sequence) {
	t.Helper()
	r := newReader(t, l, q)
	for r.Next() {
		if r.Record().Damage != nil {
			t.Error(r.Record().Damage)
		}
		if found = append(found, r.Record().Seq); len(found) > 100 {
			t.Fatal("no end")
		}
	}
	if r.Err() != nil {
		t.Error(r.Err())
	}
	return found
}

// TestArchiveGrows checks that a Reader at the end of an archive finds records that are
// archived later.
func TestArchiveGrows(t *testing.T) {
	l := newStaleLog(t)
	l.roll()
	dir := archiveOf(l, 3)
	r := newReader(t, openLog(t, dir), Query{Since: time.Date(2025, 5, 30, 7, 0, 4, 0, time.UTC)})
	if r.Next() {
		t.Fatal(r.Record().Seq)
	}
	archiveOf(l, 5)
	l.check(r.Refresh())
	if !r.Next() || r.Record().Seq != 4 {
		t.Errorf("%d, %v", r.Record().Seq, r.Err())
	}
	if r.Next() {
		t.Error(r.Record().Seq)
	}
}
