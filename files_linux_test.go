package histlog

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// TestNothingStaysOpen: a Log holds no file open, although the garbage collector, which
// would close it, does not run.
func TestNothingStaysOpen(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	dir, empty := filepath.Join(t.TempDir(), "log"), t.TempDir()
	w, err := Create(t.Context(), dir, Options{})
	testutil.NoError(t, err)
	_, err = w.Append(t.Context(), []byte("1"))
	testutil.NoError(t, err)
	testutil.NoError(t, w.Close())
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		testutil.NoError(t, err)
		return len(entries)
	}
	before := open()
	for range 100 {
		if _, err := Open(empty); !errors.Is(err, ErrNoLog) {
			t.Fatal(err)
		}
		l, err := Open(dir)
		testutil.NoError(t, err)
		_, err = l.Last(t.Context())
		testutil.NoError(t, err)
		_, err = l.Verify(t.Context())
		testutil.NoError(t, err)
		w, err := OpenWriter(t.Context(), dir, Options{})
		testutil.NoError(t, err)
		testutil.NoError(t, w.Close())
	}
	if after := open(); after > before+10 {
		t.Errorf("%d files are open, %d were before", after, before)
	}
}
