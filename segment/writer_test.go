package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
)

func bases(t *testing.T, dir string) (list []Sequence) {
	t.Helper()
	for _, s := range openLog(t, dir).Segments {
		list = append(list, s.Base)
	}
	return list
}

func newDir(t testing.TB) string { return filepath.Join(t.TempDir(), "log") }

func TestRollBySize(t *testing.T) {
	line := int64(len(text(1)) + 1)
	for _, row := range []struct {
		size int64
		want []Sequence
	}{
		{1, []Sequence{1, 2, 3, 4, 5}},
		{2 * line, []Sequence{1, 3, 5}},
		{2*line - 1, []Sequence{1, 2, 3, 4, 5}},
		{3*line - 1, []Sequence{1, 3, 5}},
		{5 * line, []Sequence{1}},
	} {
		dir := newDir(t)
		w := create(t, dir, Settings{"segment-size": fmt.Sprint(row.size)})
		appendTexts(t, w, 1, 5)
		check(t, w.Close())
		if got := bases(t, dir); !slices.Equal(got, row.want) {
			t.Errorf("segment-size %d: segments %v, want %v", row.size, got, row.want)
		}
		wantTexts(t, dir, texts(1, 5))
	}
}

func TestLargeRecordAlone(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "300"})
	large := `"` + strings.Repeat("x", 5000) + `"`
	for _, value := range []string{text(1), text(2), large, large, text(5), text(6)} {
		_, err := w.Append(t.Context(), []byte(value))
		check(t, err)
	}
	if got, want := bases(t, dir), []Sequence{1, 3, 4, 5}; !slices.Equal(got, want) {
		t.Errorf("segments %v, want %v", got, want)
	}
}

func TestRollByAge(t *testing.T) {
	dir, c := newDir(t), newClock()
	o := options(Settings{"segment-age": "1h"})
	o.Now = c.Now
	w, err := Create(dir, o)
	check(t, err)
	defer w.Close()
	c.add(2 * time.Hour) // an empty segment is never sealed
	for n, pass := range []time.Duration{0, time.Hour - time.Second, time.Second, -48 * time.Hour, 48 * time.Hour, time.Hour} {
		c.add(pass)
		appendTexts(t, w, Sequence(n+1), Sequence(n+1))
	}
	if got, want := bases(t, dir), []Sequence{1, 2, 6}; !slices.Equal(got, want) {
		t.Errorf("segments %v, want %v", got, want)
	}
	wantTexts(t, dir, texts(1, 6))
}

func TestRefusedValues(t *testing.T) {
	for _, row := range []struct {
		value string
		cause error // of a *jsonscan.SyntaxError
	}{
		{``, nil},
		{` `, nil},
		{`{"a":}`, jsonscan.ErrInvalid},
		{`{"a":1`, jsonscan.ErrCut},
		{`1 2`, jsonscan.ErrInvalid},
		{`{}` + "\n" + `{}`, jsonscan.ErrInvalid},
		{`[] ]`, jsonscan.ErrInvalid},
		{`NaN`, jsonscan.ErrNonFinite},
		{"\"\xff\"", jsonscan.ErrUTF8},
		{"\x00", jsonscan.ErrInvalid},
		{"\xef\xbb\xbf{}", jsonscan.ErrInvalid},
		{strings.Repeat("[", jsonscan.MaxDepth+1) + strings.Repeat("]", jsonscan.MaxDepth+1), jsonscan.ErrDepth},
	} {
		t.Run(fmt.Sprintf("%.12q", row.value), func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, nil)
			appendTexts(t, w, 1, 1)
			before := snapshot(t, dir)
			_, err := w.Append(t.Context(), []byte(row.value))
			var syntax *jsonscan.SyntaxError
			if row.cause != nil && (!errors.As(err, &syntax) || !errors.Is(err, row.cause)) {
				t.Errorf("got %v, want a *jsonscan.SyntaxError of %v", err, row.cause)
			}
			if err == nil {
				t.Error("accepted")
			}
			wantSame(t, before, snapshot(t, dir), "the refused record")
			appendTexts(t, w, 2, 2)
		})
	}
}

// An empty value is no JSON value, and the error says so like any other.
func TestRefusedEmptyIsSyntaxError(t *testing.T) {
	w := create(t, newDir(t), nil)
	_, err := w.Append(t.Context(), nil)
	if syntax := (*jsonscan.SyntaxError)(nil); !errors.As(err, &syntax) {
		t.Errorf("got %v, want a *jsonscan.SyntaxError", err)
	}
}

