package segment

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// oneName is a file system on which no file has a second name.
type oneName struct{ testutil.NoSync }

func (oneName) Link(string, string) error { return errors.ErrUnsupported }

// TestSnapshot makes snapshots of a log in many states, with links and without. It
// holds records 1 to 10 in three segments unless a row says otherwise.
func TestSnapshot(t *testing.T) {
	for _, row := range []struct {
		name     string
		settings Settings
		prepare  func(t *testing.T, dir string, w *Writer)
		records  []Sequence // nil: 1 to 10
		archive  bool       // nobody can append to it
		damaged  int
	}{
		{name: "closed", prepare: closed},
		{name: "its writer lives", prepare: func(*testing.T, string, *Writer) {}},
		{name: "empty", prepare: closed, records: []Sequence{}},
		{name: "acknowledged a moment ago, under none", settings: Settings{"sync": "none"}, prepare: func(*testing.T, string, *Writer) {}},
		{name: "a torn tail", prepare: func(t *testing.T, dir string, w *Writer) {
			testutil.NoError(t, w.Close())
			testutil.EditFile(t, filepath.Join(dir, textName(9)), func(b []byte) []byte { return append(b, `{"n":`...) })
		}},
		{name: "whole records without entries", settings: Settings{"sync": "none"}, prepare: func(t *testing.T, dir string, w *Writer) {
			testutil.NoError(t, w.Close())
			testutil.EditFile(t, filepath.Join(dir, indexName(9)), func(b []byte) []byte { return b[:headerSize] })
		}},
		{name: "no index of the active segment", prepare: func(t *testing.T, dir string, w *Writer) {
			testutil.NoError(t, w.Close())
			testutil.NoError(t, os.Remove(filepath.Join(dir, indexName(9))))
		}},
		{name: "an empty index of the active segment", prepare: func(t *testing.T, dir string, w *Writer) {
			testutil.NoError(t, w.Close())
			testutil.NoError(t, os.Truncate(filepath.Join(dir, indexName(9)), 0))
		}},
		{name: "compressed", prepare: func(t *testing.T, dir string, w *Writer) {
			for base, codec := range map[Sequence]Codec{1: Zstd, 5: Gzip} {
				_, err := Compress(t.Context(), dir, base, codec, options(nil))
				testutil.NoError(t, err)
			}
		}},
		{name: "plain and compressed", prepare: func(t *testing.T, dir string, w *Writer) {
			plain := testutil.ReadFile(t, filepath.Join(dir, textName(1)))
			_, err := Compress(t.Context(), dir, 1, Zstd, options(nil))
			testutil.NoError(t, err)
			testutil.WriteFile(t, filepath.Join(dir, textName(1)), plain)
		}},
		{name: "retired", prepare: func(t *testing.T, dir string, w *Writer) {
			_, err := Retire(t.Context(), dir, 5, options(nil))
			testutil.NoError(t, err)
		}, records: sequences(5, 10)},
		{name: "an archive", prepare: func(t *testing.T, dir string, w *Writer) {
			_, err := Archive(t.Context(), dir, dir+"-archive", 9, options(nil))
			testutil.NoError(t, err)
			testutil.NoError(t, w.Close())
			testutil.NoError(t, os.RemoveAll(dir))
			testutil.NoError(t, os.Rename(dir+"-archive", dir))
		}, records: sequences(1, 8), archive: true},
		{name: "the newest segment gone", prepare: func(t *testing.T, dir string, w *Writer) {
			testutil.NoError(t, w.Close())
			testutil.NoError(t, os.Remove(filepath.Join(dir, textName(9))))
		}, records: sequences(1, 8), damaged: 1},
		{name: "a sealed segment cut short", prepare: func(t *testing.T, dir string, w *Writer) {
			testutil.EditFile(t, filepath.Join(dir, textName(5)), func(b []byte) []byte { return b[:len(b)-10] })
		}, records: append(sequences(1, 7), 9, 10), damaged: 1},
		{name: "a record of the active segment rotten", prepare: func(t *testing.T, dir string, w *Writer) {
			testutil.NoError(t, w.Close())
			testutil.EditFile(t, filepath.Join(dir, textName(9)), func(b []byte) []byte { b[10] ^= 1; return b })
		}, records: append(sequences(1, 8), 10), damaged: 1},
	} {
		for name, fsys := range map[string]FS{"links": testutil.NoSync{}, "copies": oneName{}} {
			t.Run(row.name+", "+name, func(t *testing.T) {
				if name == "links" && runtime.GOOS == "windows" {
					t.Skip("skipped: histlog makes no hard links on Windows")
				}
				dir := newDir(t)
				w := create(t, dir, Settings{"segment-size": "300"}.With(row.settings))
				last := Sequence(10)
				if row.records == nil {
					row.records = sequences(1, 10)
				} else if len(row.records) == 0 {
					last = 0
				}
				appendTexts(t, w, 1, last)
				row.prepare(t, dir, w)
				before := filesOf(t, dir)
				dest := dir + "-copy"
				o := options(nil)
				o.FS = fsys
				done, err := Snapshot(t.Context(), dir, dest, nil, o)
				testutil.NoError(t, err)
				if len(done.Damage) != row.damaged {
					t.Errorf("found %v, want %d", done.Damage, row.damaged)
				}
				if (done.Linked == 0) != (name == "copies" || last == 0) {
					t.Errorf("%d bytes are shared", done.Linked)
				}
				if row.settings["sync"] != "none" { // else its writer writes entries by and by
					unchanged(t, dir, before)
				}
				wantSnapshot(t, dest, row.records, row.damaged)
				shared := filesOf(t, dest)
				_, _ = Repair(t.Context(), dir, options(nil)) // which an archive refuses
				unchanged(t, dest, shared)
				if !row.archive {
					goesOn(t, dest, row.damaged > 0, last+1)
				}
			})
		}
	}
}

