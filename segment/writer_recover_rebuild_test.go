package segment

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/histlog/histlog/internal/testutil"
)

func TestRecoverFlagsRebuilt(t *testing.T) {
	c := newCrashed(t, nil, func(*Writer) {})
	testutil.NoError(t, os.Truncate(c.index, int64(entryAt(8))))
	testutil.NoError(t, openWriter(t, c.dir).Close())
	r := openReader(t, openLog(t, c.dir), 1)
	for seq := crashFirst; seq <= crashLast; seq++ {
		e, err := r.Entry(seq)
		testutil.NoError(t, err)
		if rebuilt := e.Flags&Rebuilt != 0; rebuilt != (seq >= 8) {
			t.Errorf("record %d: rebuilt %v", seq, rebuilt)
		}
		if e.Flags&(Durable|Lost|ClockTime) != Durable {
			t.Errorf("record %d: flags %b", seq, e.Flags)
		}
	}
}

// TestRecoverTimeRules rebuilds an index: each record must get the time that the rule for
// its sequence yields.
func TestRecoverTimeRules(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	w := create(t, dir, nil)
	record := []byte(`{"timestamp":"2025-01-01T00:00:00Z","at":"2025-02-02T00:00:00Z"}`)
	for range 2 {
		_, err := w.Append(t.Context(), record)
		testutil.NoError(t, err)
	}
	testutil.NoError(t, w.Close())
	_, err := Configure(t.Context(), dir, Settings{"time-field": "/at"}, nil)
	testutil.NoError(t, err)
	w = openWriter(t, dir)
	for range 2 {
		_, err := w.Append(t.Context(), record)
		testutil.NoError(t, err)
	}
	testutil.NoError(t, w.Close())
	months := func(name string) {
		t.Helper()
		r := openReader(t, openLog(t, dir), 0)
		for seq, want := range []int{1, 1, 2, 2} {
			e, err := r.Entry(Sequence(seq + 1))
			testutil.NoError(t, err)
			if got := int(e.Time.UTC().Month()); got != want {
				t.Errorf("%s: record %d is of month %d, want %d", name, seq+1, got, want)
			}
		}
	}
	months("as written")
	testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(1))))
	months("read without index")
	testutil.NoError(t, openWriter(t, dir).Close())
	months("recovered without index")
}

// A copy of a log has another id; nothing of its index is believed.
func TestRecoverOtherID(t *testing.T) {
	c := newCrashed(t, nil, func(w *Writer) { testutil.NoError(t, w.Close()) })
	l := openLog(t, c.dir)
	l.Marker.ID = uuid.New()
	testutil.NoError(t, writeMarker(OS{}, c.dir, l.Marker, 0o644))
	w := openWriter(t, c.dir)
	if r := w.Recovery(); r.Adopted != 4 {
		t.Errorf("adopted %d, want 4", r.Adopted)
	}
	wantTexts(t, c.dir, texts(1, crashLast))
}
