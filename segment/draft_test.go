package segment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

func newDraft(t testing.TB, dir string, o Options) *Draft {
	t.Helper()
	d, err := NewDraft(t.Context(), dir, o)
	testutil.NoError(t, err)
	return d
}

func fillDraft(t testing.TB, d *Draft, from, to Sequence) {
	t.Helper()
	for n := from; n <= to; n++ {
		testutil.NoError(t, d.Write([]byte(text(n)), fmt.Appendf(nil, `"2025-05-28T12:00:%02dZ"`, n)))
	}
}

// withTimeout fails a test in which fn does not end.
func withTimeout(t *testing.T, what string, fn func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- fn() }()
	select {
	case err := <-done:
		return err
	case <-time.After(2 * time.Second):
		t.Fatalf("%s does not end", what)
		return nil
	}
}

func TestPublish(t *testing.T) {
	for _, n := range []Sequence{0, 1, 5, 40} {
		dir := newDir(t)
		d := newDraft(t, dir, options(Settings{"segment-size": "400"}))
		fillDraft(t, d, 1, n)
		_, err := Open(dir)
		testutil.ErrorIs(t, err, ErrDraft)
		_, err = OpenWriter(t.Context(), dir, options(nil))
		testutil.ErrorIs(t, err, ErrDraft)
		testutil.NoError(t, d.Publish())
		wantTexts(t, dir, texts(1, n))
		l := openLog(t, dir)
		for _, s := range l.Segments {
			f, err := l.Verify(t.Context(), s, nil)
			testutil.NoError(t, err)
			if len(f.Damage) > 0 || f.Rebuilt > 0 {
				t.Errorf("%d records: %+v", n, f)
			}
		}
		w := openWriter(t, dir)
		if r := w.Recovery(); !r.Empty() {
			t.Errorf("%d records: %+v", n, r)
		}
		appendTexts(t, w, n+1, n+1)
		for name := range snapshot(t, dir) {
			if strings.Contains(name, filename.Draft) || strings.HasSuffix(name, ".tmp") {
				t.Errorf("%d records: %s was left", n, name)
			}
		}
	}
}

func TestDraftKeepsTimes(t *testing.T) {
	dir := newDir(t)
	d := newDraft(t, dir, options(nil))
	testutil.NoError(t, d.Write([]byte(`{"timestamp":1748424862}`), []byte(`1748424862`)))
	testutil.NoError(t, d.Write([]byte(`{}`), nil))
	testutil.NoError(t, d.Publish())
	r := openReader(t, openLog(t, dir), 0)
	for seq, want := range map[Sequence]Entry{
		1: {Time: time.Unix(1748424862, 0), Flags: Durable | anchor},
		2: {Time: newClock().Now(), Flags: Durable | ClockTime},
	} {
		e, err := r.Entry(seq)
		testutil.NoError(t, err)
		if !e.Time.Equal(want.Time) || e.Flags != want.Flags || !e.Arrived.Equal(newClock().Now()) {
			t.Errorf("record %d: %+v, want %+v", seq, e, want)
		}
	}
}

// The way in which times are read may be set when the first records have been seen.
func TestDraftConfigure(t *testing.T) {
	dir := newDir(t)
	d := newDraft(t, dir, options(Settings{"segment-size": "400", "time-zone": "Asia/Tokyo"}))
	if err := d.Configure(Settings{"time-format": "never"}); err == nil {
		t.Error("a format that does not exist is accepted")
	}
	testutil.NoError(t, d.Configure(Settings{"time-field": "/at", "time-format": "day-first"}))
	if p := d.Policy(); p.TimeField.String() != "/at" || p.SegmentSize != 400 {
		t.Errorf("the draft has %+v", p)
	}
	testutil.NoError(t, d.Write([]byte(`{"at":"05/06/2025"}`), []byte(`"05/06/2025"`)))
	testutil.NoError(t, d.Publish())
	l := openLog(t, dir)
	if got, want := l.Marker.TimeRule(1), (TimeRule{1, "/at", "Asia/Tokyo", "day-first"}); got != want {
		t.Errorf("HISTLOG has the rule %+v, want %+v", got, want)
	}
	w := openWriter(t, dir)
	_, err := w.Append(t.Context(), []byte(`{"at":"28/05/2025"}`))
	testutil.NoError(t, errors.Join(err, w.Close()))
	r := openReader(t, openLog(t, dir), 0)
	for seq, want := range map[Sequence]string{1: "2025-06-04T15:00:00Z", 2: "2025-05-27T15:00:00Z"} {
		e, err := r.Entry(seq)
		testutil.NoError(t, err)
		if got := e.Time.UTC().Format(time.RFC3339); got != want {
			t.Errorf("record %d is of %s, want %s", seq, got, want)
		}
	}
}

