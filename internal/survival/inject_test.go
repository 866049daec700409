package survival

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/faultfs"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

var errnos = []syscall.Errno{syscall.EIO, syscall.ENOSPC, syscall.EMFILE}

// TestInject fails each disk operation of each scenario, in every way; of a restamp, each in
// some ways. The fast run fails two of five with one error.
func TestInject(t *testing.T) {
	var runs atomic.Int64
	t.Run("all", func(t *testing.T) {
		limit := make(chan struct{}, runtime.GOMAXPROCS(0))
		for i, s := range scenarios {
			for _, policy := range policiesOf(i) {
				t.Run(s.name+" "+policy, func(t *testing.T) {
					t.Parallel()
					limit <- struct{}{}
					defer func() { <-limit }()
					runs.Add(int64(injectAll(t, s, policy)))
				})
			}
		}
	})
	t.Logf("%d runs with a failing operation", runs.Load())
}

// injectAll runs a scenario with each kind of fault.
func injectAll(t *testing.T, s scenario, policy string) (runs int) {
	seen := map[outcome]bool{}
	step := testutil.Rounds(5, 1)
	if strings.HasPrefix(s.name, "restamp") {
		step = max(step, 6) // its mark is random, so each outcome is new, and has to be checked
	}
	from := 0 // other operations for each kind of fault: the 7 kinds leave none out
	for _, errno := range errnos[:testutil.Rounds(1, len(errnos))] {
		for until := range faultfs.Untils {
			if until == faultfs.Full && !segment.NoRoom(errno) {
				continue
			}
			from = from%step + 1
			for part := range faultfs.Parts {
				f := faultfs.Fault{At: from, Err: errno, Until: until, Part: part}
				n, err := injectEach(s, policy, f, step, seen)
				runs += n
				if err != nil {
					t.Error(err)
					return runs
				}
			}
		}
	}
	return runs
}

// injectEach runs a scenario with the fault at every step-th operation from the one at f.At
// on, until it sees none.
func injectEach(s scenario, policy string, f faultfs.Fault, step int, seen map[outcome]bool) (runs int, err error) {
	model := newRun(s, policy)
	for ; ; f.At += step {
		r := model.clone()
		r.disk.Inject(f)
		s.act(r)
		h := r.disk.Hits()
		r.disk.Inject(faultfs.Fault{})
		if h.Fired == 0 {
			return runs, nil
		}
		if f.Part != faultfs.Nothing && h.Op != "write" {
			continue // the same run as with Nothing
		}
		runs++
		if err := r.checkFault(h, f, seen); err != nil {
			return runs, fmt.Errorf("%v at operation %d, %s of %s, until %d, part %d: %w", f.Err, f.At, h.Op, h.Path, f.Until, f.Part, err)
		}
	}
}

// An outcome identifies what a fault has left: the disk after a kill, the disk after a
// power cut, and what the producer knows.
type outcome struct{ killed, cut, known uint64 }

// checkFault checks what a fault has left against the invariants, each outcome once.
func (r *run) checkFault(h faultfs.Hits, f faultfs.Fault, seen map[outcome]bool) error {
	if r.violation != nil {
		return r.violation
	}
	if err := r.checkError(h, f); err != nil {
		return err
	}
	if err := r.checkContinues(h, f); err != nil {
		return err
	}
	n := len(r.disk.Ops())
	dropped := func(int, *faultfs.Op) faultfs.Fate { return faultfs.Fate{Kind: faultfs.Dropped} }
	killed, cut := r.disk.Killed(n), r.disk.Image(n, dropped)
	left := outcome{killed.Sum("LOCK"), cut.Sum("LOCK"), r.producerKnows(n)}
	if seen[left] {
		return nil
	}
	seen[left] = true
	if err := r.checkCrash(killed, n); err != nil {
		return fmt.Errorf("after a kill: %w", err)
	}
	if err := r.checkCrash(cut, n); err != nil {
		return fmt.Errorf("after a power cut: %w", err)
	}
	return r.checkNextProcess(n, dropped)
}

// producerKnows returns a hash of what the producer knows after n operations.
func (r *run) producerKnows(n int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %v %v %q", r.submitted, r.durableAt(n), r.repairDone, r.wantFiles)
	return h.Sum64()
}

