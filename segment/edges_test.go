package segment

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// recorder is a file system that notes what is done to which file, in order.
type recorder struct {
	testutil.NoSync
	mu   sync.Mutex
	done []string
}

func (r *recorder) note(what, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = append(r.done, what+" "+filepath.Base(name))
}

// wantOrder checks that these were done, in this order.
func (r *recorder) wantOrder(t *testing.T, want ...string) {
	t.Helper()
	at := -1
	for _, w := range want {
		i := slices.Index(r.done[at+1:], w)
		if i < 0 {
			t.Fatalf("%q was not done after %v: %q", w, want, r.done)
		}
		at += 1 + i
	}
}

func (r *recorder) Remove(name string) error {
	r.note("remove", name)
	return r.NoSync.Remove(name)
}

func (r *recorder) TryLock(name string) (func() error, bool, error) {
	unlock, ok, err := r.NoSync.TryLock(name)
	if !ok || err != nil {
		return unlock, ok, err
	}
	return func() error { r.note("unlock", name); return unlock() }, true, nil
}

func (r *recorder) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := r.NoSync.OpenFile(name, flag, perm)
	return &recordedFile{f, r, name}, err
}

type recordedFile struct {
	File
	by   *recorder
	name string
}

func (f *recordedFile) Sync() error { f.by.note("sync", f.name); return nil }

// TestOrderOfUpkeep checks the orders that no crash image shows. A compressed file that a
// killed run left is synced before the other files of its segment are removed. The plain
// file is removed last, because it is the authoritative one. HISTLOG is unlocked before
// UPKEEP: otherwise the next process, which locks UPKEEP first, would find HISTLOG still
// locked and wait for it again.
func TestOrderOfUpkeep(t *testing.T) {
	dir := newLog(t, 12)
	plain := testutil.ReadFile(t, filepath.Join(dir, textName(1)))
	_, err := Compress(t.Context(), dir, 1, Zstd, Options{})
	testutil.NoError(t, err)
	zstd := testutil.ReadFile(t, filepath.Join(dir, fileName(1, Zstd)))
	testutil.WriteFile(t, filepath.Join(dir, textName(1)), plain)
	testutil.NoError(t, os.Remove(filepath.Join(dir, fileName(1, Zstd))))
	_, err = Compress(t.Context(), dir, 1, Gzip, Options{})
	testutil.NoError(t, err)
	testutil.WriteFile(t, filepath.Join(dir, textName(1)), plain)
	testutil.WriteFile(t, filepath.Join(dir, fileName(1, Zstd)), zstd)
	r := &recorder{}
	_, err = Compress(t.Context(), dir, 1, Zstd, Options{FS: r})
	testutil.NoError(t, err)
	r.wantOrder(t, "sync "+fileName(1, Zstd), "remove "+fileName(1, Gzip), "remove "+textName(1), "unlock HISTLOG", "unlock UPKEEP")
}

// The same for a merged segment that a killed run left: it is synced before the segments
// that it supersedes are removed, and their texts last.
func TestOrderOfMerge(t *testing.T) {
	dir := mergeLog(t, 2, 2)
	before := snapshot(t, dir)
	merge(t, dir, 1, 5)
	restore(t, dir, before, textName(1), indexName(1), textName(3), indexName(3))
	r := &recorder{}
	_, err := Merge(t.Context(), dir, 1, 5, Zstd, Options{FS: r})
	testutil.NoError(t, err)
	r.wantOrder(t, "sync "+stem{1, 4}.text(Zstd), "remove "+indexName(3), "remove "+textName(1), "remove "+textName(3))
}

// TestClockGoesBack checks the span of arrivals in a trailer when the clock is set back.
func TestClockGoesBack(t *testing.T) {
	c := newClock()
	o := options(Settings{"segment-size": "300"})
	o.Now = c.Now
	dir := newDir(t)
	w, err := Create(t.Context(), dir, o)
	testutil.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	for n, step := range []time.Duration{0, time.Minute, -30 * time.Second, 0, 0} {
		c.add(step)
		appendTexts(t, w, Sequence(n+1), Sequence(n+1))
	}
	r := openReader(t, openLog(t, dir), 0)
	begun := newClock().Now().Unix()
	if got := r.trailer; got == nil || got.MinArrival != uint32(begun) || got.MaxArrival != uint32(begun+60) {
		t.Errorf("%+v, want arrivals from %d to %d", got, begun, begun+60)
	}
}

