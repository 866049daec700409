//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
)

// A workload is what a run does to the logs in a directory until it is stopped.
type workload struct {
	program
	plan
	ctx     context.Context
	journal *journal
	sure    bool // no command is killed
}

// run runs the scenario until the context ends.
func (w *workload) run() {
	s := w.scenario()
	if len(s.settings) > 0 && w.must(w.appendArgs()...) {
		w.must(append([]string{"config", "log", "--yes"}, s.settings...)...)
	}
	var all sync.WaitGroup
	for i := range s.producers {
		all.Go(func() { w.produce(i+1, w.random(i+1)) })
	}
	if len(s.operations) > 0 {
		all.Go(func() { w.operate(s, w.random(0)) })
	}
	all.Wait()
}

// random returns the random numbers of one part of the workload.
func (w *workload) random(part int) *rand.Rand {
	return rand.New(rand.NewPCG(w.Seed, uint64(part+100)))
}

// appendArgs are the arguments that append always gets.
func (p plan) appendArgs(more ...string) []string {
	args := []string{"append", "log", "--create", "--allow-empty", "--lock-wait", "60s", "--sync", p.Policy, "--segment-size", p.SegmentSize, "--time-zone", "UTC"}
	return append(args, more...)
}

// produce appends records, by one process after the other, most of which it kills. With
// retry it submits again what was not acknowledged.
func (w *workload) produce(producer int, rng *rand.Rand) {
	next, last := 1, uint64(0)
	for w.ctx.Err() == nil {
		f := w.life(producer, next, last, rng)
		next, last = f.sent, max(last, f.newest)
		if w.scenario().retry {
			next = f.heard
		}
	}
}

// A feed is what was sent to one append process, and what it has acknowledged.
type feed struct {
	producer    int
	sent, heard int           // the numbers of the next record to send and to be acknowledged
	newest      uint64        // the newest sequence
	acks        <-chan uint64 // closed when the process has closed its output
}

// life runs one append process. last is the newest sequence that an earlier one returned.
func (w *workload) life(producer, first int, last uint64, rng *rand.Rand) *feed {
	f := &feed{producer: producer, sent: first, heard: first}
	count, kill := 1+rng.IntN(80), rng.IntN(3) > 0
	args := w.appendArgs()
	if w.scenario().retry && last > 0 {
		args = append(args, "--retry-after", strconv.FormatUint(last, 10))
	}
	c := w.command(w.ctx, args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	in, err := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err := errors.Join(err, err2, c.Start()); err != nil {
		if w.ctx.Err() == nil {
			w.journal.fault(err.Error())
		}
		return f
	}
	f.acks = w.hear(out, producer, first)
	alive := f.send(in, count, w.Window)
	if kill {
		_ = c.Process.Kill()
	}
	in.Close()
	for f.receive() {
	}
	switch err := c.Wait(); {
	case w.ctx.Err() != nil || kill && alive:
	case err != nil:
		w.journal.fault(outcome{args, "", errs.String(), c.ProcessState.ExitCode()}.String())
	case f.newest > 0:
		w.journal.add(event{What: closed, Seq: f.newest})
	}
	return f
}

// send sends count records, and never more than window that are not acknowledged. It returns
// false if the process has ended.
func (f *feed) send(in io.Writer, count, window int) bool {
	for ; count > 0; count-- {
		if f.sent-f.heard == window && !f.receive() {
			return false
		}
		_, err := io.WriteString(in, record(f.producer, f.sent)+"\n")
		f.sent++
		if err != nil {
			return false
		}
	}
	return true
}

// receive waits for an acknowledgement. It returns false if there is none any more.
func (f *feed) receive() bool {
	seq, ok := <-f.acks
	if ok {
		f.heard, f.newest = f.heard+1, seq
	}
	return ok
}

// hear records the acknowledgements that append prints.
func (w *workload) hear(out io.Reader, producer, n int) <-chan uint64 {
	acks := make(chan uint64, 100) // more than a process gets records
	go func() {
		defer close(acks)
		for lines := bufio.NewScanner(out); lines.Scan(); n++ {
			seq, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				w.journal.fault("append printed " + lines.Text())
				return
			}
			w.journal.add(event{acked, producer, n, seq})
			acks <- seq
		}
	}()
	return acks
}
