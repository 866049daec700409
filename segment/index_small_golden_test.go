package segment

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// The files in testdata/v1-small are a log with a small index, made once. They are
// never made again.
const goldenSmallDir = goldenDir + "-small"

var goldenSmallSums = map[string]string{
	"00000000000000000001.index.zst":  "ae4b1b5567424a14a437ee967e8e110a4d2fbbef78716b11590fa02821bf72d4",
	"00000000000000000001.ndjson.zst": "f6a7817065ab4466f07977727dc5b98afc53a8f80082a64ca526dbcd1c679781",
	"00000000000000000203.index":      "b8d1dcb272ceba25533b6bd6907cd9f8180766fbbd1ed525b93befdc49083c12",
	"00000000000000000203.ndjson":     "31bb9285bf40991073a79bd109f11f7833450ec98cc6e8b5278fa8a49064a9d0",
	"HISTLOG":                         "aca8cbfd1b05d33f315bd528ecd2296f3c283d71e5dbbe63393b06155c3fcd77",
}

func TestGoldenSmallIndex(t *testing.T) {
	for name, want := range goldenSmallSums {
		if got := fmt.Sprintf("%x", sha256.Sum256(testutil.ReadFile(t, filepath.Join(goldenSmallDir, name)))); got != want {
			t.Errorf("%s was changed: its SHA-256 is %s, want %s", name, got, want)
		}
	}
	l := openLog(t, goldenSmallDir)
	wantNoDamage(t, l)
	n := 0
	for i, s := range l.Segments {
		r := openReader(t, l, i)
		for seq := s.Base; seq < r.Next(); seq++ {
			arrived := newClock().Now().Add(time.Duration(n+1) * 90 * time.Second)
			own, at, flags := "", arrived, Durable|ClockTime
			if n%7 != 0 {
				at, flags = time.Date(2025, 5, 28, n/60, n%60, 0, 0, time.UTC), Durable
				own = fmt.Sprintf(`"timestamp":"2025-05-28T%02d:%02d:00Z",`, n/60, n%60)
			}
			rec, err := r.Record(seq)
			testutil.NoError(t, err)
			if want := fmt.Sprintf(`{%s"n":%d}`, own, n); string(rec.Text) != want || !rec.Time.Equal(at) || !rec.Arrived.Equal(arrived) || rec.Flags&^anchor != flags {
				t.Fatalf("record %d: %s, %v, %v, %b", seq, rec.Text, rec.Time, rec.Arrived, rec.Flags)
			}
			n++
		}
	}
	if n != 220 {
		t.Errorf("%d records", n)
	}
}
