//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/histlog/histlog/scripts/powercut/disk"
)

// A rig cuts the power of one kind of file system.
type rig struct {
	filesystem
	program
	shelf *shelf
	empty *disk.Image // a disk with an empty file system
	lies  bool        // the disks ignore flushes

	figures
}

// figures are the results of a rig.
type figures struct {
	runs, cuts, unflushed, second, acks, lost, unmountable, bad int
}

// A cut is what a power cut has left, and what had happened before.
type cut struct {
	plan
	image      *disk.Image
	loss       disk.Loss
	unflushed  int // writes
	events     []event
	generation int // the number of cuts, with this one
}

const (
	moments = 8  // at which a run's power is cut
	images  = 3  // of one moment
	gap     = 40 // writes and flushes between two moments, on average
)

// run runs a plan, cuts its power at several moments, and checks what is left each time.
func (r *rig) run(ctx context.Context, p plan) error {
	r.runs++
	rng := rand.New(rand.NewPCG(p.Seed, 1))
	j := &journal{}
	cuts, err := r.cutDuring(ctx, disk.New(r.empty), cut{plan: p}, j, rng, func(ctx context.Context) {
		w := workload{program: r.program, plan: p, ctx: ctx, journal: j}
		w.run()
	})
	if err != nil {
		return err
	}
	problems := len(j.faults)
	for _, fault := range j.faults {
		r.say(p, "before any cut: %s", fault)
		r.bad++
	}
	for len(cuts) > 0 && ctx.Err() == nil && !(r.lies && r.bad > 0) {
		more, found, err := r.check(ctx, cuts[0], rng)
		if err != nil {
			return err
		}
		cuts, problems = append(cuts[1:], more...), problems+found
	}
	if !r.lies {
		r.say(p, "%d cuts so far, %d problems in this run", r.cuts, problems)
	}
	return nil
}

// cutDuring lets work run on a disk and cuts the power at random moments of it. It returns
// what the cuts have left.
func (r *rig) cutDuring(ctx context.Context, d *disk.Disk, before cut, j *journal, rng *rand.Rand, work func(context.Context)) (cuts []cut, err error) {
	d.IgnoreFlush = r.lies
	unmount, err := r.mount(d, r.shelf, r.dir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	left, next := moments, 1+rng.IntN(2*gap)
	d.Watch(func() {
		if next--; next > 0 || left == 0 {
			return
		}
		left, next = left-1, 1+rng.IntN(2*gap)
		time.Sleep(time.Millisecond) // so that acknowledgements printed before the cut are read
		events := j.all()
		for range min(images, 1+d.Unflushed()) {
			c := cut{before.plan, nil, pick(rng, r.losses), d.Unflushed(), events, before.generation + 1}
			c.image = d.Cut(c.loss, rng)
			cuts = append(cuts, c)
		}
		if left == 0 {
			cancel()
		}
	})
	work(ctx)
	d.Watch(nil)
	return cuts, unmount()
}

// Of secondEvery cuts, the recovery of one is cut, too.
const secondEvery = 6

// check checks one cut. more are cuts of its recovery.
func (r *rig) check(ctx context.Context, c cut, rng *rand.Rand) (more []cut, problems int, err error) {
	again := c.generation == 1 && rng.IntN(secondEvery) == 0
	j := &journal{events: c.events}
	k := &check{workload: workload{program: r.program, plan: c.plan, ctx: ctx, journal: j}, before: c.events, generation: c.generation}
	image, err := r.repaired(c.image, r.scratch)
	if err != nil {
		return nil, 0, err
	}
	more, err = r.cutDuring(context.WithoutCancel(ctx), disk.New(image), c, j, rng, func(context.Context) { k.run() })
	if !again {
		more = nil
	}
	if errors.Is(err, errMount) {
		r.unmountable++
		return nil, 0, r.keep(c, []string{err.Error()})
	}
	if err != nil || ctx.Err() != nil {
		return nil, 0, err
	}
	r.count(c, k)
	if len(k.problems) > 0 {
		r.bad++
		err = r.keep(c, k.problems)
	}
	return more, len(k.problems), err
}

func (r *rig) count(c cut, k *check) {
	r.cuts++
	r.acks += k.acks
	r.lost += k.lost
	if c.unflushed > 0 {
		r.unflushed++
	}
	if c.generation > 1 {
		r.second++
	}
}

// say prints a line about a run.
func (r *rig) say(p plan, format string, args ...any) {
	fmt.Printf("%s seed=%d %s sync=%s segment-size=%s window=%d: %s\n", r.name, p.Seed, p.Scenario, p.Policy, p.SegmentSize, p.Window, fmt.Sprintf(format, args...))
}

// newRig prepares a rig whose files are in a folder of dir.
func newRig(fs filesystem, binary, dir string, s *shelf) (*rig, error) {
	r := &rig{filesystem: fs, shelf: s, program: program{binary: binary, dir: filepath.Join(dir, fs.name, "mnt"), scratch: filepath.Join(dir, fs.name)}}
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return nil, err
	}
	var err error
	r.empty, err = fs.make(r.scratch)
	return r, err
}
