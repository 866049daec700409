//go:build linux

package main

import (
	"slices"
	"sync"
)

// An event is what the workload did to a log, or was told by histlog.
type event struct {
	What     string
	Producer int    `json:",omitempty"`
	N        int    `json:",omitempty"`
	Seq      uint64 `json:",omitempty"`
}

const (
	acked    = "acked"    // record N of Producer has the sequence Seq
	closed   = "closed"   // the writer ended well: records up to Seq are durable with each policy
	damaging = "damaging" // a bit of record Seq is about to be flipped
	damaged  = "damaged"  // and it was, durably
	copying  = "copying"  // snapshot N was begun, when Seq was acknowledged
	copied   = "copied"   // snapshot N is complete
	sourced  = "sourced"  // the source of the migration Producer has N records
	migrated = "migrated" // and they were migrated
	setting  = "setting"  // the test setting is about to be set to N
	set      = "set"      // and it was
)

// A journal records events.
type journal struct {
	mu     sync.Mutex
	events []event
	faults []string // what went wrong, in words
}

func (j *journal) add(e event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
}

func (j *journal) fault(text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.faults = append(j.faults, text)
}

// all returns the events so far.
func (j *journal) all() []event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clip(j.events)
}

// newest returns the newest event of a kind.
func newest(events []event, what string) (event, bool) {
	for _, e := range slices.Backward(events) {
		if e.What == what {
			return e, true
		}
	}
	return event{}, false
}
