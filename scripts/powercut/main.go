//go:build linux

// Command powercut proves what histlog keeps when the power of its disk is cut. It mounts
// real file systems on simulated disks (package disk), lets histlog work there, and cuts the
// power of the disk at random moments: what was flushed is kept, and of the rest a random part.
// It mounts what is left and compares it with every acknowledgement that was heard before.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

var (
	fsNames      = flag.String("fs", "ext4,xfs,btrfs", "file systems")
	scenarioList = flag.String("scenarios", scenarioNames(), "scenarios")
	policyList   = flag.String("policies", "always,always,interval=20ms,none", "sync policies")
	duration     = flag.Duration("for", 10*time.Minute, "how long to run")
	runs         = flag.Int("runs", 0, "end after so many runs of each file system; 0: no limit")
	seed         = flag.Uint64("seed", 0, "seed of the first run; 0: a random one")
	lie          = flag.Bool("lie", false, "only the control: the disk ignores flushes, and losses must be found")
	look         = flag.String("look", "", "check a kept cut again, in this folder")
	binary       = flag.String("histlog", "bin/histlog", "the program")
	out          = flag.String("out", filepath.Join(os.TempDir(), "histlog-powercut"), "folder for mounts and for cuts with problems")
)

func init() { runtime.LockOSThread() } // main stays on the main thread: see startGuard

func main() {
	flag.Parse()
	var err error
	if abort := os.Getenv(guarded); abort != "" {
		err = guard(abort)
	} else if err = contain(); err == nil {
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "powercut:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	if *binary, err = filepath.Abs(*binary); err != nil {
		return err
	}
	if *seed == 0 {
		*seed = rand.Uint64() >> 1
	}
	dir, control := filepath.Join(*out, "disks"), filepath.Join(*out, "control")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.MkdirAll(control, 0o755)); err != nil {
		return err
	}
	lock, err := lockDir(*out)
	if err != nil {
		return err
	}
	defer lock.Close()
	s, err := mountShelf(dir)
	if err != nil {
		return fmt.Errorf("mount a FUSE file system: %w", err)
	}
	defer s.server.Unmount()
	if err := startGuard(dir, control); err != nil {
		return fmt.Errorf("guard the FUSE file system: %w", err)
	}
	if *look != "" {
		return lookAgain(s)
	}
	fmt.Printf("seed %d, cuts with problems are kept in %s\n", *seed, *out)
	rigs, err := rigs(s)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	errs := make([]error, len(rigs))
	for i, r := range rigs {
		all.Go(func() { errs[i] = r.proceed() })
	}
	all.Wait()
	for _, r := range rigs {
		fmt.Printf("%-15s %s\n", r.name, r.figures)
	}
	return errors.Join(errs...)
}

// lockDir makes sure that no other powercut has its files in dir.
func lockDir(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err == nil {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: another powercut may use it; give this one another folder with -out", dir, err)
	}
	return f, nil
}

// rigs makes a rig for each file system.
func rigs(s *shelf) (all []*rig, err error) {
	for _, name := range strings.Split(*fsNames, ",") {
		fs, err := find(name)
		if err != nil {
			return nil, err
		}
		r, err := newRig(fs, *binary, *out, s)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// proceed runs the control, and then runs plans until the time is over.
func (r *rig) proceed() error {
	if err := r.control(); err != nil || *lie {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), *duration)
	defer cancel()
	for i := 0; ctx.Err() == nil && (*runs == 0 || i < *runs); i++ {
		p := newPlan(r.name, *seed+uint64(i), strings.Split(*scenarioList, ","), strings.Split(*policyList, ","))
		if err := r.run(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	if r.bad > 0 {
		return fmt.Errorf("%s: %d problems", r.name, r.bad)
	}
	return nil
}

// control runs on disks that ignore flushes, where losses must be found.
func (r *rig) control() error {
	liar := &rig{filesystem: r.filesystem, program: r.program, shelf: r.shelf, empty: r.empty, lies: true}
	for i := range uint64(5) {
		if err := liar.run(context.Background(), newPlan(r.name, *seed+i, []string{"append"}, []string{"always"})); err != nil {
			return err
		}
		if liar.bad > 0 {
			fmt.Printf("%s: control: on a disk that ignores flushes %d of %d cuts lose records\n", r.name, liar.bad, liar.cuts)
			return nil
		}
	}
	return fmt.Errorf("%s: %d cuts of disks that ignore flushes lost nothing: the rig is blind", r.name, liar.cuts)
}

// lookAgain checks a kept cut.
func lookAgain(s *shelf) error {
	c, err := load(*look)
	if err != nil {
		return err
	}
	fs, err := find(c.FileSystem)
	if err != nil {
		return err
	}
	r, err := newRig(fs, *binary, *out, s)
	if err != nil {
		return err
	}
	c.generation++ // so that its recovery is not cut
	_, problems, err := r.check(context.Background(), c, rand.New(rand.NewPCG(1, 1)))
	if err == nil && problems > 0 {
		err = fmt.Errorf("%d problems", problems)
	}
	return err
}

func (f figures) String() string {
	return fmt.Sprintf("%d cuts, %d of them with unflushed writes and %d of a recovery, in %d runs; %d acknowledgements compared, %d problems; with sync=none %d records lost; %d disks could not be mounted",
		f.cuts, f.unflushed, f.second, f.runs, f.acks, f.bad, f.lost, f.unmountable)
}
