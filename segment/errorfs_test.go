package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// opKind is a kind of operation that faultFS can fail.
type opKind int

const (
	opWrite      opKind = iota // nothing is written
	opShortWrite               // half is written
	opLateWrite                // all is written, and yet it fails
	opDatasync
	opSync
	opSyncDir
	opOpen
	opRename
	opRemove
	opTruncate
	opLstat
	opKinds
)

var opNames = [opKinds]string{"write", "short write", "late write", "datasync", "sync", "syncdir", "open", "rename", "remove", "truncate", "lstat"}

// fault says which operation of a kind fails, from 1, how many from there on
// (0: one; -1: all), and how.
type fault struct {
	kind opKind
	at   int
	more int
	err  syscall.Errno
}

// faultFS is the machine's file system with one fault.
type faultFS struct {
	noSync
	mu     sync.Mutex
	fault  fault
	seen   int
	fired  int
	failed map[string]bool // files whose sync failed
	again  []string        // of those, the ones that were synced once more
}

func (f *faultFS) fail(x fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault, f.seen, f.fired = x, 0, 0
}

// heal ends the fault.
func (f *faultFS) heal() { f.fail(fault{}) }

func (f *faultFS) hit(kind opKind, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	syncs := kind == opSync || kind == opDatasync
	if syncs && f.failed[name] {
		f.again = append(f.again, name)
	}
	if kind != f.fault.kind || f.fault.err == 0 {
		return nil
	}
	f.seen++
	if f.seen < f.fault.at || (f.fault.more >= 0 && f.seen > f.fault.at+f.fault.more) {
		return nil
	}
	f.fired++
	if syncs {
		if f.failed == nil {
			f.failed = map[string]bool{}
		}
		f.failed[name] = true
	}
	return &fs.PathError{Op: opNames[kind], Path: name, Err: f.fault.err}
}

func (f *faultFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	if flag&(os.O_RDWR|os.O_CREATE) != 0 && filepath.Base(name) != lockName { // LOCK is for messages
		if err := f.hit(opOpen, name); err != nil {
			return nil, err
		}
	}
	file, err := f.noSync.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &faultFile{file, name, f}, nil
}

func (f *faultFS) Rename(from, to string) error {
	if err := f.hit(opRename, from); err != nil {
		return err
	}
	return f.noSync.Rename(from, to)
}

func (f *faultFS) Remove(name string) error {
	if err := f.hit(opRemove, name); err != nil {
		return err
	}
	f.mu.Lock()
	delete(f.failed, name) // what is made there next is another file
	f.mu.Unlock()
	return f.noSync.Remove(name)
}

func (f *faultFS) SyncDir(name string) error { return f.hit(opSyncDir, name) }

func (f *faultFS) Lstat(name string) (fs.FileInfo, error) {
	if err := f.hit(opLstat, name); err != nil {
		return nil, err
	}
	return f.noSync.Lstat(name)
}

type faultFile struct {
	File
	name string
	fs   *faultFS
}

func (f *faultFile) WriteAt(b []byte, at int64) (int, error) {
	if filepath.Base(f.name) == lockName {
		return f.File.WriteAt(b, at)
	}
	for kind, n := range map[opKind]int{opWrite: 0, opShortWrite: len(b) / 2, opLateWrite: len(b)} {
		if err := f.fs.hit(kind, f.name); err != nil {
			if _, e := f.File.WriteAt(b[:n], at); e != nil {
				return 0, e
			}
			if kind == opLateWrite {
				n = 0 // nobody knows how much there is
			}
			return n, err
		}
	}
	return f.File.WriteAt(b, at)
}

func (f *faultFile) Datasync() error { return f.fs.hit(opDatasync, f.name) }
func (f *faultFile) Sync() error     { return f.fs.hit(opSync, f.name) }

func (f *faultFile) Truncate(size int64) error {
	if filepath.Base(f.name) != lockName {
		if err := f.fs.hit(opTruncate, f.name); err != nil {
			return err
		}
	}
	return f.File.Truncate(size)
}

// everyFault calls run with the fault at operation 1, 2, … of each kind until
// one run sees none, or some have failed.
func everyFault(t *testing.T, run func(t *testing.T, fsys *faultFS)) {
	for kind := range opKinds {
		for _, x := range []fault{{kind, 0, 0, syscall.ENOSPC}, {kind, 0, -1, syscall.EIO}} {
			name := fmt.Sprintf("%s %v", opNames[kind], x.err)
			failures := 0
			for fired := true; fired && failures < 3; {
				x.at++
				if !t.Run(fmt.Sprintf("%s at %d", name, x.at), func(t *testing.T) {
					fsys := &faultFS{}
					fsys.fail(x)
					run(t, fsys)
					fired = fsys.fired > 0
				}) {
					failures++
				}
			}
		}
	}
}

