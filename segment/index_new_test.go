package segment

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// What a power cut within a second of a roll leaves of the new segment's index,
// nothing or zeros, is no damage: the next writer makes it again.
func TestIndexNeverWritten(t *testing.T) {
	for name, left := range map[string][]byte{"empty": {}, "a part of the header": make([]byte, 10), "zeros": make([]byte, 64), "zeros for entries, too": make([]byte, 4096)} {
		t.Run(name, func(t *testing.T) {
			dir := newLog(t, 7)
			l := openLog(t, dir)
			last := l.Segments[len(l.Segments)-1]
			next, err := l.NextSeq()
			testutil.NoError(t, err)
			testutil.WriteFile(t, filepath.Join(dir, indexName(last.Base)), left)
			l = openLog(t, dir)
			g, err := l.QuickCheck(last)
			testutil.NoError(t, err)
			f, err := l.Verify(t.Context(), last, nil)
			testutil.NoError(t, err)
			if g.Damage != nil || len(f.Damage) > 0 || f.Records == 0 || g.Records != f.Records {
				t.Errorf("glance: %d records, %v, verify: %d records, %v", g.Records, g.Damage, f.Records, f.Damage)
			}
			if now, err := l.NextSeq(); err != nil || now != next {
				t.Errorf("readers see records up to %d, %v, want %d", now-1, err, next-1)
			}
			appendTexts(t, openWriter(t, dir), next, next)
		})
	}
	t.Run("a sealed one is damage", func(t *testing.T) {
		dir := newLog(t, 7)
		testutil.WriteFile(t, filepath.Join(dir, indexName(1)), nil)
		l := openLog(t, dir)
		g, err := l.QuickCheck(l.Segments[0])
		testutil.NoError(t, err)
		f, err := l.Verify(t.Context(), l.Segments[0], nil)
		testutil.NoError(t, err)
		if g.Damage == nil || len(f.Damage) == 0 {
			t.Error("no damage is seen")
		}
	})
	t.Run("one that is gone is damage", func(t *testing.T) {
		dir := newLog(t, 7)
		l := openLog(t, dir)
		last := l.Segments[len(l.Segments)-1]
		testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(last.Base))))
		if g, err := l.QuickCheck(last); err != nil || g.Damage == nil {
			t.Errorf("%v, %v", g.Damage, err)
		}
	})
}

// A clock before 1970 or after 2106 does not wrap the arrival of a record.
func TestArrivalIsClamped(t *testing.T) {
	for in, want := range map[int64]int64{-1: 0, -1 << 40: 0, 0: 0, 1 << 31: 1 << 31, 1<<32 - 1: 1<<32 - 1, 1 << 32: 1<<32 - 1, 1 << 40: 1<<32 - 1} {
		h := header{base: 1}
		at := time.Unix(in, 0)
		e, ok := h.parseEntry(h.appendEntry(nil, 1, Entry{End: 1, Arrived: at, Time: time.Unix(0, 0)}), 1)
		if !ok || e.Arrived.Unix() != want {
			t.Errorf("%d became %d, want %d", in, e.Arrived.Unix(), want)
		}
		var sum trailer
		sum.add(Entry{End: 1, Arrived: at, Time: time.Unix(0, 0)})
		if int64(sum.MinArrival) != want || int64(sum.MaxArrival) != want {
			t.Errorf("the trailer makes of %d %d and %d, want %d", in, sum.MinArrival, sum.MaxArrival, want)
		}
	}
}
