package reader

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/histlog/histlog/segment"
)

// TestSkip checks queries that leave out their first records.
func TestSkip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	l := makeLog(t, dir, 9)
	for _, row := range []struct {
		query Query
		want  []segment.Sequence
	}{
		{Query{Skip: 7}, []segment.Sequence{8, 9}},
		{Query{Skip: 9}, nil},
		{Query{Skip: 1 << 63}, nil},
		{Query{From: 3, To: 6, Skip: 2}, []segment.Sequence{5, 6}},
		{Query{OnlyNew: true}, nil},
	} {
		if got := readAll(t, l, row.query); !slices.Equal(got, row.want) {
			t.Errorf("%+v: %v, want %v", row.query, got, row.want)
		}
	}
}

func TestOnlyNew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	r := newReader(t, makeLog(t, dir, 3), Query{OnlyNew: true})
	if r.Next() {
		t.Fatal(r.Record().Seq)
	}
	w, err := segment.OpenWriter(t.Context(), dir, segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Append(t.Context(), []byte(`4`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh(); err != nil {
		t.Fatal(err)
	}
	if !r.Next() || r.Record().Seq != 4 {
		t.Errorf("%d, %v", r.Record().Seq, r.Err())
	}
}