// history is what a run submitted, in order, and what of it was acknowledged.
type history struct {
	submitted []string
	acked     map[Sequence]string
}

func (h *history) append(t *testing.T, w *Writer, fsys *faultFS, n Sequence) error {
	t.Helper()
	value := text(n)
	h.submitted = append(h.submitted, value)
	ack, err := w.Append([]byte(value))
	switch {
	case err == nil:
		h.acked[ack.Seq] = value
	case !errors.Is(err, fsys.fault.err):
		t.Errorf("record %d: the cause, %v, is not in the error: %v", n, fsys.fault.err, err)
	}
	return err
}

// holds checks the invariants on the disk that a run has left: I1 what was
// acknowledged is there, I2 what is there was submitted, in order and once, and
// I3 a second recovery changes nothing.
func (h *history) holds(t *testing.T, dir string) {
	t.Helper()
	check(t, openWriter(t, dir).Close())
	before := snapshot(t, dir)
	w := openWriter(t, dir)
	if r := w.Recovery(); !r.Nothing() {
		t.Errorf("second recovery: %+v", r)
	}
	next := w.NextSeq()
	wantSame(t, before, snapshot(t, dir), "a second recovery")

	good, bad := contents(t, dir)
	for seq, err := range bad {
		t.Errorf("record %d: %v", seq, err)
	}
	for seq, value := range h.acked {
		if good[seq] != value {
			t.Errorf("record %d was acknowledged as %q, found %q", seq, value, good[seq])
		}
	}
	at := 0
	for seq := Sequence(1); seq < next; seq++ {
		for at < len(h.submitted) && h.submitted[at] != good[seq] {
			at++
		}
		if at == len(h.submitted) {
			t.Errorf("record %d: %q was not submitted, or out of order, or twice", seq, good[seq])
			return
		}
		at++
	}
	appendTexts(t, w, next, next+3)
	check(t, w.Close())
}

func notRetried(t *testing.T, fsys *faultFS) {
	t.Helper()
	for _, name := range fsys.again {
		t.Errorf("%s was synced again after a failed sync", filepath.Base(name))
	}
}

func TestFaults(t *testing.T) {
	for _, policy := range []string{"always", "none"} {
		t.Run(policy, func(t *testing.T) {
			everyFault(t, func(t *testing.T, fsys *faultFS) {
				dir := filepath.Join(t.TempDir(), "log")
				h := history{acked: map[Sequence]string{}}
				o := options(Settings{"segment-size": "200", "sync": policy})
				o.FS = fsys
				w, err := Create(dir, o)
				if err == nil {
					for n := range Sequence(5) {
						_ = h.append(t, w, fsys, n+1)
					}
					_ = w.Close()
				} else if !errors.Is(err, fsys.fault.err) {
					t.Errorf("Create: the cause, %v, is not in the error: %v", fsys.fault.err, err)
				}
				notRetried(t, fsys)
				if _, err := Open(dir, nil); err != nil { // complete, or no log
					wantIs(t, err, ErrNoLog)
					check(t, create(t, dir, Settings{"segment-size": "200"}).Close())
				}
				h.holds(t, dir)
			})
		})
	}
}

// A full disk poisons nobody, unless it is an fsync that tells of it or what
// was written can't be taken back.
func TestNoSpaceEnds(t *testing.T) {
	for _, policy := range []string{"always", "none"} {
		for _, kind := range []opKind{opWrite, opShortWrite, opLateWrite, opOpen} {
			t.Run(policy+" "+opNames[kind], func(t *testing.T) {
				for at := 1; ; at++ {
					dir, fsys := filepath.Join(t.TempDir(), "log"), &faultFS{}
					o := options(Settings{"segment-size": "200"})
					o.FS = fsys
					w, err := Create(dir, o)
					check(t, err)
					check(t, w.Close())
					o.Settings = Settings{"sync": policy}
					w, err = OpenWriter(t.Context(), dir, o)
					check(t, err)
					h := history{acked: map[Sequence]string{}}
					fsys.fail(fault{kind, at, 3, syscall.ENOSPC})
					for n := range Sequence(8) {
						if err := h.append(t, w, fsys, n+1); err != nil && !NoRoom(err) {
							t.Errorf("NoRoom does not know %v", err)
						}
					}
					fired := fsys.fired
					fsys.heal()
					if err := h.append(t, w, fsys, 50); err != nil {
						t.Errorf("at operation %d: there is room again, and yet: %v", at, err)
					}
					check(t, w.Close())
					h.holds(t, dir)
					if t.Failed() || fired == 0 {
						return
					}
				}
			})
		}
	}
}

