package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
		{"a large value and another", `"` + strings.Repeat("x", sampleBytes) + `" 2`, Options{}, ErrNotOne},
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

// timed returns the records of a log with their own times.
func timed(t *testing.T, dir string) (all []string) {
	t.Helper()
	l, err := segment.Open(dir)
	testutil.NoError(t, err)
	for r, err := range records(l, 0) {
		testutil.NoError(t, err)
		text := string(r.Text)
		if r.Flags&segment.ClockTime == 0 {
			text += r.Time.UTC().String()
		}
		all = append(all, text)
	}
	return all
}

// asOne compares a log of files with one of a source that has the same records, a line each.
func asOne(t *testing.T, p *place, texts []string) {
	t.Helper()
	o := p.options(Options{Each: true, Sources: p.writeSources(texts...)})
	o.Dir = p.dir + "-files"
	got, err := Run(t.Context(), o)
	want, wantErr := p.run(strings.Join(texts, "\n"), Options{Records: new(segment.Pointer)})
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Fatalf("%v, want %v; of %q", err, wantErr, texts)
	}
	if err != nil {
		testutil.ErrorIs(t, err, ErrOrder)
		return
	}
	if !reflect.DeepEqual(got.Times, want.Times) || got.Files != len(texts) || got.Records != want.Records || got.SourceBytes != want.SourceBytes-int64(len(texts)-1) {
		t.Errorf("%+v, want %+v; of %q", got, want, texts)
	}
	if all := timed(t, o.Dir); !slices.Equal(all, timed(t, p.dir)) {
		t.Errorf("%q, want %q", all, timed(t, p.dir))
	}
	names := strings.Count(string(testutil.ReadFile(t, filepath.Join(o.Dir, filename.Origin, filesName))), "\n")
	if names != len(texts) {
		t.Errorf("%d names for %d files", names, len(texts))
	}
	testutil.NoError(t, os.RemoveAll(o.Dir))
}

// What is found out about files of one record each is what is found out about one source of
// the same records.
func TestFilesAsOne(t *testing.T) {
	many := func(n int, record string) []string { return slices.Repeat([]string{record}, n) }
	const open, day, month = `{"timestamp":"05/06/2025"}`, `{"timestamp":"28/05/2025"}`, `{"timestamp":"05/28/2025"}`
	const dots, dotsDay, dotsMonth = `{"at":"05.06.2025"}`, `{"at":"28.05.2025"}`, `{"at":"05.28.2025"}`
	large := `{"n":"` + strings.Repeat("x", sampleBytes) + `"}`
	for name, records := range map[string][]string{
		"the first decides":                 {day, open},
		"the second decides":                {open, day},
		"one behind the sample decides":     append(many(sampleRecords, open), month),
		"one far behind the sample decides": append(append(many(99, open), month), many(50, open)...),
		"none decides":                      many(30, open),
		"one decides nothing":               {open},
		"two that contradict":               append(many(20, open), day, month),
		"the usual order":                   append(many(20, dots), dotsDay),
		"not the usual order":               append(many(20, dots), dotsMonth),
		"the usual order, undecided":        many(20, dots),
		"open ones behind others":           append(many(20, `{"timestamp":"05/05/2025"}`), open),
		"a member of later ones":            append(many(5, `{"n":1}`), `{"n":2,"at":"2025-05-01T00:00:00Z"}`),
		"a member behind the sample":        append(many(sampleRecords, `{"n":1}`), `{"n":2,"at":"2025-05-01T00:00:00Z"}`),
		"another member in the first":       {`{"created":"2024-05-01"}`, `{"at":"2025-05-01"}`, `{"at":"2025-05-02"}`},
		"a date of later ones":              append(many(3, `{"n":1}`), append(many(9, `{"date":"05/06/2025"}`), `{"date":"05/28/2025"}`)...),
		"a large one":                       {large, open, day},
		"a large one behind others":         {`{"n":1}`, open, large, day},
	} {
		t.Run(name, func(t *testing.T) { asOne(t, newPlace(t), records) })
	}
	rnd, p := seeded(t), newPlace(t)
	names := []string{"timestamp", "at", "created", "n"}
	values := []string{`"05/06/2025"`, `"05/06/2025"`, `"05/05/2025"`, `"05.06.2025"`, `"28/05/2025"`, `"2025-05-01"`, `1748448862`, `7`, `""`, `"soon"`}
	for range testutil.Rounds(50, 400) {
		var records []string
		some := values[:1+rnd.IntN(len(values))]
		for range 1 + rnd.IntN(2*sampleRecords) {
			records = append(records, fmt.Sprintf(`{"%s":%s}`, names[rnd.IntN(len(names))], some[rnd.IntN(len(some))]))
		}
		asOne(t, p, records)
	}
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

// The order of day and month, and the member with the times, are found in all files.
func TestSortByTimeLearns(t *testing.T) {
	p := newPlace(t)
	o := p.options(Options{Each: true, Settings: segment.Settings{}})
	for _, row := range []struct {
		name   string
		dates  []string // of the files
		sorted string   // the numbers of the files, in the order of their times
		err    error
	}{
		{"decided in the last", append(slices.Repeat([]string{"07/06/2025"}, sampleRecords), "05/07/2025", "28/05/2025"), "10 1 2 3 4 5 6 7 8 9", nil},
		{"decided in the first", []string{"05/28/2025", "05/06/2025"}, "2 1", nil},
		{"undecided", []string{"05/06/2025", "06/05/2025"}, "", ErrOrder},
		{"undecided behind the sample", slices.Repeat([]string{"05/06/2025"}, 2*sampleRecords), "", ErrOrder},
	} {
		t.Run(row.name, func(t *testing.T) {
			var texts []string
			for _, date := range row.dates {
				texts = append(texts, `{"date":"`+date+`"}`)
			}
			names := p.writeSources(texts...)
			o.Sources = slices.Clone(names)
			modified, err := SortByTime(t.Context(), o)
			testutil.ErrorIs(t, err, row.err)
			var in *FileError
			if errors.As(err, &in) {
				t.Errorf("%v is not about one file", err)
			}
			var sorted []string
			for _, name := range o.Sources {
				sorted = append(sorted, fmt.Sprint(slices.Index(names, name)+1))
			}
			if got := strings.Join(sorted, " "); err == nil && (modified || got != row.sorted) {
				t.Errorf("%s, %v", got, modified)
			}
		})
	}
	o.Settings = segment.Settings{"time-field": "/date", "time-format": "%d/%m/%Y"}
	o.Sources = p.writeSources(`{"date":"28/05/2025"}`, `{"date":"31/02/2025"}`) // there is no such day
	_, err := SortByTime(t.Context(), o)
	testutil.ErrorIs(t, err, ErrSomeTimes)
	o.Sources[1] = os.DevNull
	_, err = SortByTime(t.Context(), o)
	testutil.ErrorIs(t, err, ErrNotFile)
}

// No failing operation leaves a log without all records, also not while the files are read
// again in another order of day and month.
func TestFilesFaults(t *testing.T) {
	p := newPlace(t)
	texts := append(slices.Repeat([]string{`{"date":"05/06/2025"}`}, sampleRecords), `{"date":"28/05/2025"}`)
	names := p.writeSources(texts...)
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
	wantTexts(t, p.texts(), texts)
}
