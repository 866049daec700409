//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/histlog/histlog/segment"
)

// segmentCounts and recordCounts are the sizes of the logs that benchScale measures. The
// largest ones are a year of segments of five minutes, and, with -slow, 10^7 records.
var (
	segmentCounts = []int{100, 1000, 10_000, 100_000}
	recordCounts  = []int{10_000, 100_000, 1_000_000}
	scaleSegments = flag.String("segments", "", "comma-separated counts of segments for scale, instead of the usual ones")
)

// scaleCommands are measured on each log. $LOG is the log and $MIDDLE a record of it.
var scaleCommands = [][]string{
	{"append", "$LOG", "$VALUE"},
	{"tail", "-n", "1", "$LOG"},
	{"cat", "$LOG", "$MIDDLE"},
	{"cat", "--since", "$SINCE", "$LOG"},
	{"check", "--stale-after", "100000d", "--min-free", "0", "$LOG"},
	{"compact", "--due", "$LOG"},
	{"inspect", "$LOG"},
}

// A cost is what one run of a command takes.
type cost struct {
	cpu  time.Duration // user and system time
	peak int64         // resident memory, in bytes
}

// benchScale measures what commands take on logs of more and more segments, and of more
// and more records in few segments, on tmpfs.
func benchScale(slow bool) (err error) {
	_, clear, err := workplace()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clear()) }()
	counts := segmentCounts
	if *scaleSegments != "" {
		counts = nil
		for text := range strings.SplitSeq(*scaleSegments, ",") {
			var n int
			if _, err := fmt.Sscan(text, &n); err != nil {
				return err
			}
			counts = append(counts, n)
		}
	}
	for _, merged := range []bool{false, true} {
		what := "segments of 2 records, as they were written"
		if merged {
			what = "segments of 2 records, after histlog compact"
		}
		if err := chartScale(what, counts, 2, 1, merged); err != nil {
			return err
		}
	}
	records := recordCounts
	if slow {
		records = append(records, 10_000_000)
	}
	return chartScale("records in 3 segments", records, 0, 3, false)
}

// chartScale prints a table and bars for logs of the given counts.
func chartScale(unit string, counts []int, perSegment, segments int, compact bool) error {
	costs := make([][]cost, len(counts))
	for i, n := range counts {
		each := perSegment
		if each == 0 {
			each = max(1, n/segments)
			n = segments
		}
		var err error
		if costs[i], err = measureScale(n, each, compact); err != nil {
			return err
		}
	}
	for k, args := range scaleCommands {
		fmt.Printf("\nhistlog %s\n%12s  %9s  %9s\n", strings.Join(args[:len(args)-1], " "), "", "CPU ms", "peak MiB")
		longest := time.Duration(1)
		for i := range counts {
			longest = max(longest, costs[i][k].cpu)
		}
		for i, n := range counts {
			c := costs[i][k]
			bar := strings.Repeat("█", int(40*c.cpu/longest))
			fmt.Printf("%12d  %9.1f  %9.1f  %s\n", n, c.cpu.Seconds()*1e3, float64(c.peak)/(1<<20), bar)
		}
	}
	fmt.Printf("\nagainst the number of %s, on tmpfs\n", unit)
	return nil
}

// measureScale makes a log and measures each of scaleCommands on it, after maintenance if
// compact is set.
func measureScale(segments, perSegment int, compact bool) (costs []cost, err error) {
	dir, err := os.MkdirTemp("/dev/shm", "histlog-scale-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	log := filepath.Join(dir, "log")
	newest, err := makeScaleLog(log, segments, perSegment)
	if err != nil {
		return nil, err
	}
	if compact {
		if err := compactScale(log, segments); err != nil {
			return nil, err
		}
	}
	value := filepath.Join(dir, "value")
	if err := os.WriteFile(value, []byte(scaleRecord(newest)), 0o644); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"LOG": log, "VALUE": value, "MIDDLE": fmt.Sprint(segments * perSegment / 2), "SINCE": newest.Add(-time.Second).Format(time.RFC3339),
	} {
		os.Setenv(name, text)
	}
	for _, args := range scaleCommands {
		c, err := measureCost(args)
		if err != nil {
			return nil, err
		}
		costs = append(costs, c)
	}
	return costs, nil
}