// A record that was refused leaves nothing behind that a later one could be
// mistaken for, also if its index entry can't be taken back.
func TestIndexWriteAndTruncateFail(t *testing.T) {
	dir, fsys := newDir(t), &indexFaultFS{}
	o := options(nil)
	o.FS = fsys
	w, err := Create(dir, o)
	check(t, err)
	h := history{acked: map[Sequence]string{}}
	plain := &faultFS{}
	plain.fault.err = syscall.EIO
	check(t, h.append(t, w, plain, 1))
	fsys.on = true
	for n := Sequence(2); n <= 4; n++ {
		h.submitted = append(h.submitted, text(n))
		_, err = w.Write([]byte(text(n)), nil)
		check(t, err)
	}
	wantIs(t, w.Commit(), syscall.EIO)
	fsys.on = false
	for n := Sequence(10); n <= 11; n++ {
		_ = h.append(t, w, plain, n)
	}
	_ = w.Close()
	h.holds(t, dir)
	openWriter(t, dir)
	if good, _ := contents(t, dir); len(good) < len(h.acked) {
		t.Errorf("%d records, %d were acknowledged", len(good), len(h.acked))
	}
}

// indexFaultFS writes to an index and then says that it could not, and can't
// truncate it.
type indexFaultFS struct {
	noSync
	on bool
}

type indexFaultFile struct {
	File
	fs *indexFaultFS
}

func (f *indexFaultFS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	file, err := f.noSync.OpenFile(name, flag, perm)
	if err != nil || !strings.HasSuffix(name, indexSuffix) {
		return file, err
	}
	return indexFaultFile{file, f}, nil
}

func (f indexFaultFile) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(b, at)
	if err == nil && f.fs.on {
		return 0, syscall.EIO
	}
	return n, err
}

func (f indexFaultFile) Truncate(size int64) error {
	if f.fs.on {
		return syscall.EIO
	}
	return f.File.Truncate(size)
}

// Recovery that fails or is cut short anywhere is done by the next one.
func TestFaultsDuringRecovery(t *testing.T) {
	model := newCrashed(t, nil, func(*Writer) {})
	check(t, os.Truncate(model.index, int64(entryAt(8)+7)))
	model.appendText(t, line10and11()+"[1")
	everyFault(t, func(t *testing.T, fsys *faultFS) {
		dir := copyOf(t, model.dir)
		h := history{acked: texts(1, crashLast)}
		for n := range Sequence(11) {
			h.submitted = append(h.submitted, text(n+1))
		}
		o := options(nil)
		o.FS = fsys
		w, err := OpenWriter(t.Context(), dir, o)
		if err == nil {
			for n := range Sequence(4) { // over a roll
				_ = h.append(t, w, fsys, 12+n)
			}
			_ = w.Close()
		} else if !errors.Is(err, fsys.fault.err) {
			t.Errorf("the cause, %v, is not in the error: %v", fsys.fault.err, err)
		}
		notRetried(t, fsys)
		h.holds(t, dir)
	})
}

// Damage that a recovery found and could not deal with is found again by the next.
func TestFaultsDuringRecoveryOfDamage(t *testing.T) {
	model := newCrashed(t, nil, func(*Writer) {})
	model.appendText(t, "{!}\n"+text(11)+"\n")
	everyFault(t, func(t *testing.T, fsys *faultFS) {
		dir := copyOf(t, model.dir)
		o := options(nil)
		o.FS = fsys
		w, err := OpenWriter(t.Context(), dir, o)
		told := errors.Is(err, ErrCorrupt)
		if err == nil {
			told = len(w.recovery.Damage) == 1
			_ = w.Close()
		}
		fired := fsys.fired
		fsys.heal()
		defer func() { fsys.fired = fired }()
		w = openWriter(t, dir)
		told = told || len(w.Recovery().Damage) == 1
		check(t, w.Close())
		if !told {
			t.Errorf("nobody was told of the damage; the first recovery said %v", err)
		}
		if l := openLog(t, dir); l.Segments[1].Base != crashFirst || !l.Segments[1].Sealed {
			t.Error("the damaged segment is written on")
		}
		good, bad := contents(t, dir)
		want := texts(1, 11)
		delete(want, 10)
		wantGood(t, good, want)
		if len(bad) != 1 || !errors.Is(bad[10], ErrCorrupt) {
			t.Errorf("can't be read: %v, want record 10", bad)
		}
	})
}
