package segment

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// A writer that waits is seen by the one that holds the lock, and gets it before
// that one gets it again. No note is left.
func TestTurn(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	if w.Wanted() {
		t.Error("wanted by nobody")
	}
	o := options(nil)
	o.LockWait = time.Minute
	order := make(chan string, 2)
	var all sync.WaitGroup
	all.Go(func() {
		second, err := OpenWriter(t.Context(), dir, o)
		if err != nil {
			t.Error(err)
			return
		}
		order <- "second"
		time.Sleep(20 * time.Millisecond)
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	})
	for !w.Wanted() {
		time.Sleep(time.Millisecond)
	}
	testutil.NoError(t, w.Close())
	w, err := OpenWriter(t.Context(), dir, o)
	testutil.NoError(t, err)
	order <- "first, again"
	all.Wait()
	if got := <-order; got != "second" {
		t.Errorf("the lock went to the %s", got)
	}
	if w.Wanted() {
		t.Error("wanted by nobody")
	}
	testutil.NoError(t, w.Close())
	if _, err := os.Lstat(filepath.Join(dir, filename.Waiting)); !missing(err) {
		t.Errorf("a note is left: %v", err)
	}
}

// Many writers that each open the log again and again all get their turns.
func TestManyTurns(t *testing.T) {
	dir := newDir(t)
	testutil.NoError(t, create(t, dir, nil).Close())
	const writers, turns = 5, 6
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			o := options(nil)
			o.LockWait = time.Minute
			for range turns {
				w, err := OpenWriter(t.Context(), dir, o)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := w.Append(t.Context(), []byte(`1`)); err != nil {
					t.Error(err)
				}
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if next, err := openLog(t, dir).NextSeq(); err != nil || next != writers*turns+1 {
		t.Errorf("next %d, %v", next, err)
	}
}

// A note that a killed writer left asks for nothing, and is removed. Where no note
// can be left, a writer waits without.
func TestWaitingNote(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, nil)
	note := filepath.Join(dir, filename.Waiting)
	testutil.WriteFile(t, note, nil)
	if w.Wanted() {
		t.Error("wanted by nobody")
	}
	if _, err := os.Lstat(note); !missing(err) {
		t.Errorf("it is left: %v", err)
	}
	testutil.NoError(t, os.Mkdir(note, 0o755))
	testutil.NoError(t, os.WriteFile(filepath.Join(note, "x"), nil, 0o644))
	o := options(nil)
	o.LockWait = time.Millisecond
	_, err := OpenWriter(t.Context(), dir, o)
	testutil.ErrorIs(t, err, ErrLocked)
	testutil.NoError(t, w.Close())
	w, err = OpenWriter(t.Context(), dir, o)
	testutil.NoError(t, err)
	testutil.NoError(t, w.Close())
}
