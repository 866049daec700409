//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// readings of compressed history, in turn. $OLD is an archive of nothing else.
var readings = []contestant{
	{"zstdcat of the files, into a pipe", "zstdcat", shell(`zstdcat $OLD/*.zst | cat > /dev/null`), false},
	{"histlog cat, into a pipe", "", shell(`$HISTLOG cat $OLD | cat > /dev/null`), false},
	{"zstdcat of the files", "zstdcat", shell(`zstdcat $OLD/*.zst > /dev/null`), false},
	{"histlog cat", "", shell(`$HISTLOG cat $OLD > /dev/null`), false},
	{"histlog verify", "", []string{"$HISTLOG", "verify", "$OLD"}, false},
	{"histlog tail -n 1, compressed", "", []string{"$HISTLOG", "tail", "-n", "1", "$OLD"}, false},
	{"an empty Go program", "", []string{"$EMPTY"}, false},
}

// benchCompact measures how small a history becomes compressed, and how fast it is compressed and read.
func benchCompact(source string, rounds int) (err error) {
	work, clear, err := workplace()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clear()) }()
	if source, err = sourceIn(work, source); err != nil {
		return err
	}
	old := filepath.Join(work, "old")
	os.Setenv("OLD", old)
	log := filepath.Join(work, "log")
	histlog := os.Getenv("HISTLOG")
	if err := compressions(histlog, source, log, rounds); err != nil {
		return err
	}
	if _, err := measure(histlog, "prune", "--max-records", "1", "--archive-to", old, "--yes", log); err != nil {
		return err
	}
	times, err := contest(readings, rounds, false)
	if err != nil {
		return err
	}
	fmt.Printf("\nreading what is compressed; medians\n\n")
	for _, c := range readings {
		fmt.Printf("%8.1f ms  %s\n", times[c.name].Seconds()*1e3, c.name)
	}
	for _, i := range []int{0, 2} {
		fmt.Printf("%8.2f ×   the rate of %s\n", times[readings[i].name].Seconds()/times[readings[i+1].name].Seconds(), readings[i].name)
	}
	return randomRecords(histlog, old, rounds)
}

// usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // bytes resident
}

// measure runs a command to its end.
func measure(args ...string) (u usage, err error) {
	c := exec.Command(args[0], args[1:]...)
	started := time.Now()
	out, err := c.CombinedOutput()
	if err != nil {
		return u, fmt.Errorf("%v: %w\n%.1000s", args, err, out)
	}
	r := c.ProcessState.SysUsage().(*syscall.Rusage)
	return usage{time.Since(started), c.ProcessState.UserTime() + c.ProcessState.SystemTime(), r.Maxrss << 10}, nil
}

// compressions migrates the source and compresses all but the active segment.
func compressions(histlog, source, log string, rounds int) error {
	var cpu, wall []time.Duration
	var peak int64
	var before, after int64
	for range rounds {
		if err := os.RemoveAll(log); err != nil {
			return err
		}
		if _, err := measure(histlog, "migrate", "--verify", "none", source, log); err != nil {
			return err
		}
		var err error
		if before, err = sizes(log, "*.ndjson"); err != nil {
			return err
		}
		u, err := measure(histlog, "compact", "--older-than", "0s", log)
		if err != nil {
			return err
		}
		cpu, wall, peak = append(cpu, u.cpu), append(wall, u.wall), max(peak, u.peak)
	}
	active, err := sizes(log, "*.ndjson")
	if err == nil {
		after, err = sizes(log, "*.zst")
	}
	if err != nil {
		return err
	}
	before -= active
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	old := float64(info.Size()) * float64(before) / float64(before+active)
	fmt.Printf("\ncompact, medians of %d\n\n%8.1f ×   smaller than the plain segments (%d of %d bytes)\n%8.1f ×   smaller than what they were in %s\n",
		rounds, float64(before)/float64(after), after, before, old/float64(after), filepath.Base(source))
	fmt.Printf("%8.0f MB/s, whole process: read, checked, compressed, synced, read back\n%8.0f MB/s of CPU time\n%8.1f MiB  peak RSS\n",
		float64(before)/1e6/median(wall).Seconds(), float64(before)/1e6/median(cpu).Seconds(), float64(peak)/(1<<20))
	return nil
}

// sizes returns how long the files of a pattern are together.
func sizes(dir, pattern string) (n int64, err error) {
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return 0, err
		}
		n += info.Size()
	}
	return n, err
}

// randomRecords measures one record at a time, whole process, spread over the log.
func randomRecords(histlog, log string, rounds int) error {
	var all []time.Duration
	var peak int64
	for seq := 1; seq <= 770; seq += 770 / (20 * max(1, rounds/5)) {
		u, err := measure(histlog, "cat", log, strconv.Itoa(seq))
		if err != nil {
			return err
		}
		all, peak = append(all, u.wall), max(peak, u.peak)
	}
	slices.Sort(all)
	fmt.Printf("\n%8.1f ms  one record at random, median of %d\n%8.1f ms  the slowest\n%8.1f MiB  peak RSS\n",
		all[len(all)/2].Seconds()*1e3, len(all), all[len(all)-1].Seconds()*1e3, float64(peak)/(1<<20))
	return nil
}
