package segment

import (
	"path/filepath"
	"testing"
)

// A log that is written, rolls and has a torn tail while it is looked at shows no
// damage: neither by the listing of before nor by a new one.
func TestGlanceWhileWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	w := create(t, dir, Settings{"segment-size": "150"})
	before := openLog(t, dir)
	for n := Sequence(1); n <= 7; n++ {
		appendTexts(t, w, n, n)
		now := openLog(t, dir)
		for _, l := range []*Log{before, now} {
			for _, s := range l.Segments {
				if g, err := l.Glance(s); err != nil || g.Damage != nil || !g.Suspect.IsZero() {
					t.Errorf("after %d, %s: %v, %v, %v", n, filepath.Base(s.Path), g.Damage, g.Suspect, err)
				}
			}
		}
		before = now
	}
	last := before.Segments[len(before.Segments)-1]
	edit(t, last.Path, func(b []byte) []byte { return append(b, `{"half`...) })
	if g, err := before.Glance(last); err != nil || g.Damage != nil || g.Records != 1 {
		t.Errorf("a torn tail: %+v, %v", g, err)
	}
}
