package migrate

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

func TestFiles(t *testing.T) {
	p := newPlace(t)
	o := p.options(Options{Each: true, Source: "polls", Settings: small})
	o.Sources = p.writeSources("{\n  \"n\": 1\n}\n", "[1, 2]", "\xef\xbb\xbf\"x\"", string(testutil.XZ(`{"n": 4}`, testutil.Dict8MB)), "{\"timestamp\":\"2025-01-01\"}")
	r, err := Run(t.Context(), o)
	testutil.NoError(t, err)
	all := []string{`{"n":1}`, `[1,2]`, `"x"`, `{"n":4}`, `{"timestamp":"2025-01-01"}`}
	wantTexts(t, p.texts(), all)
	if r.Source != "polls" || r.Files != 5 || r.Records != 5 || r.Export != exportFiles || r.Verified != verifiedDigest {
		t.Errorf("%+v", r)
	}
	l := p.log()
	var b strings.Builder
	done, err := Export(&b, l, Original, records(l, 0))
	if err != nil || done.Array == "" || done.Differs != Same || !strings.HasPrefix(b.String(), "[\n") {
		t.Errorf("%+v, %v: %s", done, err, b.String())
	}
	names, err := os.ReadFile(filepath.Join(p.dir, filename.Origin, filesName))
	testutil.NoError(t, err)
	if n := strings.Count(string(names), "\n"); n != 5 || !strings.Contains(string(names), `history-4.json","bytes":8}`) {
		t.Errorf("%s", names)
	}
	damage, err := VerifyOrigin(t.Context(), l)
	if err != nil || len(damage) > 0 {
		t.Errorf("%v, %v", damage, err)
	}
}

func TestFilesFail(t *testing.T) {
	for _, row := range []struct {
		name, text string
		o          Options
		err        error
	}{
		{"two values", "1 2", Options{}, ErrNotOne},
		{"ten values", "1 2 3 4 5 6 7 8 9 10", Options{}, ErrNotOne},
		{"no value", " ", Options{}, ErrEmpty},
		{"half a value", `{"a":`, Options{}, nil},
		{"salvage", `{"a":`, Options{Salvage: true}, ErrSeveral},
		{"roundtrip", "1", Options{Verify: VerifyRoundtrip}, ErrFiles},
	} {
		for _, first := range []bool{true, false} {
			t.Run(row.name, func(t *testing.T) {
				p := newPlace(t)
				o := p.options(row.o)
				o.Each, o.Sources = true, p.writeSources("1", row.text)
				if first {
					o.Sources[0], o.Sources[1] = o.Sources[1], o.Sources[0]
				}
				_, err := Run(t.Context(), o)
				if err == nil || row.err != nil && !errors.Is(err, row.err) {
					t.Errorf("%v, want %v", err, row.err)
				}
				var in *FileError
				if errors.As(err, &in) && (in.Source == o.Sources[0]) != first {
					t.Errorf("%v names the wrong file", err)
				}
				p.nothing()
			})
		}
	}
	p := newPlace(t)
	o := p.options(Options{Each: true, Sources: []string{t.TempDir()}})
	_, err := Run(t.Context(), o)
	testutil.ErrorIs(t, err, ErrNotFile)
	o.Sources = []string{p.source}
	_, err = Run(t.Context(), o)
	testutil.ErrorIs(t, err, fs.ErrNotExist)
	p.nothing()
}

// A file that is written to while it is read makes no log.
func TestFilesChanged(t *testing.T) {
	p := newPlace(t)
	o := p.options(Options{Each: true})
	o.Sources = p.writeSources("1", "2")
	o.Progress = func(read, _ int64) {
		if read == 1 { // the first file was read
			testutil.NoError(t, os.Remove(o.Sources[1]))
		}
	}
	_, err := Run(t.Context(), o)
	testutil.ErrorIs(t, err, fs.ErrNotExist)
	var in *FileError
	if !errors.As(err, &in) || in.Source != o.Sources[1] {
		t.Errorf("%v", err)
	}
	p.nothing()
}

func TestSortByTime(t *testing.T) {
	p := newPlace(t)
	at := func(day string) string { return `{"at": "2025-01-` + day + `T00:00:00Z", "n": 1}` }
	names := p.writeSources(at("03"), at("01"), at("02"), at("01"))
	o := p.options(Options{Each: true, Settings: segment.Settings{}})
	o.Sources = []string{names[0], names[3], names[1], names[2]}
	modified, err := SortByTime(t.Context(), o)
	testutil.NoError(t, err)
	if want := []string{names[1], names[3], names[2], names[0]}; modified || strings.Join(o.Sources, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v, %v; want %v", o.Sources, modified, want)
	}

	testutil.NoError(t, os.WriteFile(names[2], []byte(`{"n": 1}`), 0o644))
	_, err = SortByTime(t.Context(), o)
	var in *FileError
	if !errors.Is(err, ErrSomeTimes) || !errors.As(err, &in) || in.Source != names[2] {
		t.Errorf("%v", err)
	}

	names = p.writeSources(`{"n":1}`, `{"n":2}`, `[]`)
	for i, name := range names {
		day := time.Date(2025, 1, 3-i, 0, 0, 0, 0, time.UTC)
		testutil.NoError(t, os.Chtimes(name, day, day))
	}
	o.Sources = append([]string{}, names...)
	modified, err = SortByTime(t.Context(), o)
	if err != nil || !modified || o.Sources[0] != names[2] || o.Sources[2] != names[0] {
		t.Errorf("%v, %v, %v", o.Sources, modified, err)
	}
}

// No failing operation leaves a log without all records.
func TestFilesFaults(t *testing.T) {
	p := newPlace(t)
	names := p.writeSources("1", "2", "3")
	for at := 1; ; at++ {
		testutil.NoError(t, os.RemoveAll(p.dir))
		fsys := &failFS{at: at}
		o := p.options(Options{Each: true, Sources: names, FS: fsys})
		_, err := Run(t.Context(), o)
		if fsys.what == "" {
			testutil.NoError(t, err)
			break
		}
		if err != nil && !errors.Is(err, syscall.EIO) {
			t.Errorf("operation %d, %s: %v", at, fsys.what, err)
		}
		if l, openErr := segment.Open(p.dir); err == nil && (openErr != nil || len(l.Segments) == 0) {
			t.Errorf("operation %d, %s: no error, and no log: %v", at, fsys.what, openErr)
		}
	}
	wantTexts(t, p.texts(), []string{"1", "2", "3"})
}
