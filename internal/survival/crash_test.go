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
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/histlog/histlog/internal/faultfs"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// minImages is the minimum number of different disks that a proof must recover.
const minImages = 100_000

// Recovering thousands of small disks makes much garbage and keeps nothing.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}

var policies = []string{"always", "interval=1ms", "none"}

// policiesOf returns the policies under which the i-th scenario runs: all of them as a
// proof, else one of them in turn. Maintenance runs under one: only a writer reads the policy,
// and restamp and the others sync what they write under each alike. Scenario "migrate"
// shows that a migration does.
func policiesOf(i int) []string {
	name, _, _ := strings.Cut(scenarios[i].name, " ")
	switch {
	case name == "restamp", name == "migrate" && scenarios[i].name != "migrate" && scenarios[i].name != "migrate and compress":
		return policies[:1]
	case testutil.Proofs() && !slices.Contains(maintenance, name):
		return policies
	}
	n := i % len(policies)
	return policies[n : n+1]
}

// maintenance has the first words of the scenarios of maintenance.
var maintenance = []string{"archive", "compress", "retire", "snapshot"}

// TestCrash recovers every disk that a kill or a power cut could have left at each
// operation of each scenario. The fast run makes few choices at each.
func TestCrash(t *testing.T) {
	budget := testutil.Rounds(subsets/40, subsets)
	total, expected, enumerated := 0, 0, 0
	for i, s := range scenarios {
		expected += len(policiesOf(i))
		for _, policy := range policiesOf(i) {
			e := &enumeration{subsets: budget, seen: map[uint64]bool{}}
			t.Run(s.name+" "+policy, func(t *testing.T) {
				enumerated++
				e.crash(t, s, policy)
			})
			total += len(e.seen)
		}
	}
	t.Logf("%d distinct crash images were recovered, seed %d", total, seed)
	if complete := enumerated == expected; complete && testutil.Proofs() && total < minImages { // -run may select some
		t.Errorf("want at least %d", minImages)
	}
}

// An enumeration recovers crash images, each once.
type enumeration struct {
	subsets int // how many seeded choices are made at each operation
	seen    map[uint64]bool
	checked map[[2]uint64]bool // image and how much of it is acknowledged
	nested  bool               // these crashes come after an earlier one
}

// nestedEvery is the number of images of which one has its recovery crashed, too.
const nestedEvery = 250

// A crash is a disk to recover.
type crash struct {
	run    *run
	disk   *faultfs.Disk
	ops    int    // operations of the run before the crash
	read   bool   // read the disk before it is recovered, too
	killed bool   // all bytes written are on the disk
	what   string // for messages
}

// crash runs a scenario and recovers every disk that a crash of it could have left, and
// that a crash of the recovery after a kill could have left.
func (e *enumeration) crash(t *testing.T, s scenario, policy string) {
	first := newRun(s, policy)
	from := len(first.disk.Ops())
	s.act(first)
	if first.err != nil || first.violation != nil {
		t.Fatal(first.err, first.violation)
	}
	crashes := make(chan crash, 64)
	go func() {
		defer close(crashes)
		e.images(first, from, "", crashes)
		e.crashNextProcess(first, from, crashes)
	}()
	var workers sync.WaitGroup
	var once sync.Once
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for c := range crashes {
				var err error
				if c.read {
					err = c.run.checkUnrecovered(c.disk, c.ops, c.killed)
				}
				if err != nil {
					err = fmt.Errorf("before recovery: %w", err)
				} else {
					err = c.run.checkCrash(c.disk, c.ops)
				}
				if err != nil {
					once.Do(func() { t.Errorf("seed %d: %s: %v", seed, c.what, err) })
				}
			}
		})
	}
	workers.Wait()
}

// crashNextProcess kills the scenario at each operation, lets the next process recover and
// continue on the same machine, and crashes that process, too.
func (e *enumeration) crashNextProcess(first *run, from int, to chan<- crash) {
	for n := from; n <= len(first.disk.Ops()); n++ {
		next := first.nextProcess(first.disk.Killed(n), n)
		if _, err := segment.OpenContext(context.Background(), next.dir, next.disk); errors.Is(err, segment.ErrNoLog) {
			continue
		}
		e.recoverAndCrash(next, n, fmt.Sprintf("killed after %d, %v, then ", n, last(first, n)), to)
	}
}

// recoverAndCrash lets the next process recover, complete what was interrupted, and
// append, and crashes that process.
func (e *enumeration) recoverAndCrash(next *run, from int, what string, to chan<- crash) {
	killed := next.disk.Killed(len(next.disk.Ops()))
	if next.retry != nil {
		next.retry(next)
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

// images makes the crash images of r at each operation from one on.
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
			if next := r.nextProcess(image.Killed(0), n); !e.nested && len(e.seen)%nestedEvery == 0 && next.existed {
				e.recoverAndCrash(next, 0, what+", then ", to)
			}
			to <- crash{r, image, n, !e.nested || f.kept, f.kept && !e.nested, what}
		}
	}
}

// A fateChoice decides for each operation that was not synced whether it is on the disk.
type fateChoice struct {
	name string
	kept bool // all operations are on the disk
	fate func(i int, op *faultfs.Op) faultfs.Fate
}

const (
	seed    = 1
	subsets = 150
)

// fates returns the choices to try for a power cut after n operations.
func (e *enumeration) fates(n int) []fateChoice {
	all := []fateChoice{
		{"all kept", true, func(int, *faultfs.Op) faultfs.Fate { return faultfs.Fate{} }},
		{"only what was synced", false, func(int, *faultfs.Op) faultfs.Fate { return faultfs.Fate{Kind: faultfs.Dropped} }},
	}
	for _, others := range []faultfs.FateKind{faultfs.Kept, faultfs.Dropped} {
		for _, fill := range fills {
			for k := range e.subsets / 10 {
				all = append(all, fateChoice{fmt.Sprintf("the last write torn, %s, cut %d, others %d", fill.name, k, others), false, func(i int, op *faultfs.Op) faultfs.Fate {
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
		all = append(all, fateChoice{fmt.Sprintf("subset %d", k), false, func(_ int, op *faultfs.Op) faultfs.Fate {
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

// cutAt returns the k-th place to tear a write of n bytes: first at sectors and pages, then
// spread over the write.
func cutAt(k, n int) int {
	if at := []int{0, 512, 4096, 1, n - 1, 1024}; k < len(at) && at[k] >= 0 && at[k] < n {
		return at[k]
	}
	return k * 7919 % n
}

func tear(op *faultfs.Op, cut int, with func(b []byte, r *rand.Rand) []byte, r *rand.Rand) faultfs.Fate {
	return faultfs.Fate{Kind: faultfs.Torn, Cut: cut, Fill: with(bytes.Clone(op.Data[cut:]), r)}
}

// fills are the ways to fill the part of a file that a power cut has lost, where the file
// was shorter before. Garbage is never an intact record: see the assumptions about the
// file system.
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
