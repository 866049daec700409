package segment

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// waitStaged waits until so many callers wait for the writer's next commit.
func waitStaged(t *testing.T, w *Writer, n int) {
	t.Helper()
	for range 1000 {
		w.lock()
		waiting := len(w.waiters)
		w.unlock()
		if waiting == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d callers never waited", n)
}

// Under sync interval, what one goroutine rolls back may be what another one has
// appended: that one gets an error, and no acknowledgement.
func TestRollbackAnswersOthers(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"sync": "interval=1h"})
	errs := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := w.Append(t.Context(), []byte(`{"precious":1}`))
			errs <- err
		}()
	}
	waitStaged(t, w, 2)
	testutil.NoError(t, w.Rollback())
	for range 2 {
		testutil.ErrorIs(t, <-errs, ErrRolledBack)
	}
	testutil.NoError(t, w.Close())
	if next, err := openLog(t, dir).NextSeq(); err != nil || next != 1 {
		t.Errorf("the log goes up to %d, %v", next-1, err)
	}
}

func appendOne(w *Writer) error {
	_, err := w.Append(context.Background(), []byte(`{"n":1}`))
	return err
}

// TestPoisonAnswersWaiting poisons the writer, by a timer or by another call, while a call
// waits for a commit: the call must return the error, because the commit will never come.
func TestPoisonAnswersWaiting(t *testing.T) {
	for name, poison := range map[string]func(w *Writer) error{
		"another call": func(w *Writer) error {
			testutil.NoError(t, os.Truncate(w.active.path, 1))
			_, _, err := w.Find(t.Context(), 0, []byte("{}"))
			return err
		},
		"a timer": func(w *Writer) error {
			w.lock()
			defer w.unlock()
			return w.poison(errors.New("a timer's sync failed"))
		},
		"closing": func(w *Writer) error {
			testutil.NoError(t, os.Truncate(w.active.path, 1))
			return w.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			w := create(t, dir, Settings{"sync": "interval=1h"})
			appendFirst := make(chan error, 1)
			go func() { appendFirst <- appendOne(w) }()
			waitStaged(t, w, 1)
			testutil.NoError(t, w.Commit())
			testutil.NoError(t, <-appendFirst)
			errs := make(chan error, 1)
			go func() { errs <- appendOne(w) }()
			waitStaged(t, w, 1)
			if err := poison(w); err == nil {
				t.Fatal("nothing was poisoned")
			}
			select {
			case err := <-errs:
				if err == nil {
					t.Error("acknowledged")
				}
			case <-time.After(10 * time.Second):
				t.Error("it still waits")
			}
			_ = w.Close() // it is poisoned
		})
	}
}