func closed(t *testing.T, _ string, w *Writer) { testutil.NoError(t, w.Close()) }

// sequences returns the sequences from..to.
func sequences(from, to Sequence) (all []Sequence) {
	for n := from; n <= to; n++ {
		all = append(all, n)
	}
	return all
}

// unchanged checks that the files of a directory are what they were.
func unchanged(t *testing.T, dir string, was map[string]string) {
	t.Helper()
	if is := filesOf(t, dir); !maps.Equal(was, is) {
		t.Errorf("%s changed: %v, was %v", dir, slices.Sorted(maps.Keys(is)), slices.Sorted(maps.Keys(was)))
	}
}

// filesOf returns the bytes of a log's files, but for those that are for messages only.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	testutil.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != filename.Lock && e.Name() != filename.Upkeep {
			files[strings.TrimPrefix(path, dir)] = string(testutil.ReadFile(t, path))
		}
		return err
	}))
	return files
}

// wantSnapshot checks which records a snapshot holds, and that they verify.
func wantSnapshot(t *testing.T, dest string, want []Sequence, damaged int) {
	t.Helper()
	good, bad := contents(t, dest)
	if got := slices.Sorted(maps.Keys(good)); !slices.Equal(got, want) || damaged == 0 && len(bad) > 0 {
		t.Errorf("the snapshot holds %v, want %v, %v", got, want, bad)
	}
	for seq, got := range good {
		if got != text(seq) {
			t.Errorf("record %d: %s", seq, got)
		}
	}
	l := openLog(t, dest)
	for _, s := range l.Segments {
		f, err := l.Verify(t.Context(), s, nil)
		testutil.NoError(t, err)
		g, err := l.QuickCheck(s)
		testutil.NoError(t, err)
		if damaged == 0 && (len(f.Damage) > 0 || g.Damage != nil) {
			t.Errorf("verified: %v, glanced at: %v", f.Damage, g.Damage)
		}
	}
}

// goesOn opens a snapshot for writing, which must find nothing to recover, and appends.
func goesOn(t *testing.T, dest string, damaged bool, next Sequence) {
	t.Helper()
	w := openWriter(t, dest)
	if r := w.Recovery(); !damaged && !r.Empty() {
		t.Errorf("the snapshot had to be recovered: %+v", r)
	}
	appendTexts(t, w, next, next+5)
}

