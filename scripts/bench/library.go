//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/histlog/histlog/segment"
	"github.com/tidwall/wal"
	"gopkg.in/natefinch/lumberjack.v2"
)

// A writer appends records to a file or a log in a directory of its own.
type writer struct {
	name string
	open func(dir string) (write func(record []byte) error, close func() error, err error)
}

// A race has writers append the same record for a while, from one or more goroutines.
type race struct {
	name       string
	size       int
	goroutines int
	writers    []writer
}

var races = []race{
	{"200 bytes, not synced", 200, 1, []writer{{"write(2)", bare(false)}, {"histlog, sync=none", histlog("none")}, {"histlog, sync=none, batches of 64", inBatches("none", 64)}, {"lumberjack", withLumberjack}, {"tidwall/wal, NoSync", withWAL}}},
	{"436 KB, not synced", 436_000, 1, []writer{{"write(2), synced every 64 MiB", bareSegments}, {"write(2)", bare(false)}, {"histlog, sync=none", histlog("none")}}},
	{"200 bytes, durable", 200, 1, []writer{{"write(2) and fdatasync(2)", bare(true)}, {"histlog, sync=always", histlog("always")}}},
	{"200 bytes, durable, 64 goroutines", 200, 64, []writer{{"write(2) and fdatasync(2), one goroutine", bare(true)}, {"histlog, sync=always", histlog("always")}}},
}

// span is how long each writer writes in a round.
const span = time.Second

func benchLibrary(rounds int) (err error) {
	work, clear, err := workplace()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clear()) }()
	for _, r := range races {
		fmt.Printf("\n%s; medians of records a second\n\n", r.name)
		took := map[string][]time.Duration{}
		for round := range rounds + 1 {
			for _, w := range r.writers {
				each, err := r.run(w, filepath.Join(work, "race"))
				if err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
				if round > 0 {
					took[w.name] = append(took[w.name], each)
				}
			}
		}
		first := median(took[r.writers[0].name])
		for _, w := range r.writers {
			each := median(took[w.name])
			fmt.Printf("%10.0f  %6.2f ×  %s\n", float64(time.Second)/float64(each), float64(first)/float64(each), w.name)
		}
	}
	return nil
}

// run returns how long a writer takes for one record.
func (r race) run(w writer, dir string) (each time.Duration, err error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	write, close, err := w.open(dir)
	if err != nil {
		return 0, err
	}
	record := []byte(`"` + string(bytes.Repeat([]byte("x"), r.size-3)) + `"`)
	goroutines := r.goroutines
	if w.name == r.writers[0].name { // the bare one knows nothing of the others
		goroutines = 1
	}
	counts, failures := make([]int, goroutines), make([]error, goroutines)
	var done sync.WaitGroup
	started := time.Now()
	for g := range goroutines {
		done.Go(func() {
			for time.Since(started) < span {
				for range max(1, 20_000/r.size) {
					if err := write(record); err != nil {
						failures[g] = err
						return
					}
					counts[g]++
				}
			}
		})
	}
	done.Wait()
	took := time.Since(started)
	total := 0
	for _, n := range counts {
		total += n
	}
	return took / time.Duration(max(1, total)), errors.Join(append(failures, close())...)
}

func histlog(sync string) func(dir string) (func([]byte) error, func() error, error) {
	return func(dir string) (func([]byte) error, func() error, error) {
		w, err := segment.Create(context.Background(), filepath.Join(dir, "log"), segment.Options{Settings: segment.Settings{"sync": sync}})
		if err != nil {
			return nil, nil, err
		}
		write := func(record []byte) error {
			_, err := w.Append(context.Background(), record)
			return err
		}
		return write, w.Close, nil
	}
}

// inBatches is histlog with AppendBatch.
func inBatches(sync string, n int) func(dir string) (func([]byte) error, func() error, error) {
	return func(dir string) (func([]byte) error, func() error, error) {
		w, err := segment.Create(context.Background(), filepath.Join(dir, "log"), segment.Options{Settings: segment.Settings{"sync": sync}})
		if err != nil {
			return nil, nil, err
		}
		var batch [][]byte
		commit := func() error {
			_, err := w.AppendBatch(context.Background(), batch)
			batch = batch[:0]
			return err
		}
		write := func(record []byte) error {
			if batch = append(batch, record); len(batch) < n {
				return nil
			}
			return commit()
		}
		return write, func() error { return errors.Join(commit(), w.Close()) }, nil
	}
}

// bare is one write(2) a record, and fdatasync(2) if it is durable.
func bare(durable bool) func(dir string) (func([]byte) error, func() error, error) {
	return func(dir string) (func([]byte) error, func() error, error) {
		f, err := os.Create(filepath.Join(dir, "file"))
		if err != nil {
			return nil, nil, err
		}
		fd := int(f.Fd())
		var line []byte
		return func(record []byte) error {
			line = append(append(line[:0], record...), '\n')
			_, err := syscall.Write(fd, line)
			if err == nil && durable {
				err = syscall.Fdatasync(fd)
			}
			return err
		}, f.Close, nil
	}
}

// bareSegments is what a log must do at least whose older segments are sealed:
// write(2), and a new file, after a sync of the old one, at the segment's size.
func bareSegments(dir string) (func([]byte) error, func() error, error) {
	const segmentSize = 64 << 20
	var f *os.File
	var line []byte
	n := segmentSize
	return func(record []byte) (err error) {
		line = append(append(line[:0], record...), '\n')
		if n += len(line); n > segmentSize {
			if f != nil {
				err = errors.Join(f.Sync(), f.Close())
			}
			if err != nil {
				return err
			}
			if f, err = os.CreateTemp(dir, ""); err != nil {
				return err
			}
			n = len(line)
		}
		_, err = syscall.Write(int(f.Fd()), line)
		return err
	}, func() error { return f.Close() }, nil
}

func withLumberjack(dir string) (func([]byte) error, func() error, error) {
	out := &lumberjack.Logger{Filename: filepath.Join(dir, "file"), MaxSize: 64}
	var line []byte
	return func(record []byte) error {
		line = append(append(line[:0], record...), '\n')
		_, err := out.Write(line)
		return err
	}, out.Close, nil
}

func withWAL(dir string) (func([]byte) error, func() error, error) {
	log, err := wal.Open(filepath.Join(dir, "log"), &wal.Options{NoSync: true, SegmentSize: 64 << 20, LogFormat: wal.Binary})
	if err != nil {
		return nil, nil, err
	}
	seq := uint64(0)
	return func(record []byte) error {
		seq++
		return log.Write(seq, record)
	}, log.Close, nil
}
