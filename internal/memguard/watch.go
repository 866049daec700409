package memguard

import (
	"context"
	"sync"
	"time"
)

// interval is the time between two measurements.
const interval = 50 * time.Millisecond

// Watch measures the memory in use until stop is called. When it first exceeds four
// fifths of the budget, Watch calls near, on a goroutine of its own. When it exceeds the
// budget, the context that Watch returned is cancelled with an *OverError as its cause.
// used returns the bytes in use, as RSS does. stop waits until near has returned.
func Watch(ctx context.Context, b Budget, used func() uint64, near func(used uint64)) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for told := false; ; {
			select {
			case <-watched.Done():
				return
			case <-tick.C:
			}
			n := used()
			if !told && n > uint64(b/5*4) {
				told = true
				near(n)
			}
			if n > uint64(b) {
				cancel(&OverError{b, n})
				return
			}
		}
	})
	return watched, func() {
		cancel(context.Canceled)
		done.Wait()
	}
}
