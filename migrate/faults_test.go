package migrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// failFS is the machine's file system until its operation number at, which fails with EIO.
// If forever is set, all later ones fail, too, as if the process had been killed.
type failFS struct {
	testutil.NoSync
	mu      sync.Mutex
	at, n   int
	forever bool
	what    string // the operation that failed first
}

func (f *failFS) hit(what, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n++; f.n < f.at || (f.n > f.at && !f.forever) {
		return nil
	}
	if f.what == "" {
		f.what = what + " " + name
	}
	return &fs.PathError{Op: what, Path: name, Err: syscall.EIO}
}

func (f *failFS) OpenFile(name string, flag int, perm fs.FileMode) (segment.File, error) {
	if err := f.hit("open", name); err != nil {
		return nil, err
	}
	file, err := f.NoSync.OpenFile(name, flag, perm)
	return &failFile{file, name, f}, err
}

func (f *failFS) Lstat(name string) (fs.FileInfo, error) {
	if err := f.hit("lstat", name); err != nil {
		return nil, err
	}
	return f.NoSync.Lstat(name)
}

func (f *failFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.hit("readdir", name); err != nil {
		return nil, err
	}
	return f.NoSync.ReadDir(name)
}

func (f *failFS) Mkdir(name string, perm fs.FileMode) error {
	if err := f.hit("mkdir", name); err != nil {
		return err
	}
	return f.NoSync.Mkdir(name, perm)
}

func (f *failFS) Rename(from, to string) error {
	if err := f.hit("rename", from); err != nil {
		return err
	}
	return f.NoSync.Rename(from, to)
}

func (f *failFS) Remove(name string) error {
	if err := f.hit("remove", name); err != nil {
		return err
	}
	return f.NoSync.Remove(name)
}

func (f *failFS) SyncDir(name string) error { return f.hit("syncdir", name) }

func (f *failFS) TryLock(dir string) (func() error, bool, error) {
	if err := f.hit("lock", dir); err != nil {
		return nil, false, err
	}
	return f.NoSync.TryLock(dir)
}

type failFile struct {
	segment.File
	name string
	fs   *failFS
}

// A WriteAt that fails has written half of the bytes.
func (f *failFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.fs.hit("write", f.name); err != nil {
		n, _ := f.File.WriteAt(b[:len(b)/2], at)
		return n, err
	}
	return f.File.WriteAt(b, at)
}

func (f *failFile) ReadAt(b []byte, at int64) (int, error) {
	if err := f.fs.hit("read", f.name); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, at)
}

func (f *failFile) Sync() error     { return f.fs.hit("sync", f.name) }
func (f *failFile) Datasync() error { return f.fs.hit("datasync", f.name) }
func (f *failFile) Truncate(size int64) error {
	return errors.Join(f.fs.hit("truncate", f.name), f.File.Truncate(size))
}

func TestEveryOperationFails(t *testing.T) {
	all := numbered(1, 5)
	for _, s := range []struct {
		name, text string
		records    int
		o          Options
		sources    int // in how many files the text is; 0 means in one
	}{
		{"one pass", history(all), 5, Options{Verify: VerifyRoundtrip}, 0},
		{"two passes", ndjson(all), 5, Options{}, 0},
		{"salvage", ndjson(all) + "!", 5, Options{Salvage: true}, 0},
		{"two sources", ndjson(all), 5, Options{Verify: VerifyRoundtrip}, 2},
	} {
		s.o.Settings = segment.Settings{"segment-size": "150"}
		for _, forever := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/forever %v", s.name, forever), func(t *testing.T) {
				t.Parallel()
				s := s // each run has sources of its own
				p := newPlace(t)
				p.write(s.text)
				if s.sources > 0 {
					s.o.Sources = p.writeSources(ndjson(all[:2]), ndjson(all[2:]))
				}
				failures := 0
				for at := 1; failures < 10; at++ {
					testutil.NoError(t, os.RemoveAll(p.dir))
					fsys := &failFS{at: at, forever: forever}
					o := s.o
					o.FS = fsys
					_, err := Run(t.Context(), p.options(o))
					if fsys.what == "" {
						testutil.NoError(t, err)
						if at < 50 {
							t.Errorf("only %d operations", at)
						}
						return
					}
					if bad := p.afterFault(err, fsys, all[:s.records], s.o); bad != "" {
						failures++
						t.Errorf("operation %d, %s: %s (%v)", at, fsys.what, bad, err)
					}
				}
			})
		}
	}
}

// clearing reports whether the operation that failed was one of clearing the draft.
func (f *failFS) clearing(dir string, openErr error) bool {
	what, _, _ := strings.Cut(f.what, " ")
	return f.what == "remove "+dir || (errors.Is(openErr, segment.ErrDraft) && (what == "remove" || what == "readdir" || what == "syncdir"))
}

// afterFault returns what is wrong with what a failed Run has left.
func (p *place) afterFault(err error, fsys *failFS, want []string, o Options) string {
	l, openErr := segment.OpenContext(context.Background(), p.dir, testutil.NoSync{})
	if err != nil && !errors.Is(err, syscall.EIO) {
		return "its cause is not in the error"
	}
	if openErr == nil {
		if err != nil && !fsys.forever {
			return "there is a log"
		}
		n := 0
		for rec, err := range records(l, 0) {
			if err != nil || n >= len(want) || string(rec.Text) != want[n] {
				return fmt.Sprintf("a log whose record %d is %q, %v", n+1, rec.Text, err)
			}
			n++
		}
		if n != len(want) {
			return fmt.Sprintf("a log of %d records", n)
		}
		return ""
	}
	switch {
	case err == nil:
		return fmt.Sprintf("no error, and yet no log: %v", openErr)
	case !errors.Is(openErr, segment.ErrNoLog):
		return fmt.Sprintf("it is %v, want no log", openErr)
	}
	if _, err := os.Lstat(p.dir); err == nil && !fsys.forever && !fsys.clearing(p.dir, openErr) {
		return "the directory was left behind"
	}
	if _, err := Run(p.Context(), p.options(o)); err != nil {
		return fmt.Sprintf("the next run: %v", err)
	}
	if got := p.texts(); len(got) != len(want) {
		return fmt.Sprintf("the next run: %d records", len(got))
	}
	return ""
}
