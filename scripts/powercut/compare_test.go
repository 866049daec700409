//go:build linux

package main

import (
	"strings"
	"testing"
)

// TestComparison checks that a comparison finds each kind of fault, and nothing in logs that
// have none.
func TestComparison(t *testing.T) {
	ack := func(producer, n int, seq uint64) event { return event{acked, producer, n, seq} }
	acks := []event{ack(1, 1, 1), ack(1, 2, 2), ack(2, 1, 3)}
	good := map[uint64]string{1: record(1, 1), 2: record(1, 2), 3: record(2, 1)}
	for _, row := range []struct {
		name    string
		change  func(c *comparison)
		problem string // part of it; "" means none
		lost    int
	}{
		{"intact", func(*comparison) {}, "", 0},
		{"more than was acknowledged", func(c *comparison) { c.records[4] = record(2, 2) }, "", 0},
		{"lost", func(c *comparison) { delete(c.records, 3) }, "is lost", 0},
		{"not recovered yet", func(c *comparison) { delete(c.records, 3); c.complete = false }, "", 0},
		{"retired", func(c *comparison) { delete(c.records, 1); c.first = 2 }, "", 0},
		{"lost under none", func(c *comparison) { delete(c.records, 3); c.policy = "none" }, "", 1},
		{"lost under none after a close", func(c *comparison) {
			delete(c.records, 3)
			c.policy, c.events = "none", append(c.events, event{What: closed, Seq: 3})
		}, "is lost", 0},
		{"a gap under none", func(c *comparison) { delete(c.records, 2); c.policy = "none" }, "is missing", 0},
		{"a gap", func(c *comparison) { delete(c.records, 2); c.complete = false }, "is missing", 0},
		{"damaged by the workload", func(c *comparison) {
			delete(c.records, 2)
			c.events = append(c.events, event{What: damaging, Seq: 2})
		}, "", 0},
		{"altered", func(c *comparison) { c.records[2] = strings.Replace(record(1, 2), "pad", "Pad", 1) }, "not what was written", 0},
		{"invented", func(c *comparison) { c.records[4] = `{"x":1}` }, "not what was written", 0},
		{"twice", func(c *comparison) { c.records[4] = record(1, 2) }, "after 1/2", 0},
		{"out of order", func(c *comparison) { c.records[1], c.records[2] = record(1, 2), record(1, 1) }, "after 1/2", 0},
		{"out of place", func(c *comparison) { c.records[2], c.records[3] = record(2, 1), record(1, 2) }, "was acknowledged as", 0},
		{"a sequence twice", func(c *comparison) { c.events = append(c.events, ack(3, 1, 3)); c.records[3] = record(3, 1) }, "both acknowledged", 0},
		{"a sequence again after a loss under none", func(c *comparison) {
			c.policy, c.events, c.records[3] = "none", append(c.events, ack(3, 1, 3)), record(3, 1)
		}, "", 0},
		{"lost under none by an earlier cut", func(c *comparison) { c.policy, c.records[3] = "none", record(probe+1, 1) }, "", 1},
		{"replaced", func(c *comparison) { c.records[3] = record(probe+1, 1) }, "was acknowledged as", 0},
	} {
		c := &comparison{events: acks[:3:3], policy: "always", first: 1, records: map[uint64]string{}, complete: true}
		for seq, text := range good {
			c.records[seq] = text
		}
		row.change(c)
		c.run()
		if found := strings.Join(c.problems, "; "); !strings.Contains(found, row.problem) || (row.problem == "") != (found == "") || c.lost != row.lost {
			t.Errorf("%s: %q, %d lost", row.name, found, c.lost)
		}
	}
}

// TestPlan checks that a seed always makes the same choices, and that there are others.
func TestPlan(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(300) {
		p := newPlan("ext4", seed, strings.Split(scenarioNames(), ","), []string{"always", "none"})
		if p != newPlan("ext4", seed, strings.Split(scenarioNames(), ","), []string{"always", "none"}) {
			t.Errorf("seed %d makes two plans", seed)
		}
		seen[p.Scenario] = true
	}
	if len(seen) != len(scenarios) {
		t.Errorf("%d scenarios were chosen, there are %d", len(seen), len(scenarios))
	}
}
