//go:build unix

package vfs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/internal/vfs"
)

// hold holds a new directory, and returns its name and that of a directory outside.
func hold(t *testing.T) (fsys vfs.FS, dir, outside string) {
	t.Helper()
	dir, outside = filepath.Join(t.TempDir(), "log"), t.TempDir()
	testutil.NoError(t, os.Mkdir(dir, 0o755))
	testutil.WriteFile(t, filepath.Join(outside, "file"), []byte("precious"))
	fsys, release, err := vfs.Hold(vfs.OS{}, dir)
	testutil.NoError(t, err)
	t.Cleanup(func() { testutil.NoError(t, release()) })
	return fsys, dir, outside
}

// operations do something to dir/name, or to a file of the folder dir/name.
var operations = map[string]func(fsys vfs.FS, dir, name string) error{
	"open": func(fsys vfs.FS, dir, name string) error {
		_, err := vfs.ReadFile(fsys, filepath.Join(dir, name), 100)
		return err
	},
	"create": func(fsys vfs.FS, dir, name string) error {
		return vfs.WriteFile(fsys, filepath.Join(dir, name), []byte("x"), 0o644)
	},
	"list": func(fsys vfs.FS, dir, name string) error {
		_, err := fsys.ReadDir(filepath.Join(dir, name))
		return err
	},
	"lock": func(fsys vfs.FS, dir, name string) error {
		_, _, err := fsys.TryLock(filepath.Join(dir, name))
		return err
	},
	"sync": func(fsys vfs.FS, dir, name string) error { return fsys.SyncDir(filepath.Join(dir, name)) },
	"create in": func(fsys vfs.FS, dir, name string) error {
		return vfs.WriteFile(fsys, filepath.Join(dir, name, "new"), []byte("x"), 0o644)
	},
	"make a folder in": func(fsys vfs.FS, dir, name string) error {
		return fsys.Mkdir(filepath.Join(dir, name, "new"), 0o755)
	},
	"remove in": func(fsys vfs.FS, dir, name string) error { return fsys.Remove(filepath.Join(dir, name, "file")) },
	"rename in": func(fsys vfs.FS, dir, name string) error {
		return fsys.Rename(filepath.Join(dir, name, "file"), filepath.Join(dir, "stolen"))
	},
	"link in": func(fsys vfs.FS, dir, name string) error {
		return fsys.Link(filepath.Join(dir, name, "file"), filepath.Join(dir, "stolen"))
	},
}

// TestHoldFollowsNoLink plants a link to a file or a folder outside: every operation fails
// and changes nothing there.
func TestHoldFollowsNoLink(t *testing.T) {
	for name, operate := range operations {
		for _, target := range []string{"", "file"} {
			t.Run(name+" "+target, func(t *testing.T) {
				fsys, dir, outside := hold(t)
				testutil.NoError(t, os.Symlink(filepath.Join(outside, target), filepath.Join(dir, "name")))
				if err := operate(fsys, dir, "name"); err == nil {
					t.Error("a link was followed")
				}
				entries, err := os.ReadDir(outside)
				if err != nil || len(entries) != 1 || string(testutil.ReadFile(t, filepath.Join(outside, "file"))) != "precious" {
					t.Errorf("outside: %v, %v", entries, err)
				}
				if _, err := os.Lstat(filepath.Join(dir, "stolen")); err == nil {
					t.Error("a file came in from outside")
				}
			})
		}
	}
}

// TestHoldStays moves the directory: operations still reach it, and none the directory in
// its place. The lock says that it was moved.
func TestHoldStays(t *testing.T) {
	for name, operate := range operations {
		t.Run(name, func(t *testing.T) {
			fsys, dir, outside := hold(t)
			testutil.NoError(t, os.MkdirAll(filepath.Join(dir, "folder"), 0o755))
			testutil.WriteFile(t, filepath.Join(dir, "folder", "file"), nil)
			testutil.NoError(t, os.Rename(dir, dir+".old"))
			testutil.NoError(t, os.Symlink(outside, dir))
			if err := operate(fsys, dir, "folder"); err != nil && !errors.Is(err, vfs.ErrNotRegular) && !errors.Is(err, fs.ErrExist) && !errors.Is(err, syscall.EISDIR) {
				t.Error(err)
			}
			entries, err := os.ReadDir(outside)
			if err != nil || len(entries) != 1 {
				t.Errorf("outside: %v, %v", entries, err)
			}
			if !vfs.Moved(fsys, dir) {
				t.Error("nobody noticed")
			}
			if _, ok, err := fsys.TryLock(dir); ok || !errors.Is(err, vfs.ErrMoved) {
				t.Errorf("locked: %v, %v", ok, err)
			}
		})
	}
}

// TestHoldNames resolves the names of a held directory from it, however the directory was
// named, and no other name.
func TestHoldNames(t *testing.T) {
	t.Chdir(t.TempDir())
	testutil.NoError(t, os.MkdirAll("a/log/folder", 0o755))
	testutil.NoError(t, os.MkdirAll("a/logs", 0o755))
	absolute, err := filepath.Abs("a/log")
	testutil.NoError(t, err)
	for _, dir := range []string{"a/log", "a/log/", "./a/log", absolute} {
		fsys, release, err := vfs.Hold(vfs.OS{}, dir)
		testutil.NoError(t, err)
		testutil.NoError(t, os.Rename("a/log", "a/old"))
		for _, c := range []struct {
			name string
			held bool
		}{
			{dir, true}, {dir + "/.", true}, {filepath.Join(dir, "folder"), true}, {filepath.Join(dir, "folder") + "/.", false}, {dir + "/folder/..", false},
			{filepath.Join(dir, "none"), false}, {filepath.Join(dir, "..", "logs"), true}, {dir + "/../logs", false}, {filepath.Clean(dir) + "s", true},
		} {
			if _, err := fsys.Lstat(c.name); (err == nil) != c.held {
				t.Errorf("held as %s: %s: %v", dir, c.name, err)
			}
		}
		testutil.NoError(t, errors.Join(os.Rename("a/old", "a/log"), release()))
	}
	t.Chdir("a/log")
	fsys, release, err := vfs.Hold(vfs.OS{}, ".")
	testutil.NoError(t, err)
	testutil.NoError(t, os.Symlink(absolute, "link"))
	if err := vfs.WriteFile(fsys, "link/new", nil, 0o644); err == nil {
		t.Error("a link below the working directory was followed")
	}
	testutil.NoError(t, release())
}

// TestMakeDirOwner makes a directory with its parent's owner and exactly the mode.
func TestMakeDirOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root gives files away")
	}
	const other = 65534
	dir := t.TempDir()
	testutil.NoError(t, os.Chown(dir, other, other))
	name := filepath.Join(dir, "log")
	testutil.NoError(t, vfs.OS{}.Mkdir(name, 0o700))
	info, err := os.Stat(name)
	testutil.NoError(t, err)
	if s := info.Sys().(*syscall.Stat_t); s.Uid != other || s.Gid != other || info.Mode().Perm() != 0o700 {
		t.Errorf("%d:%d %v", s.Uid, s.Gid, info.Mode())
	}
}
