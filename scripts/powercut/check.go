//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A check looks at what a power cut has left, recovers it, and compares it with the events
// before the cut.
type check struct {
	workload
	before     []event // the journal gets those of the check, too
	generation int     // the number of power cuts before

	recovered bool
	problems  []string
	acks      int // how many acknowledgements were compared
	lost      int // acknowledged records that sync=none has lost
}

func (c *check) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// run checks every log in the directory.
func (c *check) run() {
	c.sure = true // operations are not killed
	c.checkMigrations()
	if c.scenario().producers > 0 {
		c.checkLog()
	}
	c.problems = append(c.problems, c.journal.faults...)
}

// checkLog checks the log to which producers have appended.
func (c *check) checkLog() {
	if ack, ok := newest(c.before, acked); ok && !isLog(c.path("log")) {
		c.problem("record %d was acknowledged, and there is no log", ack.Seq)
		return
	}
	if isLog(c.path("log")) {
		c.compare(c.read("log"), "before recovery", false)
	}
	c.checkSnapshots()
	c.recover()
	for _, finish := range c.scenario().finish {
		finish(&c.workload, c.random(0))
	}
	c.recovered = true
	log := c.read("log")
	if isLog(c.path("archive")) {
		log = c.join(log, c.read("archive"))
	}
	c.checkRetired(log)
	c.checkDamaged(log)
	c.compare(log, "after recovery", true)
	c.checkSettings()
}

// A content is what a log holds.
type content struct {
	first   uint64 // the oldest record that was not retired
	records map[uint64]string
}

// read reads a log by each command that reads. Unless records were damaged, none may report
// damage.
func (c *check) read(log string) content {
	harmed := c.harmed() && !c.recovered
	for _, command := range [][]string{{"check", log, "--min-free", "1K", "--stale-after", "9999h"}, {"verify", log}, {"inspect", log}, {"tail", log, "-n", "3"}} {
		o := c.program.run(c.ctx, "", command...)
		if warned := command[0] == "check" && o.code == 1; o.code != 0 && !warned && !harmed {
			c.problem("%s", o)
		}
	}
	o := c.program.run(c.ctx, "", "cat", log, "--json")
	if o.code != 0 && !harmed {
		c.problem("%s", o)
	}
	found := content{c.marker(log).First, map[uint64]string{}}
	for line := range strings.Lines(o.out) {
		var v struct {
			Seq    uint64
			Time   time.Time
			Record json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			c.problem("%s printed %.80q: %v", o.args, line, err)
		}
		found.records[v.Seq] = string(v.Record)
		if _, n, err := parse(string(v.Record)); err == nil && c.Scenario == "restamp" && c.recovered && !v.Time.Equal(recordTime(n)) {
			c.problem("record %d has the time %v, want %v", v.Seq, v.Time, recordTime(n))
		}
	}
	return found
}

// harmed reports whether the workload has damaged records.
func (c *check) harmed() bool {
	_, ok := newest(c.before, damaging)
	return ok
}

// A marker is what the check reads in HISTLOG.
type marker struct {
	First    uint64 `json:"first_seq"`
	Settings map[string]string
}

func (c *check) marker(log string) (m marker) {
	b, err := os.ReadFile(filepath.Join(c.path(log), "HISTLOG"))
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		c.problem("%v", err)
	}
	return m
}

// recover has the next writer recover the log and append a record, and then another one,
// which must have nothing to recover. With retry the record is the one that was not
// acknowledged.
func (c *check) recover() {
	e := event{acked, probe + c.generation, 1, 0}
	args := c.appendArgs()
	if last, ok := newest(c.before, acked); ok && c.scenario().retry && c.Policy != "none" {
		args = append(args, "--retry-after", strconv.FormatUint(last.Seq, 10))
		e.Producer, e.N = last.Producer, last.N+1
	}
	o := c.program.run(c.ctx, record(e.Producer, e.N), args...)
	seq, err := strconv.ParseUint(strings.TrimSpace(o.out), 10, 64)
	if o.code != 0 || err != nil {
		c.problem("recovery: %s", o)
		return
	}
	e.Seq = seq
	c.journal.add(e)
	if o := c.program.run(c.ctx, "", c.appendArgs()...); o.code != 0 || o.errs != "" {
		c.problem("a second recovery: %s", o)
	}
}

// The record that a check appends has the producer probe plus the number of cuts before.
const probe = 1000

// join adds to a log what its archive holds.
func (c *check) join(log, archive content) content {
	for seq, text := range archive.records {
		if again, ok := log.records[seq]; ok && again != text {
			c.problem("record %d of the archive differs from the log's", seq)
		}
		log.records[seq] = text
	}
	return content{archive.first, log.records}
}