func TestTooLarge(t *testing.T) {
	value := []byte(`"` + strings.Repeat("x", 98) + `"`)
	for _, row := range []struct {
		max  string
		fits bool
	}{{"100", true}, {"99", false}, {"1", false}} {
		for name, add := range map[string]func(w *Writer, b []byte) error{
			"Append": func(w *Writer, b []byte) error { _, err := w.Append(t.Context(), b); return err },
			"Write":  func(w *Writer, b []byte) error { _, err := w.Write(b, nil); return err },
		} {
			t.Run(name+" "+row.max, func(t *testing.T) {
				dir := newDir(t)
				w := create(t, dir, Settings{"max-record": row.max})
				before := snapshot(t, dir)
				err := add(w, value)
				if row.fits {
					check(t, err)
					return
				}
				wantIs(t, err, ErrTooLarge)
				check(t, w.Commit())
				wantSame(t, before, snapshot(t, dir), "the refused record")
				if w.NextSeq() != 1 {
					t.Errorf("next sequence %d", w.NextSeq())
				}
			})
		}
	}
}

func TestAck(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "100"})
	for _, row := range []struct {
		value string
		want  Ack
	}{
		{` { "timestamp" : "2025-01-02T03:04:05+01:00" } `, Ack{1, time.Date(2025, 1, 2, 2, 4, 5, 0, time.UTC), TextName(1), 0, 41, true, false}},
		{`[1, 2]`, Ack{2, newClock().Now(), TextName(1), 42, 5, true, false}},
		{`"` + strings.Repeat("x", 90) + `"`, Ack{3, newClock().Now(), TextName(3), 0, 92, true, false}},
	} {
		got, err := w.Append(t.Context(), []byte(row.value))
		check(t, err)
		if !got.Time.Equal(row.want.Time) {
			t.Errorf("%s: time %v, want %v", row.value, got.Time, row.want.Time)
		}
		got.Time = row.want.Time
		if got != row.want {
			t.Errorf("%s: got %+v, want %+v", row.value, got, row.want)
		}
	}
	wantTexts(t, dir, map[Sequence]string{
		1: `{"timestamp":"2025-01-02T03:04:05+01:00"}`, 2: `[1,2]`, 3: `"` + strings.Repeat("x", 90) + `"`,
	})
}

// Whatever another program does to the active segment, the next append finds
// it, also one that begins a new segment: nothing more is acknowledged.
func TestForeign(t *testing.T) {
	changes := map[string]func(t *testing.T, dir, path string){
		"appended to": func(t *testing.T, _, path string) {
			edit(t, path, func(b []byte) []byte { return append(b, "{}\n"...) })
		},
		"truncated": func(t *testing.T, _, path string) { check(t, os.Truncate(path, 10)) },
		"removed":   func(t *testing.T, _, path string) { check(t, os.Remove(path)) },
		"replaced": func(t *testing.T, _, path string) {
			write(t, path+".new", read(t, path))
			check(t, os.Rename(path+".new", path))
		},
		"directory moved": func(t *testing.T, dir, _ string) { check(t, os.Rename(dir, dir+".old")) },
		"directory moved, another log in its place": func(t *testing.T, dir, path string) {
			check(t, os.Rename(dir, dir+".old"))
			check(t, create(t, dir, nil).Close())
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
	noSync
	datasync func(name string)
}

type hookFile struct {
	File
	name string
	fs   *hookFS
}

func (h *hookFS) OpenFile(name string, flag int, perm os.FileMode) (File, error) {
	f, err := h.noSync.OpenFile(name, flag, perm)
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
	w, err := Create(dir, o)
	check(t, err)
	defer w.Close()
	appendTexts(t, w, 1, 1)
	fsys.datasync = func(name string) {
		if strings.HasSuffix(name, textSuffix) {
			check(t, os.Truncate(name, 3))
		}
	}
	if ack, err := w.Append(t.Context(), []byte(text(2))); !errors.Is(err, ErrForeign) || ack.Durable {
		t.Errorf("got %+v, %v; want %v", ack, err, ErrForeign)
	}
}

func TestWriteCommit(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "400"})
	appendTexts(t, w, 1, 1)
	before := snapshot(t, dir)
	for n := Sequence(2); n <= 4; n++ {
		ack, err := w.Write([]byte(text(n)), []byte(`"2025-05-28T16:14:22Z"`))
		check(t, err)
		if ack.Seq != n || ack.Durable || w.NextSeq() != n+1 {
			t.Errorf("%+v, next sequence %d", ack, w.NextSeq())
		}
	}
	wantSame(t, before, snapshot(t, dir), "Write")
	wantTexts(t, dir, texts(1, 1))
	check(t, w.Commit())
	wantTexts(t, dir, texts(1, 4))
	check(t, w.Commit())
	for n := Sequence(5); n <= 20; n++ { // over rolls
		_, err := w.Write([]byte(text(n)), nil)
		check(t, err)
	}
	check(t, w.Close()) // commits
	wantTexts(t, dir, texts(1, 20))
	_, err := w.Append(t.Context(), []byte(text(21)))
	wantIs(t, err, ErrClosed)
	wantIs(t, w.Commit(), ErrClosed)
	check(t, w.Close())
}

