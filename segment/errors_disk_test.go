package segment

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
)

// A badDisk fails one operation on the files whose path ends in suffix.
type badDisk struct {
	testutil.NoSync
	op, suffix string
}

func (d badDisk) fail(op, path string) error {
	if op == d.op && strings.HasSuffix(path, d.suffix) {
		return &fs.PathError{Op: op, Path: path, Err: syscall.EIO}
	}
	return nil
}

func (d badDisk) OpenFile(path string, flag int, perm fs.FileMode) (File, error) {
	if err := d.fail("open", path); err != nil {
		return nil, err
	}
	f, err := d.NoSync.OpenFile(path, flag, perm)
	if err != nil {
		return nil, err
	}
	return badFile{f, d, path}, nil
}

func (d badDisk) ReadDir(path string) ([]fs.DirEntry, error) {
	if err := d.fail("readdir", path); err != nil {
		return nil, err
	}
	return d.NoSync.ReadDir(path)
}

func (d badDisk) Rename(from, to string) error {
	if err := d.fail("rename", to); err != nil {
		return err
	}
	return d.NoSync.Rename(from, to)
}

func (d badDisk) Remove(path string) error {
	if err := d.fail("remove", path); err != nil {
		return err
	}
	return d.NoSync.Remove(path)
}

func (d badDisk) Mkdir(path string, perm fs.FileMode) error {
	if err := d.fail("mkdir", path); err != nil {
		return err
	}
	return d.NoSync.Mkdir(path, perm)
}

type badFile struct {
	File
	disk badDisk
	path string
}

func (f badFile) ReadAt(b []byte, at int64) (int, error) {
	if err := f.disk.fail("read", f.path); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, at)
}

func (f badFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.disk.fail("write", f.path); err != nil {
		return 0, err
	}
	return f.File.WriteAt(b, at)
}

// A failure of the disk while a log is read or copied is a DiskError, so that a program
// need not know what the library called.
func TestDiskErrorsOfReading(t *testing.T) {
	list := func(l *Log, _ string) error { return l.Refresh() }
	record := func(l *Log, _ string) error {
		r, err := l.OpenReader(l.Segments[0])
		if err != nil {
			return err
		}
		_, err = r.Record(2)
		return errors.Join(err, r.Close())
	}
	verify := func(l *Log, _ string) error {
		_, err := l.Verify(t.Context(), l.Segments[0], nil)
		return err
	}
	snapshot := func(l *Log, to string) error {
		_, err := Snapshot(t.Context(), l.Dir, to, nil, Options{FS: l.fs})
		return err
	}
	for name, row := range map[string]struct {
		op, suffix string
		do         func(l *Log, to string) error
		want       string
	}{
		"list":                {"readdir", "/log", list, OpRead},
		"HISTLOG":             {"open", "/HISTLOG", list, OpRead},
		"open a segment":      {"open", textName(1), record, OpRead},
		"open an index":       {"open", indexName(1), record, OpRead},
		"read a record":       {"read", textName(1), record, OpRead},
		"read an index":       {"read", indexName(1), record, OpRead},
		"verify":              {"read", textName(1), verify, OpRead},
		"snapshot: directory": {"mkdir", "/copy", snapshot, OpSnapshot},
		"snapshot: a file":    {"open", "/copy/.HISTLOG.draft", snapshot, OpSnapshot},
		"snapshot: a segment": {"read", ".ndjson", snapshot, OpSnapshot},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newLog(t, 5)
			l := openLog(t, dir)
			l.fs = badDisk{op: row.op, suffix: row.suffix}
			err := row.do(l, filepath.Join(t.TempDir(), "copy"))
			var disk *DiskError
			if !errors.As(err, &disk) || disk.Op != row.want || !errors.Is(err, syscall.EIO) {
				t.Errorf("got %v (%T), want a DiskError of %q", err, err, row.want)
			}
		})
	}
}

// A failure of the disk while a log is made is a DiskError, too, and so is one of the probe.
func TestDiskErrorsOfCreating(t *testing.T) {
	create := func(o Options, dir string) error {
		w, err := Create(t.Context(), dir, o)
		if err != nil {
			return err
		}
		return w.Close()
	}
	draft := func(do func(*Draft) error) func(Options, string) error {
		return func(o Options, dir string) error {
			d, err := NewDraft(t.Context(), dir, o)
			testutil.NoError(t, err)
			return errors.Join(do(d), d.Discard())
		}
	}
	origin := draft(func(d *Draft) error {
		f, err := d.CreateOrigin("prefix")
		if err != nil {
			return err
		}
		_, err = f.Write(make([]byte, 1<<20))
		return errors.Join(err, f.Close())
	})
	quarantine := draft(func(d *Draft) error {
		f, err := d.CreateQuarantine(0)
		if err != nil {
			return err
		}
		return f.Close()
	})
	discard := draft(func(*Draft) error { return nil })
	open := func(o Options, dir string) error {
		testutil.NoError(t, create(options(nil), dir))
		o.Machine = "another machine"
		_, err := OpenWriter(t.Context(), dir, o)
		return err
	}
	checkEmpty := func(o Options, dir string) error {
		testutil.NoError(t, create(options(nil), dir))
		return CheckEmpty(dir, o.FS)
	}
	for name, row := range map[string]struct {
		op, suffix string
		do         func(o Options, dir string) error
		want       string
	}{
		"the directory":           {"mkdir", "/log", create, OpCreate},
		"the probe":               {"write", "/.probe", create, OpProbe},
		"the end of the probe":    {"remove", "/.probe", create, OpProbe},
		"the probe of a writer":   {"write", "/.probe", open, OpProbe},
		"the mark":                {"open", "/.HISTLOG.draft", create, OpCreate},
		"the first segment":       {"open", textName(1), create, OpCreate},
		"HISTLOG":                 {"rename", "/HISTLOG", create, OpCreate},
		"a folder of origin":      {"mkdir", "/origin", origin, OpCreate},
		"a file of origin":        {"open", "/origin/prefix", origin, OpCreate},
		"bytes of origin":         {"write", "/origin/prefix", origin, OpCreate},
		"a file of quarantine":    {"open", "/.source.tmp", quarantine, OpCreate},
		"the name in quarantine":  {"rename", "-0-0-00000000", quarantine, OpCreate},
		"a draft to discard":      {"remove", textName(1), discard, OpCreate},
		"is the directory empty?": {"readdir", "/log", checkEmpty, OpRead},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(nil)
			o.FS = badDisk{op: row.op, suffix: row.suffix}
			err := row.do(o, filepath.Join(t.TempDir(), "log"))
			var disk *DiskError
			if !errors.As(err, &disk) || disk.Op != row.want || !errors.Is(err, syscall.EIO) {
				t.Errorf("got %v (%T), want a DiskError of %q", err, err, row.want)
			}
		})
	}
}
