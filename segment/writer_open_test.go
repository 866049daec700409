package segment

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

func TestOpenWriterRefuses(t *testing.T) {
	marker := func(from, to string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			testutil.NoError(t, create(t, dir, nil).Close())
			editMarker(t, dir, from, to)
		}
	}
	for _, row := range []struct {
		name string
		make func(t *testing.T, dir string)
		want []error
	}{
		{"missing", func(t *testing.T, dir string) {}, []error{ErrNoLog}},
		{"empty", func(t *testing.T, dir string) { testutil.NoError(t, os.Mkdir(dir, 0o755)) }, []error{ErrNoLog}},
		{"other files", func(t *testing.T, dir string) {
			testutil.NoError(t, os.Mkdir(dir, 0o755))
			testutil.WriteFile(t, filepath.Join(dir, "step2.json"), []byte("{}"))
			testutil.WriteFile(t, filepath.Join(dir, "1.ndjson"), []byte("{}\n"))
		}, []error{ErrNoLog}},
		{"draft", func(t *testing.T, dir string) {
			d, err := NewDraft(t.Context(), dir, options(nil))
			testutil.NoError(t, err)
			testutil.NoError(t, d.w.closeFiles())
		}, []error{ErrNoLog, ErrDraft}},
		{"newer version", marker(`"version": 1`, `"version": 2`), []error{ErrVersion}},
		{"requires", marker(`"requires": []`, `"requires": ["x"]`), []error{ErrVersion}},
		{"not JSON", marker(`{`, `[`), []error{ErrCorrupt}},
		{"HISTLOG missing, segments present", func(t *testing.T, dir string) {
			testutil.NoError(t, create(t, dir, nil).Close())
			testutil.NoError(t, os.Remove(filepath.Join(dir, filename.Marker)))
		}, []error{ErrCorrupt}},
		{"HISTLOG present, segments missing", func(t *testing.T, dir string) {
			testutil.NoError(t, create(t, dir, nil).Close())
			testutil.NoError(t, os.Remove(filepath.Join(dir, textName(1))))
		}, []error{ErrCorrupt}},
		{"not a directory", func(t *testing.T, dir string) { testutil.WriteFile(t, dir, nil) }, []error{syscall.ENOTDIR}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := newDir(t)
			row.make(t, dir)
			var before map[string]string
			if row.name != "missing" {
				before = snapshot(t, dir)
			}
			for who, open := range map[string]func() error{
				"OpenWriter": func() error { _, err := OpenWriter(t.Context(), dir, options(nil)); return err },
				"Open":       func() error { _, err := Open(dir); return err },
			} {
				err := open()
				for _, want := range row.want {
					if !errors.Is(err, want) {
						t.Errorf("%s: got %v, want %v", who, err, want)
					}
				}
				if errors.Is(err, ErrCorrupt) {
					wantCorrupt(t, err)
				}
			}
			if before != nil {
				wantSame(t, before, snapshot(t, dir), "a refused open")
			}
		})
	}
}