// TestArrivalBehind2038 checks that seconds which a signed number of 32 bits can't hold are kept.
func TestArrivalBehind2038(t *testing.T) {
	late := time.Date(2040, 1, 2, 3, 4, 5, 0, time.UTC)
	h := header{base: 1}
	b := h.appendEntry(nil, 1, Entry{End: 10, Time: late, Arrived: late})
	if e, ok := h.parseEntry(b, 1); !ok || !e.Arrived.Equal(late) {
		t.Errorf("%v, %v", e.Arrived, ok)
	}
}

// TestArchiveFollowsTimeRules checks that an archive learns of a time field that was
// changed after it was made.
func TestArchiveFollowsTimeRules(t *testing.T) {
	dir, to := newLog(t, 12), filepath.Join(t.TempDir(), "archive")
	l := openLog(t, dir)
	_, err := Archive(t.Context(), dir, to, l.Segments[1].Base, Options{})
	testutil.NoError(t, err)
	_, err = Configure(t.Context(), dir, Settings{"time-field": "/at"}, nil)
	testutil.NoError(t, err)
	_, err = Archive(t.Context(), dir, to, l.Segments[2].Base, Options{})
	testutil.NoError(t, err)
	if got, want := openLog(t, to).Marker.TimeRules, openLog(t, dir).Marker.TimeRules; len(want) != 2 || !slices.Equal(got, want) {
		t.Errorf("the archive's rules are %v, the log's %v", got, want)
	}
}

// TestDraftRollsAsWriter checks that a log made in bulk has the segments that one of the
// same records has which were appended, at sizes around that of its records.
func TestDraftRollsAsWriter(t *testing.T) {
	line := len(text(1)) + 1
	for _, size := range []int{2*line - 1, 2 * line, 2*line + 1, 3 * line} {
		settings := Settings{"segment-size": fmt.Sprint(size)}
		appended, made := newDir(t), newDir(t)
		w := create(t, appended, settings)
		appendTexts(t, w, 1, 9)
		d, err := NewDraft(t.Context(), made, options(settings))
		testutil.NoError(t, err)
		for n := Sequence(1); n <= 9; n++ {
			testutil.NoError(t, d.Write([]byte(text(n)), nil))
		}
		testutil.NoError(t, d.Publish())
		var bases [2][]Sequence
		for i, dir := range []string{appended, made} {
			for _, s := range openLog(t, dir).Segments {
				bases[i] = append(bases[i], s.Base)
			}
		}
		if !slices.Equal(bases[0], bases[1]) {
			t.Errorf("segment-size %d: appended %v, made in bulk %v", size, bases[0], bases[1])
		}
	}
}

// TestOneByteBehindCompressed checks that a single byte too many is noticed.
func TestOneByteBehindCompressed(t *testing.T) {
	for _, codec := range codecs {
		dir := newLog(t, 12)
		_, err := Compress(t.Context(), dir, 1, codec, Options{})
		testutil.NoError(t, err)
		testutil.EditFile(t, filepath.Join(dir, fileName(1, codec)), func(b []byte) []byte { return append(b, 0) })
		if damage := verifyAll(t, openLog(t, dir)); len(damage) == 0 {
			t.Errorf("%v: a byte behind the end is not noticed", codec)
		}
	}
}

// onceStale is a file system whose first listing lacks what comes in the second.
type onceStale struct {
	testutil.NoSync
	lists int
}

func (o *onceStale) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := o.NoSync.ReadDir(name)
	if o.lists++; o.lists == 1 {
		entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), textName(1)) })
	}
	return entries, err
}

// TestListedTwice checks that one listing is not believed: a directory that changes
// while it is read may lack a file that is there before and after.
func TestListedTwice(t *testing.T) {
	dir := newLog(t, 12)
	now := time.Now()
	testutil.NoError(t, os.Chtimes(dir, now, now)) // the directory has just changed
	l, err := OpenContext(t.Context(), dir, &onceStale{})
	testutil.NoError(t, err)
	if l.Segments[0].Base != 1 {
		t.Errorf("the log begins with %d", l.Segments[0].Base)
	}
}

// TestTemporaryMarkerIsSwept checks that the HISTLOG which a killed command was about
// to put in place does not stay.
func TestTemporaryMarkerIsSwept(t *testing.T) {
	dir := newLog(t, 3)
	left := filepath.Join(dir, "."+filename.Marker+".tmp")
	testutil.WriteFile(t, left, []byte("{"))
	testutil.NoError(t, Sweep(t.Context(), dir, Options{}))
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("it stays: %v", err)
	}
}
