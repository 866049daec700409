//go:build unix

package segment

import (
	"errors"
	"os"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// TestHeldWhileInUse moves a log that is in use, and puts another log in its place: nothing
// of that one is read or written.
func TestHeldWhileInUse(t *testing.T) {
	replace := func(t *testing.T, dir string) {
		t.Helper()
		testutil.NoError(t, os.Rename(dir, dir+".old"))
		other := create(t, dir, nil)
		appendTexts(t, other, 1, 3)
		testutil.NoError(t, other.Close())
	}
	t.Run("writer", func(t *testing.T) {
		dir := newDir(t)
		w, err := Create(t.Context(), dir, Options{})
		testutil.NoError(t, err)
		replace(t, dir)
		before := snapshot(t, dir)
		testutil.NoError(t, w.Close())
		if h, err := readLockInfo(OS{}, dir+".old"); err != nil || h.PID != 0 {
			t.Errorf("its own LOCK names %d, %v", h.PID, err)
		}
		wantSame(t, before, snapshot(t, dir), "the writer of the other log")
	})
	t.Run("log", func(t *testing.T) {
		dir := newDir(t)
		w := create(t, dir, nil)
		appendTexts(t, w, 1, 2)
		testutil.NoError(t, w.Close())
		l, err := Open(dir)
		testutil.NoError(t, err)
		id := l.Marker.ID
		release, err := l.lockMaintenance(t.Context())
		testutil.NoError(t, err)
		replace(t, dir)
		r, err := l.OpenReader(l.Segments[0])
		testutil.NoError(t, err)
		if rec, err := r.Record(1); err != nil || string(rec.Text) != text(1) {
			t.Errorf("record 1 is %q, %v", rec.Text, err)
		}
		testutil.NoError(t, r.Close())
		if err := l.Refresh(); err != nil || l.Marker.ID != id {
			t.Errorf("under the lock it became %v, %v", l.Marker.ID, err)
		}
		testutil.NoError(t, release())
		if _, err := l.lockMaintenance(t.Context()); !errors.Is(err, ErrReplaced) {
			t.Errorf("the lock of the log that was moved: %v", err)
		}
		if err := l.Refresh(); err != nil || l.Marker.ID == id {
			t.Errorf("without the lock it stays %v, %v", l.Marker.ID, err)
		}
	})
}
