package segment

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/histlog/histlog/internal/testutil"
)

// Seal ends the newest segment before it is full, unless it is empty.
func TestSeal(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	appendTexts(t, w, 1, 3)
	_, err := Seal(t.Context(), dir, options(nil))
	testutil.ErrorIs(t, err, ErrLocked)
	testutil.NoError(t, w.Close())
	o := options(nil)
	o.ID = uuid.New()
	_, err = Seal(t.Context(), dir, o)
	testutil.ErrorIs(t, err, ErrReplaced)
	for _, want := range []Segment{{Base: 1, Path: filepath.Join(dir, textName(1)), Sealed: true, Next: 4}, {}} {
		got, err := Seal(t.Context(), dir, options(nil))
		testutil.NoError(t, err)
		if got != want {
			t.Errorf("sealed %+v, want %+v", got, want)
		}
	}
	if l := openLog(t, dir); len(l.Segments) != 2 {
		t.Errorf("%+v", l.Segments)
	}
	appendTexts(t, openWriter(t, dir), 4, 4)
	wantTexts(t, dir, texts(1, 4))
}

func TestRollBySize(t *testing.T) {
	line := int64(len(text(1)) + 1)
	for _, row := range []struct {
		size int64
		want []Sequence
	}{
		{1, []Sequence{1, 2, 3, 4, 5}},
		{2 * line, []Sequence{1, 3, 5}},
		{2*line - 1, []Sequence{1, 2, 3, 4, 5}},
		{3*line - 1, []Sequence{1, 3, 5}},
		{5 * line, []Sequence{1}},
	} {
		dir := newDir(t)
		w := create(t, dir, Settings{"segment-size": fmt.Sprint(row.size)})
		appendTexts(t, w, 1, 5)
		testutil.NoError(t, w.Close())
		if got := bases(t, dir); !slices.Equal(got, row.want) {
			t.Errorf("segment-size %d: segments %v, want %v", row.size, got, row.want)
		}
		wantTexts(t, dir, texts(1, 5))
	}
}

func TestLargeRecordAlone(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "300"})
	large := `"` + strings.Repeat("x", 5000) + `"`
	for _, value := range []string{text(1), text(2), large, large, text(5), text(6)} {
		_, err := w.Append(t.Context(), []byte(value))
		testutil.NoError(t, err)
	}
	if got, want := bases(t, dir), []Sequence{1, 3, 4, 5}; !slices.Equal(got, want) {
		t.Errorf("segments %v, want %v", got, want)
	}
}

func TestRollByAge(t *testing.T) {
	dir, c := newDir(t), newClock()
	o := options(Settings{"segment-age": "1h"})
	o.Now = c.Now
	w, err := Create(t.Context(), dir, o)
	testutil.NoError(t, err)
	defer w.Close()
	c.add(2 * time.Hour) // an empty segment is never sealed
	for n, pass := range []time.Duration{0, time.Hour - time.Second, time.Second, -48 * time.Hour, 48 * time.Hour, time.Hour} {
		c.add(pass)
		appendTexts(t, w, Sequence(n+1), Sequence(n+1))
	}
	if got, want := bases(t, dir), []Sequence{1, 2, 6}; !slices.Equal(got, want) {
		t.Errorf("segments %v, want %v", got, want)
	}
	wantTexts(t, dir, texts(1, 6))
}
