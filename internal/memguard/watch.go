package memguard

import (
	"context"
	"sync"
	"time"
)

// every is how often a watched process is looked at.
const every = 50 * time.Millisecond

// Watch looks at how much memory is in use until stop is called. Once it is
// close to the budget it calls near, from a goroutine of its own; when it is over,
// it ends the context with an *OverError as its cause. used is RSS, or something like it.
func Watch(ctx context.Context, b Budget, used func() uint64, near func(used uint64)) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(every)
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
