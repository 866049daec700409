//go:build unix

package segment

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// wantModes checks that every file of a log has the mode file, and every directory in it
// the mode folder.
func wantModes(t *testing.T, dir string, file, folder fs.FileMode) {
	t.Helper()
	testutil.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		testutil.NoError(t, err)
		if want := map[bool]fs.FileMode{false: file, true: folder}[d.IsDir()]; info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", d.Name(), info.Mode().Perm(), want)
		}
		return nil
	}))
}

func TestModes(t *testing.T) {
	for _, row := range []struct {
		name         string
		umask        int
		dir          fs.FileMode // 0: Create makes it
		setting      string
		file, folder fs.FileMode
	}{
		{"umask 000", 0, 0, "", 0o644, 0o755},
		{"umask 077", 0o077, 0, "", 0o600, 0o700},
		{"umask 000, private directory", 0, 0o700, "", 0o600, 0o700},
		{"umask 077, group's directory", 0o077, 0o770, "", 0o660, 0o770},
		{"umask 077, everybody's directory", 0o077, 0o777, "", 0o666, 0o777},
		{"setgid directory", 0o077, 0o770 | fs.ModeSetgid, "", 0o660, 0o770},
		{"umask 077, setting", 0o077, 0o755, "0640", 0o640, 0o755},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := newDir(t)
			defer syscall.Umask(syscall.Umask(row.umask))
			if row.dir != 0 {
				testutil.NoError(t, os.Mkdir(dir, 0o700))
				testutil.NoError(t, os.Chmod(dir, row.dir))
			}
			w := create(t, dir, Settings{"segment-size": "1", "mode": row.setting})
			appendTexts(t, w, 1, 3)
			testutil.NoError(t, w.Close())
			_, err := Configure(t.Context(), dir, Settings{"segment-size": "2"}, nil)
			testutil.NoError(t, err)
			path := filepath.Join(dir, textName(3))
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			testutil.NoError(t, err)
			_, err = f.WriteString("torn")
			testutil.NoError(t, errors.Join(err, f.Close()))
			w = openWriter(t, dir) // makes quarantine/
			appendTexts(t, w, 4, 5)
			wantModes(t, dir, row.file, row.folder)
			info, err := os.Lstat(filepath.Join(dir, filename.Quarantine))
			testutil.NoError(t, err)
			if got := info.Mode() & fs.ModeSetgid; got != row.dir&fs.ModeSetgid {
				t.Errorf("quarantine/ has setgid %v, its directory %v", got != 0, row.dir&fs.ModeSetgid != 0)
			}
		})
	}
}

// Only a new file gets a mode: who opens one that is there need not own it.
func TestExistingEmptyFileKeepsItsMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), filename.Upkeep)
	testutil.WriteFile(t, path, nil)
	testutil.NoError(t, os.Chmod(path, 0o600))
	f, err := OS{}.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	testutil.NoError(t, err)
	testutil.NoError(t, f.Close())
	info, err := os.Lstat(path)
	testutil.NoError(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("mode %v, want it as it was", info.Mode())
	}
}

// Files in a setgid directory get its group.
func TestSetgidGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give the directory another group")
	}
	dir := newDir(t)
	testutil.NoError(t, os.Mkdir(dir, 0o755))
	testutil.NoError(t, os.Chown(dir, 4321, 1234))
	testutil.NoError(t, os.Chmod(dir, 0o2770|fs.ModeSetgid))
	w := create(t, dir, Settings{"segment-size": "1"})
	appendTexts(t, w, 1, 2)
	_, err := Configure(t.Context(), dir, Settings{"segment-size": "2"}, nil)
	testutil.NoError(t, err)
	testutil.EditFile(t, w.active.path, func(b []byte) []byte { return append(b, "torn"...) })
	testutil.NoError(t, w.closeFiles())
	openWriter(t, dir)
	testutil.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		testutil.NoError(t, err)
		info, err := d.Info()
		testutil.NoError(t, err)
		owner := info.Sys().(*syscall.Stat_t)
		if owner.Uid != 4321 || owner.Gid != 1234 {
			t.Errorf("%s belongs to %d:%d, want the directory's 4321:1234", d.Name(), owner.Uid, owner.Gid)
		}
		return nil
	}))
}

// What is not a regular file is refused, and never waited for.
func TestIrregularFiles(t *testing.T) {
	kinds := map[string]func(t *testing.T, path string){
		"symlink": func(t *testing.T, path string) {
			testutil.NoError(t, os.Rename(path, path+".elsewhere"))
			testutil.NoError(t, os.Symlink(path+".elsewhere", path))
		},
		"dangling symlink": func(t *testing.T, path string) {
			testutil.NoError(t, os.Remove(path))
			testutil.NoError(t, os.Symlink(filepath.Join(filepath.Dir(path), "nowhere"), path))
		},
		"FIFO": func(t *testing.T, path string) {
			testutil.NoError(t, os.Remove(path))
			testutil.NoError(t, syscall.Mkfifo(path, 0o644))
		},
		"directory": func(t *testing.T, path string) {
			testutil.NoError(t, os.Remove(path))
			testutil.NoError(t, os.Mkdir(path, 0o755))
		},
	}
	for kind, put := range kinds {
		for _, name := range []string{filename.Marker, textName(1), indexName(1), textName(3), indexName(3)} {
			t.Run(kind+" as "+name, func(t *testing.T) {
				dir := newDir(t)
				w := create(t, dir, Settings{"segment-size": "150"})
				appendTexts(t, w, 1, 4)
				testutil.NoError(t, w.Close())
				put(t, filepath.Join(dir, name))
				before, err := os.ReadDir(dir)
				testutil.NoError(t, err)
				if err := readEverything(dir); err == nil {
					t.Error("reading did not refuse it")
				}
				if name != textName(1) && name != indexName(1) { // a writer opens only the newest
					if w, err := OpenWriter(t.Context(), dir, options(nil)); err == nil {
						t.Error("the writer did not refuse it")
						testutil.NoError(t, w.Close())
					}
				}
				after, err := os.ReadDir(dir)
				testutil.NoError(t, err)
				if len(after) != len(before) {
					t.Errorf("before: %v; after: %v", before, after)
				}
			})
		}
	}
}

func readEverything(dir string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	for _, s := range l.Segments {
		r, err := l.OpenReader(s)
		if err != nil {
			return err
		}
		for seq := s.Base; seq < r.Next(); seq++ {
			if _, err := r.Record(seq); err != nil {
				return err
			}
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	return nil
}

// A temporary or the next index that is a symlink does not lead a write elsewhere.
func TestSymlinkNotFollowedForWriting(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"segment-size": "1"})
	appendTexts(t, w, 1, 1)
	victim := filepath.Join(t.TempDir(), "victim")
	testutil.WriteFile(t, victim, []byte("precious"))
	testutil.NoError(t, os.Symlink(victim, filepath.Join(dir, indexName(2))))
	testutil.NoError(t, os.Symlink(victim, filepath.Join(dir, "."+filename.Marker+".tmp")))
	if _, err := w.Append(t.Context(), []byte(text(2))); err == nil {
		t.Error("the next index was made through a symlink")
	}
	_, _ = Configure(t.Context(), dir, Settings{"segment-size": "2"}, nil)
	if got := string(testutil.ReadFile(t, victim)); got != "precious" {
		t.Errorf("the file behind the symlink holds %q", got)
	}
}
