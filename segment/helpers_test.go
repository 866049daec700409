package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// A clock shows the same time until the test sets it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2025, 5, 28, 16, 14, 22, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func options(settings Settings) Options {
	return Options{FS: testutil.NoSync{}, Now: newClock().Now, Settings: settings, Command: "test"}
}

func create(t testing.TB, dir string, settings Settings) *Writer {
	t.Helper()
	w, err := Create(t.Context(), dir, options(settings))
	testutil.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

func openWriter(t testing.TB, dir string) *Writer {
	t.Helper()
	w, err := OpenWriter(t.Context(), dir, options(nil))
	testutil.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

func openLog(t testing.TB, dir string) *Log {
	t.Helper()
	l, err := Open(dir)
	testutil.NoError(t, err)
	return l
}

func openReader(t testing.TB, l *Log, i int) *Reader {
	t.Helper()
	r, err := l.OpenReader(l.Segments[i])
	testutil.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// text returns the record that the tests append as number n.
func text(n Sequence) string {
	return fmt.Sprintf(`{"timestamp":"2025-05-28T12:%02d:%02dZ","n":%d,"odds":[0.73,-0.25,3.0]}`, n/60%60, n%60, n)
}

// appendTexts appends the records from..to.
func appendTexts(t testing.TB, w *Writer, from, to Sequence) {
	t.Helper()
	for n := from; n <= to; n++ {
		ack, err := w.Append(t.Context(), []byte(text(n)))
		testutil.NoError(t, err)
		if ack.Seq != n {
			t.Fatalf("appended record %d, got sequence %d", n, ack.Seq)
		}
	}
}

// otherLog makes another log, of records that are not those of the first.
func otherLog(t testing.TB, records int) string { return otherLogOf(t, records, "300") }

func otherLogOf(t testing.TB, records int, segmentSize string) string {
	t.Helper()
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": segmentSize})
	for n := range records {
		_, err := w.Append(t.Context(), []byte(text(Sequence(900+n))))
		testutil.NoError(t, err)
	}
	testutil.NoError(t, w.Close())
	return dir
}

// contents reads all records of a log, and the errors of those that can't be read.
func contents(t testing.TB, dir string) (good map[Sequence]string, bad map[Sequence]error) {
	t.Helper()
	good, bad = map[Sequence]string{}, map[Sequence]error{}
	l := openLog(t, dir)
	testutil.NoError(t, l.RefreshAll())
	for i, s := range l.Segments {
		r := openReader(t, l, i)
		end := r.Next()
		if s.Sealed {
			end = s.Next
		}
		for seq := s.Base; seq < end; seq++ {
			rec, err := r.Record(seq)
			if err != nil {
				bad[seq] = err
				continue
			}
			good[seq] = string(rec.Text)
		}
	}
	return good, bad
}

// wantTexts holds a log against the records that it must have, by sequence.
func wantTexts(t testing.TB, dir string, want map[Sequence]string) {
	t.Helper()
	good, bad := contents(t, dir)
	for seq, err := range bad {
		t.Errorf("record %d: %v", seq, err)
	}
	wantGood(t, good, want)
}

func wantGood(t testing.TB, good, want map[Sequence]string) {
	t.Helper()
	seen := len(good)
	for _, seq := range slices.Sorted(maps.Keys(want)) {
		if got, ok := good[seq]; !ok {
			t.Errorf("record %d is gone (%d records are there), want %s", seq, seen, want[seq])
			return
		} else if got != want[seq] {
			t.Errorf("record %d: got %q, want %q", seq, got, want[seq])
			return
		}
	}
	for _, seq := range slices.Sorted(maps.Keys(good)) {
		if _, ok := want[seq]; !ok {
			t.Errorf("record %d: %q was never submitted as that", seq, good[seq])
		}
	}
}

// enterPending does what comes a little after appends under SyncNone.
func enterPending(t testing.TB, w *Writer) {
	t.Helper()
	w.lock()
	defer w.unlock()
	testutil.NoError(t, w.writeEntries())
}

// rollNow begins the next segment.
func rollNow(t testing.TB, w *Writer) {
	t.Helper()
	w.lock()
	defer w.unlock()
	testutil.NoError(t, w.roll())
}

// texts returns the records from..to as a log of the tests holds them.
func texts(from, to Sequence) map[Sequence]string {
	m := map[Sequence]string{}
	for n := from; n <= to; n++ {
		m[n] = text(n)
	}
	return m
}

// snapshot returns the bytes and mode of all files below dir but LOCK.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	m := map[string]string{}
	testutil.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() == filename.Lock {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, dir)
		m[name] = info.Mode().String()
		if info.Mode().IsRegular() {
			m[name] += " " + string(testutil.ReadFile(t, path))
		}
		return nil
	}))
	return m
}

func wantSame(t testing.TB, before, after map[string]string, what string) {
	t.Helper()
	for name := range before {
		if after[name] != before[name] {
			t.Errorf("%s changed %s: %.160q is now %.160q", what, name, before[name], after[name])
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			t.Errorf("%s made %s", what, name)
		}
	}
}

// editMarker changes HISTLOG as a histlog would that writes such a text: with
// the checksum that belongs to it.
func editMarker(t testing.TB, dir, from, to string) {
	t.Helper()
	testutil.EditFile(t, filepath.Join(dir, filename.Marker), func(b []byte) []byte {
		if !bytes.Contains(b, []byte(from)) {
			t.Fatalf("no %s in %s", from, b)
		}
		b, _, _ = bytes.Cut(bytes.Replace(b, []byte(from), []byte(to), 1), []byte(",\n  \""+sumName+"\""))
		return appendSum(b)
	})
}

func wantCorrupt(t testing.TB, err error) *CorruptError {
	t.Helper()
	var damage *CorruptError
	if !errors.As(err, &damage) {
		t.Errorf("got error %v, want a *CorruptError", err)
		return &CorruptError{}
	}
	return damage
}

func bases(t *testing.T, dir string) (list []Sequence) {
	t.Helper()
	for _, s := range openLog(t, dir).Segments {
		list = append(list, s.Base)
	}
	return list
}

func fileName(base Sequence, c Codec) string { return stem{base: base}.text(c) }
func smallIndexName(base Sequence) string    { return stem{base: base}.smallIndex() }

func newDir(t testing.TB) string { return filepath.Join(t.TempDir(), "log") }