// checkNextProcess lets another process recover and append while the page cache still shows
// the bytes that a failed sync has lost, and then cuts the power.
func (r *run) checkNextProcess(n int, dropped func(int, *faultfs.Op) faultfs.Fate) error {
	next := r.nextProcess(r.disk.Killed(n), n)
	if _, err := segment.OpenContext(context.Background(), next.dir, next.disk); errors.Is(err, segment.ErrNoLog) {
		return nil
	}
	if next.retry != nil {
		next.retry(next)
	}
	reopen(next)
	if next.err != nil {
		return next.err
	}
	n = len(next.disk.Ops())
	if err := next.checkCrash(next.disk.Image(n, dropped), n); err != nil {
		return fmt.Errorf("after another process and a power cut: %w", err)
	}
	return nil
}

// checkError checks the error of a scenario against I4.
func (r *run) checkError(h faultfs.Hits, f faultfs.Fault) error {
	message := filepath.Base(h.Path) == "LOCK" || h.Op == "close" || strings.HasSuffix(h.Path, ".HISTLOG.draft")
	switch {
	case r.err == nil && (message || f.Until != faultfs.Forever):
		return nil // the operation was for messages only, or was retried
	case r.err == nil:
		return errors.New("I4: nothing was reported")
	case !errors.Is(r.err, f.Err):
		return fmt.Errorf("I4: the cause is not in the error: %w", r.err)
	case f.Until == faultfs.Once && !strings.Contains(r.err.Error(), filepath.Base(h.Path)):
		return fmt.Errorf("I4: %s is not in the error: %w", h.Path, r.err)
	}
	return nil
}

// checkContinues checks that a writer appends again once a full disk has room.
func (r *run) checkContinues(h faultfs.Hits, f faultfs.Fault) error {
	if r.w == nil || !segment.NoRoom(f.Err) || f.Until == faultfs.Forever || (h.Op != "write" && h.Op != "make") {
		return nil
	}
	r.err = nil
	r.append(1)
	if r.err != nil {
		return fmt.Errorf("there is room again, and yet: %w", r.err)
	}
	return nil
}

// A full disk does not poison a writer: it continues once there is room, and records that
// were staged when it failed are not committed later.
func TestFullDiskEnds(t *testing.T) {
	for _, policy := range policies {
		for part := range faultfs.Parts {
			for at := 1; at <= 40; at++ {
				r := newRun(scenario{prepare: created}, policy)
				r.open()
				r.disk.Inject(faultfs.Fault{At: at, Err: syscall.ENOSPC, Until: faultfs.Full, Part: part})
				r.append(2)
				r.group(3)
				r.append(2)
				full := r.disk.Hits()
				r.disk.Inject(faultfs.Fault{})
				if r.w == nil || full.Fired == 0 || (full.Op != "write" && full.Op != "make") {
					continue
				}
				r.err = nil
				r.append(2)
				if r.err != nil {
					t.Errorf("%s, full at %s of %s: there is room again, and yet: %v", policy, full.Op, full.Path, r.err)
				}
				r.close()
				n := len(r.disk.Ops())
				if err := r.checkCrash(r.disk.Killed(n), n); err != nil {
					t.Errorf("%s, full at %s of %s: %v", policy, full.Op, full.Path, err)
				}
			}
		}
	}
}

// A failed fsync poisons a writer for good: no later call syncs, writes or acknowledges.
// Only LOCK is cleared, because it holds no data and would keep naming this process.
func TestFailedSyncPoisons(t *testing.T) {
	for at := 1; at <= 40; at++ {
		r := newRun(scenario{prepare: created}, "always")
		r.open()
		r.disk.Inject(faultfs.Fault{At: at, Err: syscall.EIO})
		r.append(1)
		h := r.disk.Hits()
		if h.Fired == 0 {
			return
		}
		if h.Op != "datasync" && h.Op != "sync" {
			continue
		}
		first, before := r.err, len(r.disk.Ops())
		if _, err := r.w.Append(context.Background(), []byte("1")); err == nil || err.Error() != first.Error() {
			t.Errorf("after %v: %v", first, err)
		}
		_ = r.w.Close()
		after := slices.DeleteFunc(slices.Clone(r.disk.Ops()[before:]), func(op faultfs.Op) bool { return op.Path == r.dir+"/LOCK" })
		if len(after) > 0 {
			t.Errorf("after a failed sync of %s: %v", h.Path, after)
		}
	}
	t.Error("no run was without a failure")
}