// compare compares a log with what was acknowledged.
func (c *check) compare(log content, when string, complete bool) {
	events := c.before
	if complete {
		events = c.journal.all()
	}
	v := comparison{events: events, policy: c.Policy, first: log.first, records: log.records, complete: complete}
	v.run()
	for _, problem := range v.problems {
		c.problem("%s: %s", when, problem)
	}
	c.lost += v.lost
	c.acks = v.acks
}

// checkRetired checks that no record was retired that had to stay.
func (c *check) checkRetired(log content) {
	kept := uint64(len(log.records))
	if log.first > 1 && (!c.scenario().retires || kept < keepRecords && c.Policy != "none") {
		c.problem("the records before %d were retired, and %d are left", log.first, kept)
	}
}

// checkDamaged checks that damaged records were lost and their bytes are in quarantine/.
func (c *check) checkDamaged(log content) {
	for _, e := range c.before {
		_, there := log.records[e.Seq]
		if e.What == damaged && (there || !c.quarantined(damagedText(e.Producer, e.N))) {
			c.problem("record %d was damaged; it is readable: %v, or its bytes are not in quarantine/", e.Seq, there)
		}
	}
}

// quarantined reports whether a file in quarantine/ holds a line.
func (c *check) quarantined(line string) bool {
	names, _ := filepath.Glob(c.path("log/quarantine/*"))
	return slices.ContainsFunc(names, func(name string) bool {
		b, err := os.ReadFile(name)
		return err == nil && strings.Contains(string(b), line)
	})
}

// checkSettings checks that a setting that was set stays set.
func (c *check) checkSettings() {
	was, ok := newest(c.before, set)
	n, err := strconv.Atoi(strings.TrimSuffix(c.marker("log").Settings["max-record"], "M"))
	if ok && (err != nil || n < 100+was.N) {
		c.problem("max-record was set to %dM, and is %dM, %v", 100+was.N, n, err)
	}
}

// checkSnapshots checks the snapshots that are logs: each holds what was acknowledged before
// it was begun, and needs no recovery. One that was complete must be a log.
func (c *check) checkSnapshots() {
	for _, e := range c.before {
		name := snapshotName(e.N)
		switch there := isLog(c.path(name)); {
		case e.What == copied && !there:
			c.problem("%s was complete and is gone", name)
		case e.What == copying && there:
			s := c.read(name)
			c.compare(s, name, false)
			if e.Seq > 0 && c.Policy != "none" && s.first <= e.Seq && s.records[e.Seq] == "" {
				c.problem("%s has not record %d, which was acknowledged before", name, e.Seq)
			}
			if o := c.program.run(c.ctx, "", "append", name, "--allow-empty"); o.code != 0 || o.errs != "" {
				c.problem("%s needed recovery: %s", name, o)
			}
		}
	}
}

// checkMigrations checks that each migrated log is complete or was not made, and migrates
// again.
func (c *check) checkMigrations() {
	sources, done := map[int][]int{}, map[int]int{} // records, by producer
	for _, e := range c.before {
		switch e.What {
		case sourced:
			sources[e.Producer] = append(sources[e.Producer], e.N)
		case migrated:
			done[e.Producer] = e.N
		}
	}
	for producer, counts := range sources {
		c.checkMigration(producer, counts, done[producer])
	}
}

func (c *check) checkMigration(producer int, counts []int, done int) {
	name, last := migratedName(producer), counts[len(counts)-1]
	source, err := c.source(producer, last)
	if err != nil {
		c.problem("%v", err)
		return
	}
	again := []string{"migrate", source, name, "--time-zone", "UTC"}
	if isLog(c.path(name)) {
		n := len(c.read(name).records)
		if n > last || done == 0 && n != counts[0] {
			c.problem("%s shows %d records of sources with %d, of which %d were migrated", name, n, counts, done)
		}
		if o := c.program.run(c.ctx, "", "append", name, "--allow-empty"); o.code != 0 {
			c.problem("recovery: %s", o)
		}
		if n := len(c.read(name).records); n < done {
			c.problem("%s has %d records, %d were migrated", name, n, done)
		}
		again = append(again, "--continue")
	} else if done > 0 {
		c.problem("%d records were migrated, and %s is no log", done, name)
	}
	if o := c.program.run(c.ctx, "", again...); o.code != 0 {
		c.problem("%s", o)
	}
	if o := c.program.run(c.ctx, "", "verify", name, "--against", source); o.code != 0 {
		c.problem("%s", o)
	}
	records := c.read(name).records
	for n := 1; n <= max(last, len(records)); n++ {
		if records[uint64(n)] != record(producer, n) {
			c.problem("record %d of %s is %.80q", n, name, records[uint64(n)])
			return
		}
	}
	c.acks += done
}