// Groups larger than what is held back are given to the kernel in between, and
// are no part of the log before Commit.
func TestWriteLargeGroup(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	value := func(n int) []byte { return fmt.Appendf(nil, `"%d %s"`, n, bytes.Repeat([]byte("x"), 300<<10)) }
	want := map[Sequence]string{}
	for n := range 9 {
		_, err := w.Write(value(n), nil)
		check(t, err)
		want[Sequence(n+1)] = string(value(n))
	}
	killed := copyOf(t, dir)
	if good, _ := contents(t, dir); len(good) != 0 {
		t.Errorf("%d records can be seen before Commit", len(good))
	}
	check(t, w.Commit())
	wantTexts(t, dir, want)
	w = openWriter(t, killed)
	if n := w.Recovery().Adopted; n == 0 || n > 9 {
		t.Errorf("adopted %d", n)
	}
}

func TestSyncPolicies(t *testing.T) {
	for _, row := range []struct {
		sync           string
		durable, lazy  bool
		entriesDurable bool
	}{
		{"always", true, false, true},
		{"interval=1ms", true, true, true},
		{"none", false, true, false},
	} {
		t.Run(row.sync, func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, Settings{"sync": row.sync})
			ack, err := w.Append(t.Context(), []byte(text(1)))
			check(t, err)
			if ack.Durable != row.durable {
				t.Errorf("acknowledged as durable: %v", ack.Durable)
			}
			enterPending(t, w)
			r := openReader(t, openLog(t, dir), 0)
			e, err := r.Entry(1)
			check(t, err)
			if got := e.Flags&Durable != 0; got != row.entriesDurable {
				t.Errorf("entry durable: %v", got)
			}
			if got := read(t, filepath.Join(dir, IndexName(1)))[56]; (got == 1) != row.lazy {
				t.Errorf("header flags %d, lazy %v", got, row.lazy)
			}
		})
	}
}

// Settings given to OpenWriter hold while it is open, and leave HISTLOG alone.
func TestSettingsForARun(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "64M", "time-zone": "UTC"})
	appendTexts(t, w, 1, 2)
	check(t, w.Close())
	before := read(t, filepath.Join(dir, markerName))
	w, err := OpenWriter(t.Context(), dir, options(Settings{"sync": "none", "segment-size": "1"}))
	check(t, err)
	if p := w.Policy(); p.Sync.Mode != SyncNone || p.SegmentSize != 1 {
		t.Errorf("policy %+v", p)
	}
	ack, err := w.Append(t.Context(), []byte(text(3)))
	check(t, err)
	if ack.Durable || ack.Segment != TextName(3) {
		t.Errorf("%+v", ack)
	}
	appendTexts(t, w, 4, 4)
	check(t, w.Close())
	if !bytes.Equal(before, read(t, filepath.Join(dir, markerName))) {
		t.Error("HISTLOG was changed")
	}
	w = openWriter(t, dir)
	ack, err = w.Append(t.Context(), []byte(text(5)))
	check(t, err)
	if !ack.Durable || ack.Segment != TextName(4) {
		t.Errorf("%+v", ack)
	}
	wantTexts(t, dir, texts(1, 5))
}

// A segment that a run under sync none wrote into is lazy from then on.
func TestLazyForARun(t *testing.T) {
	dir := newDir(t)
	check(t, create(t, dir, nil).Close())
	w, err := OpenWriter(t.Context(), dir, options(Settings{"sync": "none"}))
	check(t, err)
	defer w.Close()
	if b := read(t, filepath.Join(dir, IndexName(1))); b[56] != 0 {
		t.Error("lazy before the first such record")
	}
	appendTexts(t, w, 1, 1)
	h, reason := parseHeader(read(t, filepath.Join(dir, IndexName(1)))[:headerSize])
	if reason != "" || h.flags != headerLazy {
		t.Errorf("header %+v: %s", h, reason)
	}
}

func TestConfigureHoldsFromNextSegment(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "200"})
	appendTexts(t, w, 1, 1)
	_, err := Configure(t.Context(), dir, Settings{"segment-size": "1"}, nil)
	check(t, err)
	appendTexts(t, w, 2, 6)
	if got, want := bases(t, dir), []Sequence{1, 3, 4, 5, 6}; !slices.Equal(got, want) {
		t.Errorf("segments %v, want %v", got, want)
	}
}