// TestSnapshotRefused checks where no snapshot can be made, and that nothing is left there.
func TestSnapshotRefused(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "300"})
	appendTexts(t, w, 1, 10)
	full := t.TempDir()
	testutil.WriteFile(t, filepath.Join(full, "notes.txt"), []byte("mine"))
	file := filepath.Join(t.TempDir(), "file")
	testutil.WriteFile(t, file, []byte("mine"))
	for dest, want := range map[string]error{
		dir:                                 ErrInside,
		filepath.Join(dir, "copy"):          ErrInside,
		full:                                ErrExists,
		filepath.Join(full, "none", "copy"): fs.ErrNotExist,
		file:                                nil,
	} {
		if _, err := Snapshot(t.Context(), dir, dest, nil, options(nil)); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", dest, err, want)
		}
	}
	dest := dir + "-copy"
	_, err := Snapshot(t.Context(), dir, dest, nil, options(nil))
	testutil.NoError(t, err)
	if _, err := Snapshot(t.Context(), dir, dest, nil, options(nil)); !errors.Is(err, ErrExists) {
		t.Errorf("a second one to the same place: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := options(nil)
	o.FS = oneName{}
	if _, err := Snapshot(ctx, dir, dest+"2", nil, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := os.Stat(dest + "2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was cancelled is left: %v", err)
	}
	if names := filesOf(t, full); len(names) != 1 {
		t.Errorf("%v", names)
	}
}

// TestSnapshotMode checks that the snapshot of a log that others can't read is one
// that others can't read.
func TestSnapshotMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: Windows has no modes")
	}
	dir := newDir(t)
	testutil.NoError(t, os.Mkdir(dir, 0o700))
	w := create(t, dir, nil)
	appendTexts(t, w, 1, 2)
	dest := dir + "-copy"
	_, err := Snapshot(t.Context(), dir, dest, nil, options(nil))
	testutil.NoError(t, err)
	testutil.NoError(t, filepath.WalkDir(dest, func(path string, _ fs.DirEntry, _ error) error {
		info, err := os.Stat(path)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	}))
}

// TestSnapshotBesideAll makes snapshots while records are appended, segments are
// compressed and retired: each holds all that was acknowledged before it began.
func TestSnapshotBesideAll(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "2K"})
	appendTexts(t, w, 1, 50)
	stop := make(chan struct{})
	var all sync.WaitGroup
	defer func() {
		close(stop)
		all.Wait()
	}()
	var mu sync.Mutex
	acked := Sequence(50)
	again := func(do func(n int) error) {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				time.Sleep(time.Millisecond) // or the directory changes faster than it can be listed
				if err := do(n); err != nil && !errors.Is(err, ErrNoRecord) {
					t.Error(err)
					return
				}
			}
		})
	}
	again(func(int) error {
		a, err := w.Append(context.Background(), []byte(text(acked+1)))
		mu.Lock()
		acked = a.Seq
		mu.Unlock()
		return err
	})
	again(func(n int) error {
		l, err := Open(dir)
		if err != nil {
			return err
		}
		i := n % len(l.Segments)
		if i == len(l.Segments)-1 {
			_, err = Retire(context.Background(), dir, l.Segments[i/8].Base, options(nil))
			return err
		}
		_, err = Compress(context.Background(), dir, l.Segments[i].Base, Codec(1+n%2), options(nil))
		return err
	})
	for n := range 40 {
		mu.Lock()
		least := acked
		mu.Unlock()
		o := options(nil)
		if n%2 == 1 {
			o.FS = oneName{}
		}
		dest := filepath.Join(t.TempDir(), "copy")
		done, err := Snapshot(t.Context(), dir, dest, nil, o)
		testutil.NoError(t, err)
		if done.Next <= least || len(done.Damage) > 0 {
			t.Errorf("it ends before %d, %d was acknowledged; %v", done.Next, least, done.Damage)
		}
		wantSnapshot(t, dest, sequences(done.First, done.Next-1), 0)
		goesOn(t, dest, false, done.Next)
	}
}
