package segment

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// unfitFS is a file system that can't keep a log.
type unfitFS struct {
	testutil.NoSync
	sharedLocks bool
	syncFails   syscall.Errno
}

func (u unfitFS) TryLock(dir string) (func() error, bool, error) {
	if u.sharedLocks {
		return func() error { return nil }, true, nil
	}
	return u.NoSync.TryLock(dir)
}

func (u unfitFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := u.NoSync.OpenFile(name, flag, perm)
	if err != nil || u.syncFails == 0 {
		return f, err
	}
	return unfitFile{f, u.syncFails}, nil
}

type unfitFile struct {
	File
	err syscall.Errno
}

func (f unfitFile) Sync() error { return f.err }

// A log is not made, nor written first on a machine, where the file system can't
// keep it; reading it works.
func TestUnfitFileSystem(t *testing.T) {
	for name, fsys := range map[string]unfitFS{
		"locks that keep nobody out": {sharedLocks: true},
		"no fsync":                   {syncFails: syscall.EINVAL},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(nil)
			o.FS = fsys
			dir := filepath.Join(t.TempDir(), "log")
			_, err := Create(t.Context(), dir, o)
			testutil.ErrorIs(t, err, ErrUnfit)
			if _, err := os.Lstat(dir); !missing(err) {
				t.Errorf("it left %s", dir)
			}
			w := create(t, dir, nil)
			appendTexts(t, w, 1, 2)
			testutil.NoError(t, w.Close())
			o.Machine = "another"
			_, err = OpenWriter(t.Context(), dir, o)
			testutil.ErrorIs(t, err, ErrUnfit)
			wantTexts(t, dir, texts(1, 2))
			o.FS, o.Machine = testutil.NoSync{}, ""
			w, err = OpenWriter(t.Context(), dir, o)
			testutil.NoError(t, err)
			testutil.NoError(t, w.Close())
		})
	}
}

// The file system is not probed again where a writer was last.
func TestProbedOnce(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	testutil.NoError(t, w.Close())
	o := options(nil)
	o.FS = unfitFS{sharedLocks: true}
	w, err := OpenWriter(t.Context(), dir, o)
	testutil.NoError(t, err)
	testutil.NoError(t, w.Close())
}

// A full disk says nothing about what the file system can do.
func TestProbeOnFullDisk(t *testing.T) {
	o := options(nil)
	o.FS = unfitFS{syncFails: syscall.ENOSPC}
	if _, err := Create(t.Context(), newDir(t), o); !NoRoom(err) {
		t.Errorf("%v", err)
	}
}
