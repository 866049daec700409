//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"
)

// A scenario is what happens to a log when its power is cut. internal/survival runs the same
// operations on a simulated disk.
type scenario struct {
	name       string
	producers  int
	retry      bool        // a producer submits again what was not acknowledged
	settings   []string    // of the log
	operations []operation // run beside the producers, at random
	finish     []operation // must succeed after recovery
	retires    bool        // records may be gone: all but the newest keepRecords
}

// An operation changes a log.
type operation func(w *workload, rng *rand.Rand)

const keepRecords = 60

// limits retire and compress as soon as possible.
var limits = []string{"compress-after=0s", fmt.Sprintf("max-records=%d", keepRecords), "segment-age=100d"}

// scenarios is the table of them.
var scenarios = []scenario{
	{name: "append", producers: 1},
	{name: "contend", producers: 3, operations: []operation{compress, seal}, finish: []operation{compress}},
	{name: "retry", producers: 1, retry: true},
	{name: "compact", producers: 1, settings: []string{"compress-after=0s"}, operations: []operation{compress, seal}, finish: []operation{compress, seal}},
	{name: "merge", producers: 1, settings: []string{"compress-after=0s"}, operations: []operation{seal, seal, seal, compress}, finish: []operation{compress}},
	{name: "retain", producers: 1, settings: limits, operations: []operation{compress, prune}, finish: []operation{prune}, retires: true},
	{name: "archive", producers: 1, settings: append([]string{"archive-to=archive"}, limits...), operations: []operation{compress, archive}, finish: []operation{archive}},
	{name: "repair", producers: 1, settings: []string{"maintain=manual"}, operations: []operation{damage, damage, repair}, finish: []operation{repair}},
	{name: "snapshot", producers: 1, operations: []operation{snapshot, compress}},
	{name: "config", producers: 1, operations: []operation{configure, configure, compress}, finish: []operation{configure}},
	{name: "restamp", producers: 1, operations: []operation{restamp, restamp, compress}, finish: []operation{restampUTC}},
	{name: "migrate", operations: []operation{migrate}},
}

// findScenario returns the scenario of that name.
func findScenario(name string) (scenario, error) {
	for _, s := range scenarios {
		if s.name == name {
			return s, nil
		}
	}
	return scenario{}, fmt.Errorf("no scenario %s is known", name)
}

// operate runs operations until the workload ends.
func (w *workload) operate(s scenario, rng *rand.Rand) {
	for w.ctx.Err() == nil && s.producers > 0 && !isLog(w.path("log")) {
		time.Sleep(10 * time.Millisecond)
	}
	for w.ctx.Err() == nil {
		s.operations[rng.IntN(len(s.operations))](w, rng)
		time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
	}
}

// path returns the path of a file in the workload's directory.
func (p program) path(name string) string { return filepath.Join(p.dir, name) }

// must runs a command that must succeed, and reports whether it did.
func (w *workload) must(args ...string) bool {
	o := w.program.run(w.ctx, "", args...)
	if o.code != 0 && w.ctx.Err() == nil {
		w.journal.fault(o.String())
	}
	return o.code == 0
}

// perhaps runs a command that must succeed unless it is killed, as one in four is after some
// milliseconds. It reports whether the command succeeded.
func (w *workload) perhaps(rng *rand.Rand, args ...string) bool {
	if w.sure || rng.IntN(4) > 0 {
		return w.must(args...)
	}
	ctx, cancel := context.WithTimeout(w.ctx, time.Duration(rng.IntN(60))*time.Millisecond)
	defer cancel()
	o := w.program.run(ctx, "", args...)
	if o.code != 0 && ctx.Err() == nil {
		w.journal.fault(o.String())
	}
	return o.code == 0
}

func compress(w *workload, rng *rand.Rand) {
	w.perhaps(rng, "compact", "log", "--older-than", "0s", "--codec", pick(rng, []string{"zstd", "gzip"}))
}

func seal(w *workload, rng *rand.Rand) {
	w.perhaps(rng, "compact", "log", "--older-than", "0s", "--seal", "--lock-wait", "60s")
}

func prune(w *workload, rng *rand.Rand) {
	w.perhaps(rng, "prune", "log", "--max-records", fmt.Sprint(keepRecords), "--yes")
}

func archive(w *workload, rng *rand.Rand) {
	w.perhaps(rng, "prune", "log", "--max-records", fmt.Sprint(keepRecords), "--archive-to", "archive", "--yes")
}

func repair(w *workload, rng *rand.Rand) {
	w.perhaps(rng, "verify", "log", "--repair", "--lock-wait", "60s")
}

// configure counts up a setting that has no effect on the run.
func configure(w *workload, rng *rand.Rand) {
	last, _ := newest(w.journal.all(), setting)
	n := last.N + 1
	w.journal.add(event{What: setting, N: n})
	if w.perhaps(rng, "config", "log", fmt.Sprintf("max-record=%dM", 100+n)) {
		w.journal.add(event{What: set, N: n})
	}
}

func restamp(w *workload, rng *rand.Rand) {
	w.restampTo(rng, pick(rng, []string{"Europe/Berlin", "America/New_York"}))
}

func restampUTC(w *workload, rng *rand.Rand) { w.restampTo(rng, "UTC") }

func (w *workload) restampTo(rng *rand.Rand, zone string) {
	w.perhaps(rng, "config", "log", "time-zone="+zone, "--restamp", "--lock-wait", "60s", "--yes")
}

func snapshot(w *workload, rng *rand.Rand) {
	events := w.journal.all()
	last, _ := newest(events, copying)
	if last.N == 5 { // enough to look at
		return
	}
	ack, _ := newest(events, acked)
	e := event{What: copying, N: last.N + 1, Seq: ack.Seq}
	w.journal.add(e)
	if w.perhaps(rng, "snapshot", "log", snapshotName(e.N)) {
		e.What = copied
		w.journal.add(e)
	}
}

func snapshotName(n int) string { return fmt.Sprintf("snapshot%d", n) }

// isLog reports whether there is a log at dir.
func isLog(dir string) bool {
	names, _ := filepath.Glob(filepath.Join(dir, "HISTLOG"))
	return len(names) > 0
}

// scenarioNames returns the names of the scenarios.
func scenarioNames() string {
	var all []string
	for _, s := range scenarios {
		all = append(all, s.name)
	}
	return strings.Join(all, ",")
}
