package segment

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// A log that is written, rolls and has a torn tail while it is looked at shows no
// damage: neither by the listing of before nor by a new one.
func TestQuickCheckWhileWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	w := create(t, dir, Settings{"segment-size": "150"})
	before := openLog(t, dir)
	for n := Sequence(1); n <= 7; n++ {
		appendTexts(t, w, n, n)
		now := openLog(t, dir)
		for _, l := range []*Log{before, now} {
			for _, s := range l.Segments {
				if g, err := l.QuickCheck(s); err != nil || g.Damage != nil || !g.Suspect.IsZero() {
					t.Errorf("after %d, %s: %v, %v, %v", n, filepath.Base(s.Path), g.Damage, g.Suspect, err)
				}
			}
		}
		before = now
	}
	last := before.Segments[len(before.Segments)-1]
	testutil.EditFile(t, last.Path, func(b []byte) []byte { return append(b, `{"half`...) })
	if g, err := before.QuickCheck(last); err != nil || g.Damage != nil || g.Records != 1 {
		t.Errorf("a torn tail: %+v, %v", g, err)
	}
}

// TestQuickCheckCompressed: a compressed segment whose file is not as long as its table
// of frames says, or that has no table of its own, is damaged for QuickCheck and for
// Verify, and Retire leaves it, also where each of its records can be read.
func TestQuickCheckCompressed(t *testing.T) {
	plain := testutil.ReadFile(t, filepath.Join(newLog(t, 12), textName(1)))
	for _, codec := range codecs {
		for name, change := range map[string]func(was []byte) []byte{
			"cut to 10 bytes":       func(was []byte) []byte { return was[:10] },
			"cut in the middle":     func(was []byte) []byte { return was[:len(was)/2] },
			"without the last byte": func(was []byte) []byte { return was[:len(was)-1] },
			"longer":                func(was []byte) []byte { return append(was, 0) },
			"twice":                 func(was []byte) []byte { return append(was, was...) },
			"with another table":    func(was []byte) []byte { was[len(was)-20] ^= 1; return was },
			"by another program":    func([]byte) []byte { return frameOf(t, codec, string(plain)) },
		} {
			t.Run(codec.String()+" "+name, func(t *testing.T) {
				dir := newLog(t, 12)
				_, err := Compress(t.Context(), dir, 1, codec, Options{})
				testutil.NoError(t, err)
				glance := func() *CorruptError {
					l := openLog(t, dir)
					g, err := l.QuickCheck(l.Segments[0])
					testutil.NoError(t, err)
					return g.Damage
				}
				if d := glance(); d != nil {
					t.Fatal(d)
				}
				path := filepath.Join(dir, fileName(1, codec))
				testutil.WriteFile(t, path, change(testutil.ReadFile(t, path)))
				if d := glance(); d == nil || d.Path != path {
					t.Errorf("QuickCheck: %v", d)
				}
				if len(verifyAll(t, openLog(t, dir))) == 0 {
					t.Error("Verify finds no damage")
				}
				if _, err := Retire(t.Context(), dir, openLog(t, dir).Segments[0].Next, Options{}); !errors.Is(err, ErrCorrupt) {
					t.Errorf("Retire: %v", err)
				}
				if _, err := os.Stat(path); err != nil {
					t.Error(err)
				}
				_, err = Repair(t.Context(), dir, Options{})
				testutil.NoError(t, err)
				if d := glance(); d != nil {
					t.Errorf("repaired: %v", d)
				}
			})
		}
	}
}
