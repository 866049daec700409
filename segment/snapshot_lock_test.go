package segment

import (
	"path/filepath"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// hooked calls functions before it takes a lock, and before it gives a sealed segment a
// second name.
type hooked struct {
	testutil.NoSync
	beforeLock, beforeLink func(name string)
}

func (h hooked) TryLock(name string) (func() error, bool, error) {
	h.beforeLock(name)
	return h.NoSync.TryLock(name)
}

func (h hooked) Link(from, to string) error {
	h.beforeLink(from)
	return h.NoSync.Link(from, to)
}

// A snapshot is of the log as it is when the snapshot has the maintenance lock: another
// process may have retired segments while the snapshot waited. And no process removes
// segments during the snapshot.
func TestSnapshotHoldsTheLock(t *testing.T) {
	dir := newLog(t, 12)
	maintenance := filepath.Join(dir, filename.Upkeep)
	first := openLog(t, dir).Segments[1].Base
	retired, links := false, 0
	o := options(nil)
	o.FS = hooked{
		beforeLock: func(name string) {
			if name == maintenance && !retired {
				retired = true
				_, err := Retire(t.Context(), dir, first, options(nil))
				testutil.NoError(t, err)
			}
		},
		beforeLink: func(string) {
			links++
			if unlock, ok, err := (OS{}).TryLock(maintenance); err != nil {
				t.Error(err)
			} else if ok {
				t.Error("another process can take the maintenance lock")
				testutil.NoError(t, unlock())
			}
		},
	}
	dest := newDir(t)
	_, err := Snapshot(t.Context(), dir, dest, nil, o)
	testutil.NoError(t, err)
	if !retired || links == 0 {
		t.Errorf("retired: %v, %d links", retired, links)
	}
	if got := openLog(t, dest); got.Marker.FirstSeq != first {
		t.Errorf("the snapshot begins with %d, want %d", got.Marker.FirstSeq, first)
	}
	wantTexts(t, dest, texts(first, 12))
}
