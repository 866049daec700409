// Command month appends a stream of batches to a log as a pipeline would over
// weeks, with a clock that shows each batch's own time, has upkeep done after each
// sealed segment as histlog append does, and draws what the log took on disk, and
// this process in memory, as a chart:
//
//	genhistory -records 14400 -shape ndjson | month -log month -chart docs/month.svg
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/histlog/histlog/compactor"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/segment"
)

func main() {
	dir := flag.String("log", "", "the log to make")
	chart := flag.String("chart", "", "the picture to draw, as SVG")
	flag.Parse()
	memguard.Memory().Safe().Apply(os.Getenv) // as every command of histlog does
	if err := run(*dir, *chart); err != nil {
		fmt.Fprintln(os.Stderr, "month:", err)
		os.Exit(1)
	}
}

func run(dir, chart string) error {
	m := &month{dir: dir}
	if err := m.write(); err != nil {
		return err
	}
	last := m.samples[len(m.samples)-1]
	fmt.Printf("%d records, %.1f days: %d bytes of records take %d on disk (%.1f ×), at most %d; peak RSS %.1f MiB; %d segments compressed\n",
		m.records, last.at.Sub(m.samples[0].at).Hours()/24, last.plain, last.disk, float64(last.plain)/float64(last.disk), m.greatest(), float64(memguard.PeakRSS())/(1<<20), m.compressed)
	return os.WriteFile(chart, []byte(m.svg()), 0o644)
}

// A month is a log being written, and what was seen of it.
type month struct {
	dir        string
	now        time.Time // of the current record
	records    int
	plain      int64 // bytes of records so far
	sealed     int
	compressed int
	samples    []sample
}

// A sample is what was seen at one time.
type sample struct {
	at          time.Time
	records     int
	plain, disk int64
	rss         uint64
}

// write appends what comes on stdin.
func (m *month) write() (err error) {
	in := jsonscan.NewReader(bufio.NewReaderSize(os.Stdin, 1<<20), jsonscan.Options{Capture: timestamp()})
	var w *segment.Writer
	defer func() {
		if w != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	var value []byte
	for {
		if _, err := in.Peek(); err == io.EOF {
			return m.look()
		} else if err != nil {
			return err
		}
		if value, err = in.Value(value[:0]); err != nil {
			return err
		}
		m.now, _ = recordtime.Parse(in.Captured(value), time.UTC)
		if w == nil {
			if w, err = segment.Create(context.Background(), m.dir, segment.Options{Now: func() time.Time { return m.now }}); err != nil {
				return err
			}
		}
		if _, err := w.Append(context.Background(), value); err != nil {
			return err
		}
		if err := m.after(w, len(value)+1); err != nil {
			return err
		}
	}
}

func timestamp() *jsonscan.Pointer {
	p, err := jsonscan.ParsePointer("/timestamp")
	if err != nil {
		panic(err)
	}
	return p
}

// every is how many records pass from one sample to the next.
const every = 40

// after does what follows a record: upkeep if a segment was sealed, a sample now and then.
func (m *month) after(w *segment.Writer, size int) error {
	m.records++
	m.plain += int64(size)
	if m.records%every == 1 {
		if err := m.look(); err != nil {
			return err
		}
	}
	if w.Sealed() == m.sealed {
		return nil
	}
	m.sealed = w.Sealed()
	l, err := segment.Open(m.dir)
	if err != nil {
		return err
	}
	segments, err := compactor.Segments(l)
	if err != nil {
		return err
	}
	policy := w.Policy().Upkeep
	changes, err := compactor.Run(context.Background(), m.dir, compactor.PlanDue(policy, segments, m.now, compactor.Guard{}), compactor.Options{Policy: policy})
	m.compressed += len(changes)
	return err
}

// look takes a sample.
func (m *month) look() error {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return err
	}
	s := sample{at: m.now, records: m.records, plain: m.plain, rss: memguard.RSS()}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		s.disk += info.Size()
	}
	m.samples = append(m.samples, s)
	return nil
}

// greatest returns the most that the log took.
func (m *month) greatest() (most int64) {
	for _, s := range m.samples {
		most = max(most, s.disk)
	}
	return most
}
