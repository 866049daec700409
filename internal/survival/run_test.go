package survival

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/faultfs"
	"github.com/histlog/histlog/segment"
)

// A run is one scenario on one disk, with what it submitted and what of that
// was acknowledged.
type run struct {
	disk      *faultfs.Disk
	dir       string
	settings  segment.Settings
	now       time.Time
	w         *segment.Writer
	submitted []string
	acks      []ack
	rotten    map[segment.Sequence]string // what stands in place of damaged records
	migrated  bool                        // what was kept of a source must have its checksums, once there is a log
	kept      []string                    // what some file holds, and nothing else, once there is a log
	harmed    bool                        // the log had damage before the run
	isMended  bool                        // the run has repaired the log
	finish    func(r *run)                // what a later process does again, to the end; nil: nothing
	archive   string                      // the directory to which segments go; "": none
	next      string                      // the sync policy of the next process; "": the run's
	snapshot  string                      // the directory where a snapshot is, or no log; "": none
	snapped   []ack                       // what it must hold
	isSnapped bool                        // the run has made it
	retired   segment.Sequence            // records before it may be gone
	was       bool                        // a log was there before
	err       error                       // the first that the scenario met
	wrong     error                       // what a test has to say against it
}

// An ack is an acknowledgement, and how many operations the disk had seen then.
type ack struct {
	segment.Ack
	text  string
	after int // it was durable; -1: it never was
}

// start returns a run whose scenario is about to begin.
func start(s scenario, policy string) *run {
	r := &run{disk: faultfs.NewDisk(), dir: "/log", now: time.Date(2025, 5, 28, 16, 14, 22, 0, time.UTC)}
	r.settings = segment.Settings{"segment-size": "230", "sync": policy}
	if s.prepare != nil {
		s.prepare(r)
		r.was = true
	}
	if r.err != nil {
		panic(r.err)
	}
	return r
}

// again returns the same run on a disk of its own. Nothing may be open.
func (r *run) again() *run {
	n := *r
	n.disk = r.disk.Killed(len(r.disk.Ops()))
	n.submitted, n.acks = slices.Clip(r.submitted), slices.Clone(r.acks)
	return &n
}

// after returns the run of the next process, on a disk that a crash left.
func (r *run) after(disk *faultfs.Disk, ops int) *run {
	n := *r
	n.disk, n.w, n.err, n.isMended, n.isSnapped = disk, nil, nil, false, false
	n.submitted = slices.Clip(r.submitted)
	n.acks = slices.Clone(r.durableAt(ops))
	for i := range n.acks {
		n.acks[i].after = 0
	}
	n.was = r.was || len(n.acks) > 0
	if r.next != "" {
		n.settings = n.settings.With(segment.Settings{"sync": r.next})
	}
	return &n
}

func (r *run) options() segment.Options {
	return segment.Options{FS: r.disk, Now: r.tick, Settings: r.settings, Command: "test"}
}

func (r *run) tick() time.Time {
	r.now = r.now.Add(time.Second)
	return r.now
}

// failed notes an error and says whether there was one.
func (r *run) failed(err error) bool {
	if err != nil && r.err == nil {
		r.err = err
	}
	return err != nil
}

func (r *run) must(err error) {
	if err != nil {
		panic(err)
	}
}

func (r *run) create() {
	var err error
	if r.w, err = segment.Create(r.dir, r.options()); r.failed(err) {
		r.w = nil
	}
}

func (r *run) open() {
	o := r.options()
	o.Settings = segment.Settings{"sync": r.settings["sync"]}
	var err error
	if r.w, err = segment.OpenWriter(context.Background(), r.dir, o); r.failed(err) {
		r.w = nil
	}
}

func (r *run) close() {
	if r.w == nil {
		return
	}
	if !r.failed(r.w.Close()) {
		r.durable()
	}
	r.w = nil
}

