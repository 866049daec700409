package survival

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/histlog/histlog/internal/faultfs"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// leastImages is how many different disks must be recovered by one test run.
const leastImages = 100_000

// Recovering small disks by the thousand makes garbage and keeps nothing.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}

var policies = []string{"always", "interval=1ms", "none"}

// policiesOf returns the policies under which the i-th scenario runs: all of them as a
// proof, else one of them in turn.
func policiesOf(i int) []string {
	if testutil.Proofs() {
		return policies
	}
	n := i % len(policies)
	return policies[n : n+1]
}

// TestCrash recovers every disk that a kill or a power cut could have left at
// each operation of each scenario. The fast run makes few choices at each.
func TestCrash(t *testing.T) {
	budget := testutil.Rounds(subsets/40, subsets)
	total := 0
	for i, s := range scenarios {
		for _, policy := range policiesOf(i) {
			e := &enumeration{subsets: budget, seen: map[uint64]bool{}}
			t.Run(s.name+" "+policy, func(t *testing.T) { e.crash(t, s, policy) })
			total += len(e.seen)
		}
	}
	t.Logf("%d distinct crash images were recovered, seed %d", total, seed)
	if total < leastImages && testutil.Proofs() {
		t.Errorf("want at least %d", leastImages)
	}
}

// An enumeration recovers crash images, each once.
type enumeration struct {
	subsets int // how many seeded choices are made at each operation
	seen    map[uint64]bool
	checked map[[2]uint64]bool // image and how much of it is acknowledged
	nested  bool               // these crashes come after an earlier one
}

// everyNested is how many images come to one whose recovery is crashed too.
const everyNested = 250

// A crash is a disk to recover.
type crash struct {
	run    *run
	disk   *faultfs.Disk
	ops    int
	look   bool // before recovery too
	killed bool // all that was written is on it
	what   string
}

// crash runs a scenario and recovers whatever could have been left by a crash
// of it, and of the recovery from its kill.
func (e *enumeration) crash(t *testing.T, s scenario, policy string) {
	first := start(s, policy)
	from := len(first.disk.Ops())
	s.act(first)
	if first.err != nil || first.wrong != nil {
		t.Fatal(first.err, first.wrong)
	}
	crashes := make(chan crash, 64)
	go func() {
		defer close(crashes)
		e.images(first, from, "", crashes)
		e.again(first, from, crashes)
	}()
	var workers sync.WaitGroup
	var once sync.Once
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for c := range crashes {
				var err error
				if c.look {
					err = c.run.unrecovered(c.disk, c.ops, c.killed)
				}
				if err != nil {
					err = fmt.Errorf("before recovery: %w", err)
				} else {
					err = c.run.holds(c.disk, c.ops)
				}
				if err != nil {
					once.Do(func() { t.Errorf("seed %d: %s: %v", seed, c.what, err) })
				}
			}
		})
	}
	workers.Wait()
}

// again kills the scenario at each operation, has the next process recover and
// go on, on the same machine, and crashes that too.
func (e *enumeration) again(first *run, from int, to chan<- crash) {
	for n := from; n <= len(first.disk.Ops()); n++ {
		next := first.after(first.disk.Killed(n), n)
		if _, err := segment.OpenContext(context.Background(), next.dir, next.disk); errors.Is(err, segment.ErrNoLog) {
			continue
		}
		e.then(next, n, fmt.Sprintf("killed after %d, %v, then ", n, last(first, n)), to)
	}
}

// then has the next process recover, do again what was not done, and go on, and
// crashes that.
func (e *enumeration) then(next *run, from int, what string, to chan<- crash) {
	killed := next.disk.Killed(len(next.disk.Ops()))
	if next.finish != nil {
		next.finish(next)
	}
	reopen(next)
	if next.err != nil {
		to <- crash{next, killed, from, true, false, what} // which says why
		return
	}
	less := &enumeration{subsets: e.subsets / 30, seen: e.seen, checked: e.checked, nested: true}
	less.images(next, from, what, to)
}

func last(r *run, n int) string {
	if n == 0 {
		return "nothing"
	}
	return r.disk.Ops()[n-1].String()
}

