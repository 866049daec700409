//go:build histlog_invariants

package segment

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/histlog/histlog/internal/jsonscan"
)

// checkInvariants panics if the Writer violates the invariants that the comment of
// Writer.mu states. w.mu must be held.
func checkInvariants(w *Writer) {
	if err := w.violation(); err != nil {
		panic(err)
	}
}

// violation returns the first invariant that does not hold, or nil.
func (w *Writer) violation() error {
	if (w.closed || w.err != nil) && len(w.waiters) > 0 {
		return fmt.Errorf("%d requests wait for a commit that never comes", len(w.waiters))
	}
	if w.closed || w.err != nil {
		return nil // it is unknown what the disk holds; the next writer recovers the log
	}
	a := w.active
	switch sync := w.policy.Sync; {
	case a.indexedEnd > a.ackedEnd || a.ackedEnd > a.writtenEnd || a.writtenEnd > w.stagedEnd:
		return fmt.Errorf("ends out of order: indexed %d, acknowledged %d, written %d, staged %d", a.indexedEnd, a.ackedEnd, a.writtenEnd, w.stagedEnd)
	case w.stagedEnd-a.writtenEnd != Offset(len(w.buf)):
		return fmt.Errorf("buf holds %d bytes of [%d, %d)", len(w.buf), a.writtenEnd, w.stagedEnd)
	case a.durable > a.count:
		return fmt.Errorf("%d of %d entries are of durable records", a.durable, a.count)
	case w.acked > 0 && sync.Durable():
		return fmt.Errorf("%d records were acknowledged before they were durable", w.acked)
	case len(w.waiters) > 0 && (sync.CommitDelay() == 0 || w.commitTimer.Timer == nil):
		return fmt.Errorf("%d requests wait, and no commit is scheduled", len(w.waiters))
	}
	return w.pendingViolation()
}

// pendingViolation checks that the entries of pending cover [indexedEnd, stagedEnd),
// and that the first acked of them end at ackedEnd.
func (w *Writer) pendingViolation() error {
	a, n := w.active, len(w.pending)
	if w.acked < 0 || w.acked > n {
		return fmt.Errorf("%d of %d pending records are acknowledged", w.acked, n)
	}
	acked, staged := a.indexedEnd, a.indexedEnd
	if w.acked > 0 {
		acked = w.pending[w.acked-1].End
	}
	if n > 0 {
		staged = w.pending[n-1].End
	}
	switch {
	case n > 0 && w.pending[0].End <= a.indexedEnd:
		return errors.New("the first pending record is in the index")
	case acked != a.ackedEnd:
		return fmt.Errorf("the acknowledged records end at %d, not at %d", acked, a.ackedEnd)
	case staged != w.stagedEnd:
		return fmt.Errorf("the pending records end at %d, not at %d", staged, w.stagedEnd)
	}
	return nil
}

// checkCompact returns an error unless text is one JSON value without white space
// between its tokens, by the grammar of indexer.entry: the callers in this
// repository ensure that.
func checkCompact(text []byte) error {
	b, err := jsonscan.NewBytes(text, jsonscan.Options{NonFinite: jsonscan.KeepNonFinite}).Value(nil)
	if err != nil || !bytes.Equal(b, text) {
		return fmt.Errorf("not compact JSON: %.80q", text)
	}
	return nil
}
