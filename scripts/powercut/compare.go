//go:build linux

package main

import (
	"fmt"
	"maps"
	"slices"
)

// A comparison compares the records of a log with what was acknowledged.
type comparison struct {
	events   []event
	policy   string
	first    uint64 // the oldest record that was not retired
	records  map[uint64]string
	complete bool // the log was recovered, so that each acknowledged record must be there

	acks     int
	lost     int // acknowledged records that sync=none may lose
	problems []string
}

func (c *comparison) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// run compares. A record is there once, in the order of its producer, and where it was
// acknowledged.
func (c *comparison) run() {
	seqs := slices.Sorted(maps.Keys(c.records))
	c.checkGaps(seqs)
	c.checkRecords(seqs)
	c.checkAcks(seqs)
}

// checkGaps checks that no record is missing between others, unless it was damaged.
func (c *comparison) checkGaps(seqs []uint64) {
	next := c.first
	for _, seq := range seqs {
		for ; next < seq; next++ {
			if !c.hurt(next) {
				c.problem("record %d is missing before record %d", next, seq)
				break
			}
		}
		next = seq + 1
	}
}

// hurt reports whether the workload has damaged a record, or was about to.
func (c *comparison) hurt(seq uint64) bool {
	return slices.ContainsFunc(c.events, func(e event) bool { return e.What == damaging && e.Seq == seq })
}

// checkRecords checks that each record was submitted, once and in order.
func (c *comparison) checkRecords(seqs []uint64) {
	newest := map[int]int{} // by producer
	for _, seq := range seqs {
		producer, n, err := parse(c.records[seq])
		switch {
		case err != nil:
			c.problem("record %d is %v", seq, err)
		case n <= newest[producer]:
			c.problem("record %d is %d/%d, after %d/%d", seq, producer, n, producer, newest[producer])
		default:
			newest[producer] = n
		}
	}
}

// checkAcks checks that what was acknowledged is there. A sequence may have been given twice
// only if sync=none lost its first record.
func (c *comparison) checkAcks(seqs []uint64) {
	durable, acks := uint64(0), map[uint64]event{}
	for _, e := range c.events {
		switch e.What {
		case acked:
			if before, ok := acks[e.Seq]; ok && before != e && c.policy != "none" {
				c.problem("%d/%d and %d/%d were both acknowledged as record %d", before.Producer, before.N, e.Producer, e.N, e.Seq)
			}
			acks[e.Seq] = e
		case closed:
			durable = e.Seq
		}
	}
	c.acks = len(acks)
	for seq, e := range acks {
		text, there := c.records[seq]
		switch {
		case c.policy == "none" && there && isProbe(text) && e.Producer < probe: // a cut before this one lost the record
			c.lost++
		case there && text != record(e.Producer, e.N):
			c.problem("record %d was acknowledged as %d/%d and is %.80q", seq, e.Producer, e.N, text)
		case there, seq < c.first, c.hurt(seq), !c.complete:
		case c.policy == "none" && seq > durable && (len(seqs) == 0 || seq > seqs[len(seqs)-1]):
			c.lost++
		default:
			c.problem("record %d, %d/%d, was acknowledged and is lost", seq, e.Producer, e.N)
		}
	}
}

// isProbe reports whether a check has appended a record, after a cut.
func isProbe(text string) bool {
	producer, _, err := parse(text)
	return err == nil && producer >= probe
}
