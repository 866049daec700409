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

// A run is one scenario on one disk, with the values submitted and the records
// acknowledged.
type run struct {
	disk      *faultfs.Disk
	dir       string
	settings  segment.Settings
	now       time.Time
	w         *segment.Writer
	submitted []string
	acks      []ack

	// What the scenario has done, and what must hold because of it.
	existed       bool                        // the log existed before the scenario
	damaged       map[segment.Sequence]string // the damaged bytes of records, which repair must keep in quarantine/
	damagedBefore bool                        // the log had other damage before the scenario
	repairDone    bool                        // the scenario has repaired the log
	migrated      bool                        // once there is a log, origin/ must have its checksums
	wantFiles     []string                    // once there is a log, some file must hold just this text
	retired       segment.Sequence            // records before it may be missing
	archive       string                      // directory of the archive; "" means none
	snapshot      string                      // directory of the snapshot, or of none yet; "" means none
	snapshotAcks  []ack                       // records that the snapshot must hold
	snapshotFiles map[string][]byte           // files that it must hold, by their paths in the log
	snapshotDone  bool                        // the scenario has made it
	restamped     bool                        // the times of the log's records are read again

	nextSync string       // sync policy of the next process; "" means the run's
	retry    func(r *run) // completes, in a later process, what a crash has interrupted; nil means nothing

	err       error // the first error of the scenario
	violation error // what contradicts the invariants
}

// An ack is an acknowledgement.
type ack struct {
	segment.Ack
	text  string
	after int // number of disk operations after which the record was durable; -1 means never
}

// newRun returns a run whose scenario is prepared.
func newRun(s scenario, policy string) *run {
	r := &run{disk: faultfs.NewDisk(), dir: "/log", now: time.Date(2025, 5, 28, 16, 14, 22, 0, time.UTC)}
	r.settings = segment.Settings{"segment-size": "230", "sync": policy}
	if s.prepare != nil {
		s.prepare(r)
		r.existed = true
	}
	if r.err != nil {
		panic(r.err)
	}
	return r
}

// clone returns the same run on a disk of its own. No file may be open.
func (r *run) clone() *run {
	n := *r
	n.disk = r.disk.Killed(len(r.disk.Ops()))
	n.submitted, n.acks = slices.Clip(r.submitted), slices.Clone(r.acks)
	return &n
}

// nextProcess returns the run of the next process on a disk that a crash has left after so
// many operations.
func (r *run) nextProcess(disk *faultfs.Disk, ops int) *run {
	n := *r
	n.disk, n.w, n.err, n.repairDone, n.snapshotDone = disk, nil, nil, false, false
	n.submitted = slices.Clip(r.submitted)
	n.acks = slices.Clone(r.durableAt(ops))
	for i := range n.acks {
		n.acks[i].after = 0
	}
	n.existed = r.existed || len(n.acks) > 0
	if r.nextSync != "" {
		n.settings = n.settings.With(segment.Settings{"sync": r.nextSync})
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

// failed notes an error and reports whether there was one.
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
	if r.w, err = segment.Create(context.Background(), r.dir, r.options()); r.failed(err) {
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

// submit returns the next value, of at least size bytes.
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

// appendOf appends a record of at least size bytes.
func (r *run) appendOf(size int) {
	if r.w == nil {
		return
	}
	if r.w.Policy().Sync.CommitDelay() > 0 { // Append would wait for the interval's end
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
		r.violated("appended as %d, NextSeq was %d", a.Seq, next)
	}
	r.acknowledge(a, text)
}

func (r *run) group(n int) { r.groupOf(n, 0) }

// groupOf appends n records of at least size bytes in one commit.
func (r *run) groupOf(n, size int) {
	if r.w == nil {
		return
	}
	next := r.w.NextSeq()
	var staged []ack
	for range n {
		text := r.submit(size)
		a, err := r.w.Write([]byte(text), r.timeOf(text))
		if err != nil {
			r.refused(err, next, n)
			break
		}
		staged = append(staged, ack{Ack: a, text: text})
	}
	if err := r.w.Commit(); err != nil { // for all staged records, also before an error of Write
		r.refused(err, next, n)
		return
	}
	for _, a := range staged {
		a.Durable = r.w.Policy().Sync.Durable()
		r.acknowledge(a.Ack, a.text)
	}
}

// timeOf returns the scalar at the time field of a value, or nil.
func (r *run) timeOf(text string) []byte {
	if !slices.Equal(r.w.Policy().TimeField.Tokens(), []string{"timestamp"}) {
		return nil
	}
	_, rest, _ := strings.Cut(text, ":")
	scalar, _, _ := strings.Cut(rest, ",")
	return []byte(scalar)
}

// rollback stages n records and rolls back.
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

// acknowledge notes that a was acknowledged now. If it is the first record of a segment,
// all before are durable, because the segment before was sealed.
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

// durable notes that all acknowledged records are durable now.
func (r *run) durable() {
	for i := range r.acks {
		if r.acks[i].after < 0 {
			r.acks[i].after = len(r.disk.Ops())
		}
	}
}

// durableAt returns the records that were durable after so many operations, and must
// survive any crash from then on.
func (r *run) durableAt(ops int) []ack {
	var acks []ack
	for _, a := range r.acks {
		if a.after >= 0 && a.after <= ops {
			acks = append(acks, a)
		}
	}
	return acks
}

// refused notes the error of n records from seq on, and checks it against I4.
func (r *run) refused(err error, seq segment.Sequence, n int) {
	poisoned := r.err != nil && r.err.Error() == err.Error()
	r.failed(err)
	var disk *segment.DiskError
	switch {
	case poisoned: // by an earlier record
	case r.disk.Hits().Fired == 0:
		r.violated("record %d: %v, and no fault was injected", seq, err)
	case !errors.As(err, &disk):
		r.violated("I4: record %d: not a DiskError: %w", seq, err)
	case disk.Seq < seq || disk.Seq >= seq+segment.Sequence(n) || disk.Op == "" || disk.Path == "" || disk.Err == nil:
		r.violated("I4: record %d: %+v", seq, disk)
	}
}

func (r *run) violated(format string, args ...any) {
	r.violation = errors.Join(r.violation, fmt.Errorf(format, args...))
}