func TestDraftTooLarge(t *testing.T) {
	dir := newDir(t)
	d := newDraft(t, dir, options(Settings{"max-record": "100"}))
	fillDraft(t, d, 1, 1)
	testutil.ErrorIs(t, d.Write([]byte(`"`+strings.Repeat("x", 100)+`"`), nil), ErrTooLarge)
	fillDraft(t, d, 2, 2)
	testutil.NoError(t, d.Publish())
	wantTexts(t, dir, texts(1, 2))
}

func TestFlushAndView(t *testing.T) {
	dir := newDir(t)
	d := newDraft(t, dir, options(Settings{"segment-size": "400"}))
	fillDraft(t, d, 1, 12)
	testutil.NoError(t, d.Flush())
	l, err := d.View(t.Context())
	testutil.NoError(t, err)
	var got Sequence
	for i, s := range l.Segments {
		r := openReader(t, l, i)
		for seq := s.Base; seq < r.Next(); seq++ {
			rec, err := r.Record(seq)
			testutil.NoError(t, err)
			got++
			if rec.Seq != got || string(rec.Text) != text(got) {
				t.Errorf("record %d: %d %s", got, rec.Seq, rec.Text)
			}
		}
	}
	if got != 12 {
		t.Errorf("%d records, want 12", got)
	}
	_, err = Open(dir)
	testutil.ErrorIs(t, err, ErrDraft)
	testutil.NoError(t, d.Publish())
	wantTexts(t, dir, texts(1, 12))
}

// Nothing says that Flush comes last.
func TestWriteAfterFlush(t *testing.T) {
	dir := newDir(t)
	d := newDraft(t, dir, options(Settings{"segment-size": "400"}))
	fillDraft(t, d, 1, 3)
	testutil.NoError(t, d.Flush())
	testutil.NoError(t, withTimeout(t, "Write after Flush", func() error {
		for n := Sequence(4); n <= 20; n++ {
			if err := d.Write([]byte(text(n)), nil); err != nil {
				return err
			}
		}
		return nil
	}))
	testutil.NoError(t, d.Flush())
	testutil.NoError(t, d.Publish())
	wantTexts(t, dir, texts(1, 20))
}

func TestDiscard(t *testing.T) {
	for _, row := range []struct {
		name       string
		before     func(t *testing.T, dir string)
		during     func(t *testing.T, dir string)
		want       []string // files left
		wantNoLeft bool     // not even the directory
	}{
		{name: "made", wantNoLeft: true},
		{name: "was there", before: mkdir},
		{
			name:   "lost+found",
			before: func(t *testing.T, dir string) { mkdir(t, dir); mkdir(t, filepath.Join(dir, "lost+found")) },
			want:   []string{"lost+found"},
		},
		{
			name: "with origin/",
			during: func(t *testing.T, dir string) {
				mkdir(t, filepath.Join(dir, filename.Origin))
				testutil.WriteFile(t, filepath.Join(dir, filename.Origin, "prefix"), []byte("{"))
			},
			wantNoLeft: true,
		},
		{
			name:   "somebody else's file",
			during: func(t *testing.T, dir string) { testutil.WriteFile(t, filepath.Join(dir, "notes"), []byte("precious")) },
			want:   []string{"notes"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := newDir(t)
			if row.before != nil {
				row.before(t, dir)
			}
			d := newDraft(t, dir, options(Settings{"segment-size": "400"}))
			fillDraft(t, d, 1, 12)
			if row.during != nil {
				row.during(t, dir)
			}
			err := d.Discard()
			if row.name != "somebody else's file" {
				testutil.NoError(t, err)
			}
			if _, err := os.Lstat(dir); row.wantNoLeft {
				testutil.ErrorIs(t, err, os.ErrNotExist)
				return
			}
			entries, err := os.ReadDir(dir)
			testutil.NoError(t, err)
			var names []string
			for _, e := range entries {
				names = append(names, e.Name())
			}
			if strings.Join(names, " ") != strings.Join(row.want, " ") {
				t.Errorf("left: %q, want %q", names, row.want)
			}
			_, err = Open(dir)
			testutil.ErrorIs(t, err, ErrNoLog)
		})
	}
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	testutil.NoError(t, os.Mkdir(dir, 0o755))
}

// killDraft leaves a draft as a kill would.
func killDraft(t *testing.T, d *Draft) {
	t.Helper()
	testutil.NoError(t, d.finish())
	testutil.NoError(t, d.w.closeFiles())
}