// compactScale has maintenance look after a log, and prints what that takes and leaves.
func compactScale(log string, segments int) error {
	if _, err := segment.Configure(context.Background(), log, segment.Settings{"compress-after": "24h", "merge": "auto"}, nil); err != nil {
		return err
	}
	files, bytes, err := sizeOf(log)
	if err != nil {
		return err
	}
	c := exec.Command(os.Getenv("HISTLOG"), "compact", "--json", log)
	begun := time.Now()
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("compact: %w\n%.1000s", err, out)
	}
	took, peak := time.Since(begun), c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss*1024
	filesAfter, bytesAfter, err := sizeOf(log)
	fmt.Printf("compact of %d segments: %.2f s, %.1f MiB; %d files of %.1f MB, then %d of %.2f MB\n",
		segments, took.Seconds(), float64(peak)/(1<<20), files, float64(bytes)/1e6, filesAfter, float64(bytesAfter)/1e6)
	return err
}

// sizeOf returns how many files a directory has, and their size.
func sizeOf(dir string) (files int, bytes int64, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return 0, 0, err
		}
		files, bytes = files+1, bytes+info.Size()
	}
	return files, bytes, err
}

// measureCost runs a command three times and returns the least of its costs.
func measureCost(args []string) (least cost, err error) {
	for n := range 3 {
		c := exec.Command(os.Getenv("HISTLOG"))
		for _, arg := range args {
			c.Args = append(c.Args, os.ExpandEnv(arg))
		}
		out, err := c.CombinedOutput()
		if err != nil {
			return least, fmt.Errorf("%s: %w\n%.1000s", strings.Join(c.Args, " "), err, out)
		}
		s := c.ProcessState
		took := cost{s.UserTime() + s.SystemTime(), s.SysUsage().(*syscall.Rusage).Maxrss * 1024}
		if n == 0 || took.cpu < least.cpu {
			least = took
		}
	}
	return least, nil
}

func scaleRecord(at time.Time) string {
	return fmt.Sprintf(`{"timestamp":%q,"total_matches":74}`, at.Format(time.RFC3339))
}

// makeScaleLog makes a log of sealed segments and an active one, a segment in each five
// minutes, without syncs. It returns the time of the newest record.
func makeScaleLog(dir string, segments, perSegment int) (newest time.Time, err error) {
	gap := 5 * time.Minute / time.Duration(perSegment)
	at := time.Now().Add(-time.Duration(segments*perSegment) * gap)
	w, err := segment.Create(context.Background(), dir, segment.Options{FS: unsynced{}, Now: func() time.Time { return at },
		Settings: segment.Settings{"segment-age": "5m", "maintain": "manual", "sync": "none", "compress-after": "never", "merge": "never"}})
	if err != nil {
		return at, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	batch := [][]byte{}
	for n := range segments * perSegment {
		at = at.Add(gap)
		batch = append(batch, []byte(scaleRecord(at)))
		if len(batch) == min(perSegment, 1000) || n == segments*perSegment-1 {
			if _, err := w.AppendBatch(context.Background(), batch); err != nil {
				return at, err
			}
			batch = batch[:0]
		}
	}
	return at, nil
}

// unsynced is the file system without syncs, which would make the log slow to write.
type unsynced struct{ segment.OS }

type unsyncedFile struct{ segment.File }

func (unsyncedFile) Sync() error           { return nil }
func (unsyncedFile) Datasync() error       { return nil }
func (unsynced) SyncDir(name string) error { return nil }

func (unsynced) OpenFile(name string, flag int, perm fs.FileMode) (segment.File, error) {
	f, err := segment.OS{}.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}
