package segment

import (
	"path/filepath"
	"testing"

	"github.com/google/uuid"
)

// Seal ends the newest segment before it is full, unless it is empty.
func TestSeal(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	appendTexts(t, w, 1, 3)
	_, err := Seal(t.Context(), dir, options(nil))
	wantIs(t, err, ErrLocked)
	check(t, w.Close())
	o := options(nil)
	o.ID = uuid.New()
	_, err = Seal(t.Context(), dir, o)
	wantIs(t, err, ErrReplaced)
	for _, want := range []Segment{{Base: 1, Path: filepath.Join(dir, TextName(1)), Sealed: true, Next: 4}, {}} {
		got, err := Seal(t.Context(), dir, options(nil))
		check(t, err)
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