func TestHalfMadeDraftIsCleared(t *testing.T) {
	dir := newDir(t)
	d := newDraft(t, dir, options(Settings{"segment-size": "400"}))
	fillDraft(t, d, 1, 12)
	mkdir(t, filepath.Join(dir, filename.Origin))
	testutil.WriteFile(t, filepath.Join(dir, filename.Origin, "prefix"), []byte("{"))
	killDraft(t, d)

	_, err := Open(dir)
	testutil.ErrorIs(t, err, ErrDraft)
	testutil.ErrorIs(t, err, ErrNoLog)
	d = newDraft(t, dir, options(nil))
	fillDraft(t, d, 1, 2)
	testutil.NoError(t, d.Publish())
	wantTexts(t, dir, texts(1, 2))
	if got := bases(t, dir); len(got) != 1 {
		t.Errorf("segments %v", got)
	}
	if _, err := os.Lstat(filepath.Join(dir, filename.Origin)); !missing(err) {
		t.Errorf("origin/ of the draft before is there: %v", err)
	}
}

func TestNewDraftRefuses(t *testing.T) {
	for _, row := range []struct {
		name string
		make func(t *testing.T, dir string)
	}{
		{"log", func(t *testing.T, dir string) { testutil.NoError(t, create(t, dir, nil).Close()) }},
		{"file", func(t *testing.T, dir string) {
			mkdir(t, dir)
			testutil.WriteFile(t, filepath.Join(dir, "notes"), []byte("x"))
		}},
		{"dot file", func(t *testing.T, dir string) { mkdir(t, dir); testutil.WriteFile(t, filepath.Join(dir, ".keep"), nil) }},
		{"folder", func(t *testing.T, dir string) { mkdir(t, dir); mkdir(t, filepath.Join(dir, "data")) }},
		{"segments without HISTLOG", func(t *testing.T, dir string) {
			testutil.NoError(t, create(t, dir, nil).Close())
			testutil.NoError(t, os.Remove(filepath.Join(dir, filename.Marker)))
		}},
		{"origin/ without a draft", func(t *testing.T, dir string) { mkdir(t, dir); mkdir(t, filepath.Join(dir, filename.Origin)) }},
		{"draft with somebody else's file", func(t *testing.T, dir string) {
			d := newDraft(t, dir, options(nil))
			fillDraft(t, d, 1, 2)
			killDraft(t, d)
			testutil.WriteFile(t, filepath.Join(dir, "notes"), []byte("x"))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := newDir(t)
			row.make(t, dir)
			before := snapshot(t, dir)
			_, err := NewDraft(t.Context(), dir, options(nil))
			testutil.ErrorIs(t, err, ErrExists)
			_, err = Create(t.Context(), dir, options(nil))
			testutil.ErrorIs(t, err, ErrExists)
			wantSame(t, before, snapshot(t, dir), "a refused draft")
		})
	}
	path := filepath.Join(t.TempDir(), "file")
	testutil.WriteFile(t, path, []byte("x"))
	if _, err := NewDraft(t.Context(), path, options(nil)); err == nil || string(testutil.ReadFile(t, path)) != "x" {
		t.Errorf("a file in place of the directory: %v", err)
	}
	if _, err := NewDraft(t.Context(), filepath.Join(t.TempDir(), "a", "b"), options(nil)); !missing(err) {
		t.Errorf("a missing parent: %v", err)
	}
	for key, value := range map[string]string{"sync": "often", "segment-sise": "1"} {
		dir := newDir(t)
		if _, err := NewDraft(t.Context(), dir, options(Settings{key: value})); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s=%s: %v", key, value, err)
		}
		if _, err := os.Lstat(dir); !missing(err) {
			t.Errorf("%s=%s: the directory was made", key, value)
		}
	}
}

func TestCreateInEmptyDirectory(t *testing.T) {
	dir := newDir(t)
	mkdir(t, dir)
	mkdir(t, filepath.Join(dir, "lost+found"))
	w := create(t, dir, nil)
	appendTexts(t, w, 1, 1)
	wantTexts(t, dir, texts(1, 1))
}

// The log of a draft is read no more when the context of View has ended.
func TestDraftViewEnds(t *testing.T) {
	d := newDraft(t, newDir(t), options(nil))
	testutil.NoError(t, d.Write([]byte("1"), nil))
	testutil.NoError(t, d.Flush())
	ctx, cancel := context.WithCancel(t.Context())
	l, err := d.View(ctx)
	testutil.NoError(t, err)
	cancel()
	_, err = l.Summary(l.Segments[0])
	testutil.ErrorIs(t, err, context.Canceled)
	testutil.NoError(t, d.Discard())
}