// images makes the crash images of all that r did from an operation on.
func (e *enumeration) images(r *run, from int, what string, to chan<- crash) {
	if e.checked == nil {
		e.checked = map[[2]uint64]bool{}
	}
	for n := from; n <= len(r.disk.Ops()); n++ {
		for _, f := range e.fates(n) {
			image := r.disk.Image(n, f.fate)
			sum := image.Sum("LOCK")
			key := [2]uint64{sum, uint64(len(r.durableAt(n)))}
			if e.checked[key] {
				continue
			}
			e.checked[key], e.seen[sum] = true, true
			what := fmt.Sprintf("%spower cut after %d, %v: %s", what, n, last(r, n), f.name)
			if next := r.after(image.Killed(0), n); !e.nested && len(e.seen)%everyNested == 0 && next.was {
				e.then(next, 0, what+", then ", to)
			}
			to <- crash{r, image, n, !e.nested || f.kept, f.kept && !e.nested, what}
		}
	}
}

// fates is a way to decide what becomes of operations that do not last.
type fates struct {
	name string
	kept bool // all of it is kept
	fate func(i int, op *faultfs.Op) faultfs.Fate
}

const (
	seed    = 1
	subsets = 200
)

// fates returns those to try when the power goes after n operations.
func (e *enumeration) fates(n int) []fates {
	all := []fates{
		{"all kept", true, func(int, *faultfs.Op) faultfs.Fate { return faultfs.Fate{} }},
		{"only what was synced", false, func(int, *faultfs.Op) faultfs.Fate { return faultfs.Fate{Kind: faultfs.Dropped} }},
	}
	for _, others := range []faultfs.FateKind{faultfs.Kept, faultfs.Dropped} {
		for _, fill := range fills {
			for k := range e.subsets / 10 {
				all = append(all, fates{fmt.Sprintf("the last write torn, %s, cut %d, others %d", fill.name, k, others), false, func(i int, op *faultfs.Op) faultfs.Fate {
					if i == n-1 && op.Kind == faultfs.Write {
						return tear(op, cutAt(k, len(op.Data)), fill.with, random(n, k))
					}
					return faultfs.Fate{Kind: others}
				}})
			}
		}
	}
	for k := range e.subsets {
		r := random(n, k+1000)
		all = append(all, fates{fmt.Sprintf("subset %d", k), false, func(_ int, op *faultfs.Op) faultfs.Fate {
			switch x := r.IntN(8); {
			case x < 4:
				return faultfs.Fate{}
			case x < 6 || op.Kind != faultfs.Write:
				return faultfs.Fate{Kind: faultfs.Dropped}
			}
			return tear(op, r.IntN(len(op.Data)+1), fills[r.IntN(len(fills))].with, r)
		}})
	}
	return all
}

func random(n, k int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(n)<<32|uint64(k))) }

// cutAt returns the k-th place to tear a write of n bytes: at sectors and
// pages first, then spread over it.
func cutAt(k, n int) int {
	if at := []int{0, 512, 4096, 1, n - 1, 1024}; k < len(at) && at[k] >= 0 && at[k] < n {
		return at[k]
	}
	return k * 7919 % n
}

func tear(op *faultfs.Op, cut int, with func(b []byte, r *rand.Rand) []byte, r *rand.Rand) faultfs.Fate {
	return faultfs.Fate{Kind: faultfs.Torn, Cut: cut, Fill: with(bytes.Clone(op.Data[cut:]), r)}
}

// fills are what can stand in place of bytes that a power cut kept from the
// disk, where the file was shorter before. Garbage is never a whole record:
// see the assumptions about the file system.
var fills = []struct {
	name string
	with func(lost []byte, r *rand.Rand) []byte
}{
	{"nothing", func([]byte, *rand.Rand) []byte { return nil }},
	{"zeros", func(lost []byte, _ *rand.Rand) []byte { return make([]byte, len(lost)) }},
	{"garbage", func(lost []byte, r *rand.Rand) []byte {
		for i := range lost {
			if lost[i] = 0x80 | byte(r.Uint32()); lost[i] > 0xf0 {
				lost[i] = '\n'
			}
		}
		return lost
	}},
	{"some sectors", func(lost []byte, r *rand.Rand) []byte {
		const sector = 512
		for at := 0; at < len(lost); at += sector {
			if r.IntN(2) == 0 {
				clear(lost[at:min(at+sector, len(lost))])
			}
		}
		return lost
	}},
}