// submit returns the next value, of at least so many bytes.
func (r *run) submit(size int) string {
	n := len(r.submitted) + 1
	text := fmt.Sprintf(`{"timestamp":"2025-05-28T16:14:%02dZ","n":%d,"pad":"%s"}`, n%60, n, strings.Repeat("x", max(0, size-50)))
	r.submitted = append(r.submitted, text)
	return text
}

func (r *run) append(n int) {
	for range n {
		r.appendOf(0)
	}
}

// appendOf appends a record of at least so many bytes.
func (r *run) appendOf(size int) {
	if r.w == nil {
		return
	}
	if r.w.Policy().Sync.Mode == segment.SyncInterval { // Append would wait for the interval's end
		r.groupOf(1, size)
		return
	}
	next := r.w.NextSeq()
	text := r.submit(size)
	a, err := r.w.Append(context.Background(), []byte(text))
	if err != nil {
		r.refused(err, next, 1)
		return
	}
	if a.Seq != next {
		r.complain("appended as %d, NextSeq was %d", a.Seq, next)
	}
	r.acknowledge(a, text)
}

func (r *run) group(n int) { r.groupOf(n, 0) }

// groupOf appends n records of at least so many bytes together.
func (r *run) groupOf(n, size int) {
	if r.w == nil {
		return
	}
	next := r.w.NextSeq()
	var staged []ack
	for range n {
		text := r.submit(size)
		a, err := r.w.Write([]byte(text), nil)
		if err != nil {
			r.refused(err, next, n)
			break
		}
		staged = append(staged, ack{Ack: a, text: text})
	}
	if err := r.w.Commit(); err != nil { // which speaks of those that were staged before an error too
		r.refused(err, next, n)
		return
	}
	for _, a := range staged {
		a.Durable = r.w.Policy().Sync.Mode != segment.SyncNone
		r.acknowledge(a.Ack, a.text)
	}
}

// rollback stages n records and takes them back.
func (r *run) rollback(n int) {
	if r.w == nil {
		return
	}
	for range n {
		if _, err := r.w.Write([]byte(r.submit(0)), nil); r.failed(err) {
			return
		}
	}
	r.failed(r.w.Rollback())
}

// acknowledge notes that a was acknowledged now. The first record of a segment
// tells that all before are durable, for the one before was sealed.
func (r *run) acknowledge(a segment.Ack, text string) {
	now := len(r.disk.Ops())
	if n := len(r.acks); n > 0 && r.acks[n-1].Segment != a.Segment {
		r.durable()
	}
	after := now
	if !a.Durable {
		after = -1
	}
	r.acks = append(r.acks, ack{a, text, after})
}

// durable notes that all that was acknowledged is durable now.
func (r *run) durable() {
	for i := range r.acks {
		if r.acks[i].after < 0 {
			r.acks[i].after = len(r.disk.Ops())
		}
	}
}

// durableAt returns the acknowledgements that stand whatever comes after so
// many operations.
func (r *run) durableAt(ops int) []ack {
	var acks []ack
	for _, a := range r.acks {
		if a.after >= 0 && a.after <= ops {
			acks = append(acks, a)
		}
	}
	return acks
}

// refused notes why n records from seq on were not acknowledged, and holds the error against I4.
func (r *run) refused(err error, seq segment.Sequence, n int) {
	poisoned := r.err != nil && r.err.Error() == err.Error()
	r.failed(err)
	var disk *segment.DiskError
	switch {
	case poisoned: // by an earlier record
	case r.disk.Hits().Fired == 0:
		r.complain("record %d: %v, and no fault was injected", seq, err)
	case !errors.As(err, &disk):
		r.complain("I4: record %d: not a DiskError: %w", seq, err)
	case disk.Seq < seq || disk.Seq >= seq+segment.Sequence(n) || disk.Op == "" || disk.Path == "" || disk.Err == nil:
		r.complain("I4: record %d: %+v", seq, disk)
	}
}

func (r *run) complain(format string, args ...any) {
	r.wrong = errors.Join(r.wrong, fmt.Errorf(format, args...))
}
