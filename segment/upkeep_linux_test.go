package segment

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// TestMaintenanceClosesDirectories: neither the log nor its archive stays open, although the
// garbage collector, which would close them, does not run.
func TestMaintenanceClosesDirectories(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	parent := t.TempDir()
	dir, archive := filepath.Join(parent, "log"), filepath.Join(parent, "archive")
	w, err := Create(t.Context(), dir, Options{Settings: Settings{"segment-size": "1"}})
	testutil.NoError(t, err)
	for range 4 {
		_, err = w.Append(t.Context(), []byte("1"))
		testutil.NoError(t, err)
	}
	testutil.NoError(t, w.Close())

	_, err = Retire(t.Context(), dir, 2, Options{})
	testutil.NoError(t, err)
	_, err = Archive(t.Context(), dir, archive, 3, Options{})
	testutil.NoError(t, err)
	_, err = Compress(t.Context(), dir, 3, Gzip, Options{})
	testutil.NoError(t, err)
	l, err := Open(dir)
	testutil.NoError(t, err)
	testutil.NoError(t, l.CheckArchive(archive))
	testutil.NoError(t, l.Close())
	if open := openBelow(t, parent); len(open) > 0 {
		t.Errorf("%q are open", open)
	}
}

// openBelow returns the names of the files in a directory that this process has open.
func openBelow(t *testing.T, dir string) (names []string) {
	links, err := filepath.Glob("/proc/self/fd/*")
	testutil.NoError(t, err)
	for _, link := range links {
		name, _ := os.Readlink(link) // the descriptor of Glob is closed
		names = append(names, name)
	}
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, dir) })
}
