//go:build histlog_invariants

package segment

import (
	"testing"
	"time"

	"github.com/histlog/histlog/internal/testutil"
)

// TestInvariants checks that the build tag has the Writer notice each field that
// contradicts the others, and panic when the lock is released.
func TestInvariants(t *testing.T) {
	for name, spoil := range map[string]func(w *Writer){
		"indexed behind acknowledged":  func(w *Writer) { w.active.indexedEnd++ },
		"acknowledged behind written":  func(w *Writer) { w.active.ackedEnd = w.active.writtenEnd + 1 },
		"acknowledged too early":       func(w *Writer) { w.active.ackedEnd++ },
		"written behind staged":        func(w *Writer) { w.active.writtenEnd = w.stagedEnd + 1 },
		"staged without text":          func(w *Writer) { w.stagedEnd++ },
		"text without staged":          func(w *Writer) { w.buf = append(w.buf, ' ') },
		"pending without entries":      func(w *Writer) { w.pending = w.pending[:1] },
		"pending twice":                func(w *Writer) { w.pending[0].End = w.active.indexedEnd },
		"acknowledged without a sync":  func(w *Writer) { w.acked = 1 },
		"more acknowledged than there": func(w *Writer) { w.acked = 3 },
		"more durable than indexed":    func(w *Writer) { w.active.durable++ },
		"waiting without a timer":      func(w *Writer) { w.waiters = append(w.waiters, &request{turn: make(chan turn, 1)}) },
		"waiting for a poisoned one": func(w *Writer) {
			w.err = ErrForeign
			w.waiters = append(w.waiters, &request{turn: make(chan turn, 1)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := create(t, newDir(t), nil)
			appendTexts(t, w, 1, 2)
			for n := Sequence(3); n <= 4; n++ {
				_, err := w.Write([]byte(text(n)), nil)
				testutil.NoError(t, err)
			}
			w.lock()
			good := *w.active
			pending, buf, staged := append([]Entry{}, w.pending...), w.buf, w.stagedEnd
			spoil(w)
			noticed := w.violation()
			panicked := panics(func() { checkInvariants(w) })
			*w.active, w.pending, w.buf, w.stagedEnd = good, pending, buf, staged
			w.acked, w.err, w.waiters = 0, nil, nil
			w.unlock()
			if noticed == nil || !panicked {
				t.Errorf("noticed: %v, panicked: %v", noticed, panicked)
			}
		})
	}
}

func panics(fn func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	fn()
	return false
}

// TestInvariantsOfEachPolicy checks that they hold while records of one Writer are
// acknowledged and not yet indexed, and while callers wait for an interval's commit.
func TestInvariantsOfEachPolicy(t *testing.T) {
	for _, sync := range []string{"none", "interval=20ms", "always"} {
		w := create(t, newDir(t), Settings{"sync": sync})
		appendTexts(t, w, 1, 3)
		_, err := w.Write([]byte(text(4)), nil)
		testutil.NoError(t, err)
		testutil.NoError(t, w.Rollback())
		time.Sleep(2 * indexInterval) // the index follows under none
		appendTexts(t, w, 4, 5)
		testutil.NoError(t, w.Close())
	}
}

// TestWriteChecks checks that the build tag has Write refuse what is no compact JSON.
func TestWriteChecks(t *testing.T) {
	w := create(t, newDir(t), nil)
	for _, text := range []string{"", "{", `{"a": 1}`, "1 2", "nonsense", "1\n"} {
		if _, err := w.Write([]byte(text), nil); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	_, err := w.Write([]byte(`{"a":[1,NaN]}`), nil)
	testutil.NoError(t, err)
}
