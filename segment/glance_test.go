package segment

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// A log that is written, rolls and has a torn tail while it is looked at shows no
// damage: neither by the listing of before nor by a new one.
func TestGlanceWhileWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	w, err := Create(dir, Options{Settings: Settings{"segment-size": "20"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	before, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 7 {
		if _, err := w.Append(t.Context(), fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
			t.Fatal(err)
		}
		now, err := Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []*Log{before, now} {
			for _, s := range l.Segments {
				if g, err := l.Glance(s); err != nil || g.Damage != nil || !g.Suspect.IsZero() {
					t.Errorf("after %d, %s: %v, %v, %v", n+1, filepath.Base(s.Path), g.Damage, g.Suspect, err)
				}
			}
		}
		before = now
	}
	last := before.Segments[len(before.Segments)-1]
	if err := appendTo(last.Path, `{"half`); err != nil {
		t.Fatal(err)
	}
	if g, err := before.Glance(last); err != nil || g.Damage != nil || g.Records != 1 || g.Disk != 8+6 {
		t.Errorf("a torn tail: %+v, %v", g, err)
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}
