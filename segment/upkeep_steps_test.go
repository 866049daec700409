package segment

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/internal/vfs"
)

// callsFS counts the calls of a file system, and how often a directory was listed.
type callsFS struct {
	testutil.NoSync
	calls, lists *int
}

func newCallsFS() callsFS { return callsFS{calls: new(int), lists: new(int)} }

func (c callsFS) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	*c.calls++
	return c.NoSync.OpenFile(name, flag, perm)
}

func (c callsFS) Lstat(name string) (fs.FileInfo, error) {
	*c.calls++
	return c.NoSync.Lstat(name)
}

func (c callsFS) ReadDir(name string) ([]fs.DirEntry, error) {
	*c.calls++
	*c.lists++
	return c.NoSync.ReadDir(name)
}

func (c callsFS) Rename(from, to string) error {
	*c.calls++
	return c.NoSync.Rename(from, to)
}

func (c callsFS) Remove(name string) error {
	*c.calls++
	return c.NoSync.Remove(name)
}

func wantEqual[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// manySegments makes a log of sealed segments of one record and an active one.
func manySegments(t *testing.T, sealed int) (dir string) {
	t.Helper()
	dir = newDir(t)
	o := options(Settings{"segment-size": "1"})
	o.FS = testutil.NoSync{}
	w, err := Create(t.Context(), dir, o)
	testutil.NoError(t, err)
	appendTexts(t, w, 1, Sequence(sealed)+1)
	testutil.NoError(t, w.Close())
	return dir
}

// A step lists no directory, except the first step of a Maintenance, and makes as many calls
// of the file system on a long log as on a short one.
func TestCostOfSteps(t *testing.T) {
	for name, step := range map[string]func(*testing.T, *Maintenance, Sequence, string){
		"compress": func(t *testing.T, m *Maintenance, base Sequence, _ string) {
			_, err := m.Compress(t.Context(), base, Zstd)
			testutil.NoError(t, err)
		},
		"retire": func(t *testing.T, m *Maintenance, base Sequence, _ string) {
			changes, err := m.Retire(t.Context(), base+1)
			testutil.NoError(t, err)
			wantEqual(t, len(changes), 1)
		},
		"archive": func(t *testing.T, m *Maintenance, base Sequence, to string) {
			changes, err := m.Archive(t.Context(), to, base+1)
			testutil.NoError(t, err)
			wantEqual(t, len(changes), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			costs := map[int]int{}
			for _, sealed := range []int{20, 60} {
				dir, to := manySegments(t, sealed), newDir(t)
				fsys := newCallsFS()
				m := NewMaintenance(dir, Options{FS: fsys})
				for base := range Sequence(sealed) {
					*fsys.calls, *fsys.lists = 0, 0
					step(t, m, base+1, to)
					// The second step opens the archive that the first one has made.
					if base > 1 && *fsys.lists > 0 {
						t.Fatalf("step %d listed directories %d times", base, *fsys.lists)
					}
				}
				costs[sealed] = *fsys.calls
			}
			if costs[20] != costs[60] || costs[20] == 0 {
				t.Errorf("calls of the last step, by the number of segments: %v", costs)
			}
		})
	}
}

// To append a record or to find the newest one takes as many calls of the file system on a
// long log as on a short one.
func TestCostOfOpening(t *testing.T) {
	for name, fn := range map[string]func(*testing.T, string, FS, Sequence){
		"append": func(t *testing.T, dir string, fsys FS, next Sequence) {
			w, err := OpenWriter(t.Context(), dir, Options{FS: fsys, Machine: "m"})
			testutil.NoError(t, err)
			appendTexts(t, w, next, next)
			testutil.NoError(t, w.Close())
		},
		"newest": func(t *testing.T, dir string, fsys FS, next Sequence) {
			l, err := OpenContext(t.Context(), dir, fsys)
			testutil.NoError(t, err)
			got, err := l.NextSeq()
			testutil.NoError(t, err)
			wantEqual(t, got, next)
		},
	} {
		t.Run(name, func(t *testing.T) {
			costs := map[int]int{}
			for _, sealed := range []int{20, 200} {
				dir, fsys := manySegments(t, sealed), newCallsFS()
				fn(t, dir, fsys, Sequence(sealed)+2)
				costs[sealed] = *fsys.calls
			}
			if costs[20] != costs[200] || costs[20] == 0 {
				t.Errorf("calls, by the number of segments: %v", costs)
			}
		})
	}
}

// Between two steps other processes may change the log.
func TestStepsBesideOthers(t *testing.T) {
	begin := func(t *testing.T) (*Maintenance, string) {
		dir := manySegments(t, 6)
		m := NewMaintenance(dir, Options{})
		_, err := m.Compress(t.Context(), 1, Zstd)
		testutil.NoError(t, err)
		return m, dir
	}
	t.Run("compressed", func(t *testing.T) {
		m, dir := begin(t)
		_, err := Compress(t.Context(), dir, 2, Gzip, Options{})
		testutil.NoError(t, err)
		c, err := m.Compress(t.Context(), 2, Zstd)
		testutil.NoError(t, err)
		wantEqual(t, c, Change{})
		if _, err := os.Lstat(filepath.Join(dir, fileName(2, Gzip))); err != nil {
			t.Error(err)
		}
	})
	t.Run("retired", func(t *testing.T) {
		m, dir := begin(t)
		_, err := Retire(t.Context(), dir, 4, Options{})
		testutil.NoError(t, err)
		_, err = m.Compress(t.Context(), 2, Zstd)
		testutil.ErrorIs(t, err, ErrRetired)
		_, err = m.Retire(t.Context(), 3)
		testutil.NoError(t, err)
		changes, err := m.Retire(t.Context(), 5)
		testutil.NoError(t, err)
		wantEqual(t, len(changes), 1)
		if got, want := bases(t, dir), []Sequence{5, 6, 7}; !slices.Equal(got, want) {
			t.Errorf("segments %v, want %v", got, want)
		}
	})
	t.Run("configured", func(t *testing.T) {
		m, dir := begin(t)
		_, err := Configure(t.Context(), dir, Settings{"max-records": "3"}, nil)
		testutil.NoError(t, err)
		_, err = m.Retire(t.Context(), 3)
		testutil.NoError(t, err)
		if got := openLog(t, dir).Marker.Settings.Get("max-records"); got != "3" {
			t.Errorf("max-records is %q, another process set it to 3", got)
		}
	})
	t.Run("replaced", func(t *testing.T) {
		m, dir := begin(t)
		testutil.NoError(t, os.Rename(dir, dir+".old"))
		testutil.NoError(t, os.Rename(manySegments(t, 6), dir))
		_, err := m.Retire(t.Context(), 3)
		testutil.ErrorIs(t, err, ErrReplaced)
	})
	t.Run("the next segment is gone", func(t *testing.T) {
		m, dir := begin(t)
		for _, name := range (stem{base: 3}).all() {
			testutil.NoError(t, vfs.RemoveIfExists(OS{}, filepath.Join(dir, name)))
		}
		_, err := m.Retire(t.Context(), 3)
		testutil.ErrorIs(t, err, ErrCorrupt)
		wantEqual(t, openLog(t, dir).Marker.FirstSeq, 2)
	})
	t.Run("archived", func(t *testing.T) {
		m, dir := begin(t)
		to := newDir(t)
		for before := range Sequence(3) { // the third step uses the listing of the archive
			_, err := m.Archive(t.Context(), to, before+2)
			testutil.NoError(t, err)
		}
		_, err := Archive(t.Context(), dir, to, 5, Options{})
		testutil.NoError(t, err)
		_, err = m.Archive(t.Context(), to, 7)
		testutil.NoError(t, err)
		wantTexts(t, to, texts(1, 6))
	})
}
