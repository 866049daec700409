package segment

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// Whatever another program does to the active segment, the next append finds
// it, also one that begins a new segment: nothing more is acknowledged.
func TestForeign(t *testing.T) {
	changes := map[string]func(t *testing.T, dir, path string){
		"appended to": func(t *testing.T, _, path string) {
			testutil.EditFile(t, path, func(b []byte) []byte { return append(b, "{}\n"...) })
		},
		"truncated": func(t *testing.T, _, path string) { testutil.NoError(t, os.Truncate(path, 10)) },
		"removed":   func(t *testing.T, _, path string) { testutil.NoError(t, os.Remove(path)) },
		"replaced": func(t *testing.T, _, path string) {
			testutil.WriteFile(t, path+".new", testutil.ReadFile(t, path))
			testutil.NoError(t, os.Rename(path+".new", path))
		},
		"directory moved": func(t *testing.T, dir, _ string) { testutil.NoError(t, os.Rename(dir, dir+".old")) },
		"directory moved, another log in its place": func(t *testing.T, dir, path string) {
			testutil.NoError(t, os.Rename(dir, dir+".old"))
			testutil.NoError(t, create(t, dir, nil).Close())
		},
	}
	for name, change := range changes {
		for _, size := range []string{"64M", "1"} {
			t.Run(name+", segment-size "+size, func(t *testing.T) {
				dir := newDir(t)
				w := create(t, dir, Settings{"segment-size": size})
				appendTexts(t, w, 1, 2)
				change(t, dir, w.active.path)
				before := snapshot(t, filepath.Dir(dir))
				ack, first := w.Append(t.Context(), []byte(text(3)))
				if ack.Durable || !errors.Is(first, ErrForeign) {
					t.Fatalf("got %+v, %v; want no acknowledgement and %v", ack, first, ErrForeign)
				}
				_, again := w.Append(t.Context(), []byte(text(3)))
				if again == nil || first == nil || again.Error() != first.Error() {
					t.Errorf("then %v, want the first error for good: %v", again, first)
				}
				if err := w.Commit(); err == nil {
					t.Error("Commit after that says nothing")
				}
				if err := w.Close(); err == nil {
					t.Error("Close after that says nothing")
				}
				wantSame(t, before, snapshot(t, filepath.Dir(dir)), "the poisoned writer")
			})
		}
	}
}

// hookFS calls a function before a file is synced.
type hookFS struct {
	testutil.NoSync
	datasync func(name string)
}

type hookFile struct {
	File
	name string
	fs   *hookFS
}

func (h *hookFS) OpenFile(name string, flag int, perm os.FileMode) (File, error) {
	f, err := h.NoSync.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return hookFile{f, name, h}, nil
}

func (f hookFile) Datasync() error {
	if f.fs.datasync != nil {
		f.fs.datasync(f.name)
	}
	return nil
}

// The segment is looked at before the write and after the sync.
func TestForeignDuringCommit(t *testing.T) {
	dir, fsys := newDir(t), &hookFS{}
	o := options(nil)
	o.FS = fsys
	w, err := Create(t.Context(), dir, o)
	testutil.NoError(t, err)
	defer w.Close()
	appendTexts(t, w, 1, 1)
	fsys.datasync = func(name string) {
		if strings.HasSuffix(name, filename.TextSuffix) {
			testutil.NoError(t, os.Truncate(name, 3))
		}
	}
	if ack, err := w.Append(t.Context(), []byte(text(2))); !errors.Is(err, ErrForeign) || ack.Durable {
		t.Errorf("got %+v, %v; want %v", ack, err, ErrForeign)
	}
}
