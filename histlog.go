// Package histlog keeps a history of JSON values on disk: each appended value
// becomes one durable line in a directory of NDJSON files, and survives a crash of
// the process or the machine. It replaces the one JSON file that a program loads,
// appends to and rewrites.
//
//	w, err := histlog.OpenWriter(ctx, "polls", histlog.Options{})
//	…
//	ack, err := w.Append(ctx, []byte(`{"timestamp": "2025-05-28T16:14:22Z", "price": 3.5}`))
//	// ack.Seq is its sequence: 1, 2, 3, …
//
//	log, err := histlog.Open("polls")
//	…
//	for record, err := range log.Records(ctx, histlog.Range{Last: 10}) { … }
//
// One process at a time writes a log; any number of processes read it at the same time. Sequences
// have no gaps and are never used again. A record that was damaged or lost on
// disk is reported as such, and the records after it can still be read.
//
// This package is a thin layer over package segment, which reads and writes the files of a log,
// and package reader. A program may use all three.
package histlog

import (
	"encoding/json"
	"time"

	"github.com/histlog/histlog/segment"
)

// A Sequence is the number of a record in its log. The first is 1.
type Sequence = segment.Sequence

// An Ack says where an appended record is stored.
type Ack = segment.Ack

// A Record is one value of the history.
type Record struct {
	Seq     Sequence
	Time    time.Time // the record's own time, or, if it has none, when it was appended
	Arrived time.Time // when it was appended, to the second
	Text    []byte    // compact JSON, each token as it was submitted; the caller's to keep
}

// Decode stores the value in what v points to, as [json.Unmarshal] does.
func (r Record) Decode(v any) error { return json.Unmarshal(r.Text, v) }

// A Range says which records to read. The zero value means all of them.
type Range struct {
	From, To     Sequence  // inclusive; 0 means from the oldest, to the newest
	Since, Until time.Time // inclusive, by Record.Time; zero means no bound
	Last         uint64    // only the last Last records within these bounds; 0 means all
}

// Options say how a log is opened for writing. The zero value is safe.
type Options struct {
	// Create stores the Settings in the new log. OpenWriter uses them instead of the
	// log's own settings until the Writer is closed. `histlog config --help` lists the
	// keys. A missing key has its default; by default each record is on disk when Append
	// returns.
	Settings map[string]string

	// Wait is how long OpenWriter waits for another process that writes the log; 0
	// means not at all.
	Wait time.Duration
}
