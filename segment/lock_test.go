package segment

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/internal/vfs"
)

// TestLockOfReplacedFile replaces the lock file again and again. A process that has waited
// for the lock of a file must not get it if another file has the name now: two processes
// would hold the lock.
func TestLockOfReplacedFile(t *testing.T) {
	dir := t.TempDir()
	testLockOfReplacedFile(t, dir, OS{})
	held, release, err := vfs.Hold(OS{}, dir)
	testutil.NoError(t, err)
	testLockOfReplacedFile(t, dir, held)
	testutil.NoError(t, release())
}

func testLockOfReplacedFile(t *testing.T, dir string, fsys FS) {
	name := filepath.Join(dir, "HISTLOG")
	testutil.NoError(t, os.WriteFile(name, nil, 0o644))
	takers, times := 4, testutil.Rounds(20, 100)
	var within atomic.Int32
	var all sync.WaitGroup
	for k := range takers {
		all.Go(func() {
			next := filepath.Join(dir, string(rune('a'+k)))
			for taken := 0; taken < times; {
				unlock, ok, err := fsys.TryLock(name)
				if err != nil {
					t.Error(err)
					return
				}
				if !ok {
					continue
				}
				taken++
				if n := within.Add(1); n > 1 {
					t.Errorf("%d hold the lock", n)
				}
				time.Sleep(20 * time.Microsecond)
				within.Add(-1)
				if os.WriteFile(next, nil, 0o644) != nil || os.Rename(next, name) != nil || unlock() != nil {
					t.Error("the file could not be replaced")
				}
			}
		})
	}
	all.Wait()
}

func TestSecondWriter(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	for name, open := range map[string]func() error{
		"OpenWriter": func() error { _, err := OpenWriter(t.Context(), dir, options(nil)); return err },
		"NewDraft":   func() error { _, err := NewDraft(t.Context(), dir, options(nil)); return err },
		"waiting": func() error {
			o := options(nil)
			o.LockWait = 30 * time.Millisecond
			_, err := OpenWriter(t.Context(), dir, o)
			return err
		},
	} {
		err := open()
		testutil.ErrorIs(t, err, ErrLocked)
		var locked *LockedError
		if !errors.As(err, &locked) || locked.PID != os.Getpid() || locked.Command != "test" || !locked.Since.Equal(newClock().Now()) || locked.Dir != dir {
			t.Errorf("%s: got %v, want a *LockedError that names pid %d and command test", name, err, os.Getpid())
		}
	}
	if b := testutil.ReadFile(t, filepath.Join(dir, filename.Lock)); len(b) == 0 {
		t.Error("a failed attempt changed LOCK")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := options(nil)
	o.LockWait = time.Hour
	for name, open := range map[string]func() error{
		"OpenWriter": func() error { _, err := OpenWriter(ctx, dir, o); return err },
		"Create":     func() error { _, err := Create(ctx, dir, o); return err },
		"NewDraft":   func() error { _, err := NewDraft(ctx, dir, o); return err },
	} {
		if err := open(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that has ended: %v", name, err)
		}
	}

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
	testutil.NoError(t, w.Close())
	testutil.NoError(t, <-done)
}

// TestLockContent checks that the content of LOCK, which is only for messages, does not
// keep a writer from opening the log.
func TestLockContent(t *testing.T) {
	for name, put := range map[string]func(t *testing.T, path string){
		"stale":   func(t *testing.T, path string) { testutil.WriteFile(t, path, []byte(`{"pid":1,"command":"init"}`)) },
		"garbage": func(t *testing.T, path string) { testutil.WriteFile(t, path, bytes.Repeat([]byte("\x00{"), 9000)) },
		"removed": func(t *testing.T, path string) { testutil.NoError(t, os.Remove(path)) },
		"directory": func(t *testing.T, path string) {
			testutil.NoError(t, os.Remove(path))
			testutil.NoError(t, os.Mkdir(path, 0o755))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, nil)
			put(t, filepath.Join(dir, filename.Lock))
			_, err := OpenWriter(t.Context(), dir, options(nil))
			testutil.ErrorIs(t, err, ErrLocked)
			testutil.NoError(t, w.Close())
			appendTexts(t, openWriter(t, dir), 1, 1)
		})
	}
}
