package memguard

import (
	"context"
	"errors"
	"math"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const mib = 1 << 20

func TestSafe(t *testing.T) {
	for _, c := range []struct{ available, want uint64 }{
		{0, 32 * mib}, // not known
		{10 * mib, 32 * mib},
		{100 * mib, 75 * mib},
		{4 << 30, 3 << 30},
	} {
		if got := (Figures{Available: c.available}).Safe(); got != Budget(c.want) {
			t.Errorf("%d available: %d, want %d", c.available, got, c.want)
		}
	}
}

// TestRecord compares what a budget allows with what a command takes.
func TestRecord(t *testing.T) {
	for _, b := range []Budget{MinBudget, 64 * mib, 100 * mib, 1 << 30, 1 << 50} {
		r := b.Record()
		if r < minRecord || r > minRecord && (base+copies*uint64(r) > uint64(b) || base+copies*uint64(r+1) <= uint64(b)) {
			t.Errorf("%d: %d", b, r)
		}
	}
}

func TestApply(t *testing.T) {
	before, percent := debug.SetMemoryLimit(-1), debug.SetGCPercent(100)
	defer debug.SetMemoryLimit(before)
	defer debug.SetGCPercent(percent)
	for _, c := range []struct {
		b       Budget
		set     string
		want    int64
		percent int
	}{{1 << 30, "", soft, lazy}, {16 * mib, "", 8 * mib, lazy}, {16 * mib, "GOMEMLIMIT", 1 << 30, lazy}, {16 * mib, "GOGC", 8 * mib, 100}} {
		debug.SetMemoryLimit(1 << 30)
		debug.SetGCPercent(100)
		c.b.Apply(func(name string) string { return map[string]string{c.set: "set"}[name] })
		if limit, percent := debug.SetMemoryLimit(-1), debug.SetGCPercent(100); limit != c.want || percent != c.percent {
			t.Errorf("%+v: %d, %d", c, limit, percent)
		}
	}
}

// TestWatch grows until it is over the budget: near is called once, then the context ends
// with the figures.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var used, said atomic.Uint64
		ctx, stop := Watch(t.Context(), 100, used.Load, func(n uint64) { said.Add(n) })
		defer stop()
		for _, c := range []struct{ used, said uint64 }{{79, 0}, {81, 81}, {90, 81}, {100, 81}} {
			used.Store(c.used)
			time.Sleep(2 * interval)
			if said.Load() != c.said || ctx.Err() != nil {
				t.Errorf("at %d: %d was said, %v", c.used, said.Load(), ctx.Err())
			}
		}
		used.Store(101)
		<-ctx.Done()
		var over *OverError
		if err := context.Cause(ctx); !errors.As(err, &over) || over.Used != 101 || over.Budget != 100 {
			t.Errorf("%v", err)
		}
	})
}

func TestOverError(t *testing.T) {
	const want = "out of the memory budget of 67.1MB: 70.3MB are in use"
	if got := (&OverError{64 * mib, 70_312_000}).Error(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestWatchStops: stop ends the goroutine, with no cause but the cancellation.
func TestWatchStops(t *testing.T) {
	ctx, stop := Watch(t.Context(), math.MaxUint64, RSS, func(uint64) { t.Error("near") })
	stop()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
