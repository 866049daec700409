//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
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
		sent, heard, newest := w.life(producer, next, last, rng)
		next = sent
		if newest > 0 {
			last = newest
		}
		if w.scenario().retry {
			next = heard
		}
	}
}

// life runs one append process. It returns the numbers of the first record that was not
// sent and of the first one that was not acknowledged, and the newest sequence.
func (w *workload) life(producer, first int, last uint64, rng *rand.Rand) (sent, heard int, newest uint64) {
	window, count, kill := w.Window, 1+rng.IntN(80), rng.IntN(3) > 0
	args := w.appendArgs()
	if w.scenario().retry && last > 0 {
		args = append(args, "--retry-after", strconv.FormatUint(last, 10))
	}
	c := w.command(w.ctx, args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	in, err := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err != nil || err2 != nil || c.Start() != nil {
		w.journal.fault("append can't be started")
		time.Sleep(time.Second)
		return first, first, 0
	}
	acks := make(chan uint64, count)
	go w.hear(out, producer, first, acks)
	sent, heard = first, first
	alive := true
	for alive && sent < first+count {
		if sent-heard == window {
			if newest, alive = receive(acks, newest); alive {
				heard++
			}
			continue
		}
		if _, err := io.WriteString(in, record(producer, sent)+"\n"); err != nil {
			alive = false
		}
		sent++
	}
	if kill {
		_ = c.Process.Kill()
	}
	in.Close()
	for more := true; more; {
		if newest, more = receive(acks, newest); more {
			heard++
		}
	}
	err = c.Wait()
	switch {
	case w.ctx.Err() != nil || kill && alive:
	case err != nil:
		w.journal.fault(outcome{args, "", errs.String(), c.ProcessState.ExitCode()}.String())
	case newest > 0:
		w.journal.add(event{What: closed, Seq: newest})
	}
	return sent, heard, newest
}

// receive returns the next sequence, or if there is none the newest one and false.
func receive(acks <-chan uint64, newest uint64) (uint64, bool) {
	if seq, ok := <-acks; ok {
		return seq, true
	}
	return newest, false
}

// hear records the acknowledgements that append prints.
func (w *workload) hear(out io.Reader, producer, n int, acks chan<- uint64) {
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
}