func TestConcurrentAppends(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "2000"})
	const workers, each = 8, 25
	var mu sync.Mutex
	want := map[Sequence]string{}
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for j := range each {
				value := fmt.Sprintf(`{"worker":%d,"n":%d}`, i, j)
				ack, err := w.Append(t.Context(), []byte(value))
				if err != nil {
					t.Error(err)
					return
				}
				_ = w.NextSeq()
				mu.Lock()
				if _, ok := want[ack.Seq]; ok {
					t.Errorf("sequence %d was given twice", ack.Seq)
				}
				want[ack.Seq] = value
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	check(t, w.Close())
	if len(want) != workers*each {
		t.Errorf("%d sequences, want %d", len(want), workers*each)
	}
	wantTexts(t, dir, want)
}

func TestSecondWriter(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	for name, open := range map[string]func() error{
		"OpenWriter": func() error { _, err := OpenWriter(t.Context(), dir, options(nil)); return err },
		"NewDraft":   func() error { _, err := NewDraft(dir, options(nil)); return err },
		"waiting": func() error {
			o := options(nil)
			o.LockWait = 30 * time.Millisecond
			_, err := OpenWriter(t.Context(), dir, o)
			return err
		},
	} {
		err := open()
		wantIs(t, err, ErrLocked)
		var locked *LockedError
		if !errors.As(err, &locked) || locked.PID != os.Getpid() || locked.Command != "test" || !locked.Since.Equal(newClock().Now()) || locked.Dir != dir {
			t.Errorf("%s: got %v, want a *LockedError that names pid %d and command test", name, err, os.Getpid())
		}
	}
	if b := read(t, filepath.Join(dir, lockName)); len(b) == 0 {
		t.Error("a failed attempt changed LOCK")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := options(nil)
	o.LockWait = time.Hour
	_, err := OpenWriter(ctx, dir, o)
	wantIs(t, err, context.Canceled)

	done := make(chan error)
	go func() {
		o := options(nil)
		o.LockWait = time.Minute
		w, err := OpenWriter(t.Context(), dir, o)
		if err == nil {
			err = w.Close()
		}
		done <- err
	}()
	check(t, w.Close())
	check(t, <-done)
}

// LOCK is for messages: what stands in it keeps nobody from writing.
func TestLockContent(t *testing.T) {
	for name, put := range map[string]func(t *testing.T, path string){
		"stale":   func(t *testing.T, path string) { write(t, path, []byte(`{"pid":1,"command":"init"}`)) },
		"garbage": func(t *testing.T, path string) { write(t, path, bytes.Repeat([]byte("\x00{"), 9000)) },
		"removed": func(t *testing.T, path string) { check(t, os.Remove(path)) },
		"directory": func(t *testing.T, path string) {
			check(t, os.Remove(path))
			check(t, os.Mkdir(path, 0o755))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, nil)
			put(t, filepath.Join(dir, lockName))
			_, err := OpenWriter(t.Context(), dir, options(nil))
			wantIs(t, err, ErrLocked)
			check(t, w.Close())
			appendTexts(t, openWriter(t, dir), 1, 1)
		})
	}
}

func TestOpenWriterRefuses(t *testing.T) {
	marker := func(from, to string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			check(t, create(t, dir, nil).Close())
			editMarker(t, dir, from, to)
		}
	}
	for _, row := range []struct {
		name string
		make func(t *testing.T, dir string)
		want []error
	}{
		{"missing", func(t *testing.T, dir string) {}, []error{ErrNoLog}},
		{"empty", func(t *testing.T, dir string) { check(t, os.Mkdir(dir, 0o755)) }, []error{ErrNoLog}},
		{"other files", func(t *testing.T, dir string) {
			check(t, os.Mkdir(dir, 0o755))
			write(t, filepath.Join(dir, "step2.json"), []byte("{}"))
			write(t, filepath.Join(dir, "1.ndjson"), []byte("{}\n"))
		}, []error{ErrNoLog}},
		{"draft", func(t *testing.T, dir string) {
			d, err := NewDraft(dir, options(nil))
			check(t, err)
			check(t, d.w.closeFiles())
		}, []error{ErrNoLog, ErrDraft}},
		{"newer version", marker(`"version": 1`, `"version": 2`), []error{ErrVersion}},
		{"requires", marker(`"requires": []`, `"requires": ["x"]`), []error{ErrVersion}},
		{"not JSON", marker(`{`, `[`), []error{ErrCorrupt}},
		{"HISTLOG missing, segments present", func(t *testing.T, dir string) {
			check(t, create(t, dir, nil).Close())
			check(t, os.Remove(filepath.Join(dir, markerName)))
		}, []error{ErrCorrupt}},
		{"HISTLOG present, segments missing", func(t *testing.T, dir string) {
			check(t, create(t, dir, nil).Close())
			check(t, os.Remove(filepath.Join(dir, TextName(1))))
		}, []error{ErrCorrupt}},
		{"not a directory", func(t *testing.T, dir string) { write(t, dir, nil) }, []error{syscall.ENOTDIR}},
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
