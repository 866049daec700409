package survival

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/histlog/histlog/internal/faultfs"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/segment"
)

// checkCrash recovers the disk that a crash after so many of the run's operations has left,
// lets the next process work on it, and returns the invariant that is violated.
func (r *run) checkCrash(disk *faultfs.Disk, ops int) error {
	next := r.nextProcess(disk, ops)
	before := disk.Files()
	if err := checkFeaturesDeclared(before); err != nil {
		return err
	}
	if len(r.damaged) > 0 {
		before = nil // repairDamage checks what was removed
	}
	if _, err := segment.OpenContext(context.Background(), r.dir, disk); errors.Is(err, segment.ErrNoLog) {
		if next.existed {
			return fmt.Errorf("I1: %w", err)
		}
		return next.checkCreate()
	}
	if err := next.checkSnapshot(ops == len(r.disk.Ops()) && r.snapshotDone); err != nil {
		return fmt.Errorf("the snapshot: %w", err)
	}
	repaired, err := next.repairDamage()
	if err != nil {
		return err
	}
	if ops == len(r.disk.Ops()) && r.repairDone && len(repaired) > 0 {
		return fmt.Errorf("I1: it was repaired, and is damaged again: %v", repaired)
	}
	if err := next.checkRecovery(before); err != nil {
		return err
	}
	if err := next.checkSecondRecovery(); err != nil {
		return err
	}
	reopen(next)
	if err := errors.Join(next.violation, next.err); err != nil {
		return fmt.Errorf("the next process: %w", err)
	}
	if next.retry == nil {
		return next.checkRecords()
	}
	return next.checkRetry()
}

// checkFeaturesDeclared checks the promise to a histlog that does not know small
// indexes or merged segments: HISTLOG declares them before the first one exists.
func checkFeaturesDeclared(files map[string][]byte) error {
	for name := range files {
		marker, ok := files[path.Dir(name)+"/HISTLOG"]
		stem, suffix, ours := filename.Parse(path.Base(name))
		for feature, has := range map[string]bool{"small-index": suffix == filename.SmallSuffix, "merged-segments": stem.End != 0} {
			if ok && ours && has && !bytes.Contains(marker, []byte(feature)) {
				return fmt.Errorf("%s is there, and HISTLOG does not require %s", name, feature)
			}
		}
	}
	return nil
}

// checkRetry completes what a crash has interrupted, and checks the invariants afterwards.
// No temporary file may be left.
func (r *run) checkRetry() error {
	r.retry(r)
	if r.err != nil {
		return fmt.Errorf("do it again: %w", r.err)
	}
	for name := range r.disk.Files() {
		if strings.HasPrefix(name, r.dir) && strings.HasSuffix(name, ".tmp") {
			return fmt.Errorf("%s is left", name)
		}
	}
	if l, err := segment.OpenContext(context.Background(), r.dir, r.disk); r.restamped && (err != nil || l.Marker.Restamping()) {
		return fmt.Errorf("the restamp is not complete, %w", err)
	}
	return r.checkRecords()
}

// checkCreate creates the log where an earlier creation was not completed.
func (r *run) checkCreate() error {
	r.wantFiles, r.migrated = nil, false
	r.create()
	r.append(1)
	r.close()
	if r.err != nil {
		return fmt.Errorf("create the log again: %w", r.err)
	}
	return r.checkRecords()
}

// checkRecovery opens and closes the log for writing.
func (r *run) checkRecovery(before map[string][]byte) error {
	w, err := segment.OpenWriter(context.Background(), r.dir, r.options())
	if err != nil {
		return fmt.Errorf("I1: %w", err)
	}
	report := w.Recovery()
	if err := w.Close(); err != nil {
		return err
	}
	if len(report.Damage) > 0 {
		return fmt.Errorf("a crash is no damage, and yet: %w", report.Damage[0])
	}
	if err := checkQuarantined(before, r.disk.Files(), report.Quarantined); err != nil {
		return fmt.Errorf("I5: %w", err)
	}
	return r.checkRecords()
}

// accounted compares the segments before a recovery with those after it: removed
// bytes must be in a file of quarantine/ that the recovery reported.
func checkQuarantined(before, after map[string][]byte, reported []string) error {
	for name, was := range before {
		if !strings.HasSuffix(name, ".ndjson") {
			continue
		}
		is, common := after[name], 0
		for common < len(was) && common < len(is) && was[common] == is[common] {
			common++
		}
		gone := was[common:]
		if len(gone) == 0 {
			continue
		}
		found := false
		for _, q := range reported {
			found = found || bytes.Equal(after[q], gone)
		}
		if !found {
			return fmt.Errorf("%d bytes from offset %d of %s are gone, and not in quarantine (reported: %v)", len(gone), common, path.Base(name), reported)
		}
	}
	for _, q := range reported {
		if _, ok := after[q]; !ok {
			return fmt.Errorf("%s was reported and is not there", q)
		}
	}
	return nil
}

// checkSecondRecovery checks I3.
func (r *run) checkSecondRecovery() error {
	before := r.disk.Sum("LOCK")
	w, err := segment.OpenWriter(context.Background(), r.dir, r.options())
	if err != nil {
		return fmt.Errorf("I3: second recovery: %w", err)
	}
	report := w.Recovery()
	if err := w.Close(); err != nil {
		return err
	}
	if !report.Empty() || r.disk.Sum("LOCK") != before {
		return fmt.Errorf("I3: a second recovery changed the disk: %+v", report)
	}
	return nil
}

// checkRecords checks all records that can be read against I1 and I2, and the files that
// must exist.
func (r *run) checkRecords() error {
	found := map[segment.Sequence]string{}
	if r.archive != "" {
		if err := r.readLog(r.archive, found); err != nil && !errors.Is(err, segment.ErrNoLog) {
			return fmt.Errorf("the archive: %w", err)
		}
	}
	if err := r.checkSnapshot(false); err != nil {
		return fmt.Errorf("the snapshot: %w", err)
	}
	if err := r.readLog(r.dir, found); err != nil {
		return fmt.Errorf("I1: %w", err)
	}
	for _, text := range r.wantFiles {
		if !r.hasFile(text) {
			return fmt.Errorf("I5: no file holds %q", text)
		}
	}
	if err := r.checkOrigin(r.dir); err != nil {
		return err
	}
	for _, a := range r.durableAt(len(r.disk.Ops())) {
		if found[a.Seq] != a.text && a.Seq >= r.retired {
			return fmt.Errorf("I1: record %d was acknowledged as %q, found %q", a.Seq, a.text, found[a.Seq])
		}
	}
	return nil
}

// checkOrigin checks the files of origin/ in the log at dir against their checksums.
func (r *run) checkOrigin(dir string) error {
	if !r.migrated {
		return nil
	}
	l, err := segment.OpenContext(context.Background(), dir, r.disk)
	if err != nil {
		return err
	}
	damage, known, err := l.VerifyOrigin(context.Background())
	if err != nil || !known || len(damage) > 0 {
		return fmt.Errorf("I5: origin/ has checksums: %v, damage %v, %w", known, damage, err)
	}
	return nil
}

// checkSnapshot checks the snapshot: it is no log, or it has all records acknowledged before
// it was begun, and opens without recovery. If must is set, it is a log.
func (r *run) checkSnapshot(must bool) error {
	if r.snapshot == "" {
		return nil
	}
	found := map[segment.Sequence]string{}
	err := r.readLog(r.snapshot, found)
	if errors.Is(err, segment.ErrNoLog) && !must {
		return nil
	}
	if err != nil {
		return err
	}
	if err := r.checkOrigin(r.snapshot); err != nil {
		return err
	}
	copied := r.quarantined(r.snapshot)
	for name, content := range r.snapshotFiles {
		if found, ok := copied[name]; !ok || !bytes.Equal(found, content) {
			return fmt.Errorf("I5: %s has %q, and its copy %q", name, content, found)
		}
	}
	for _, a := range r.snapshotAcks {
		if found[a.Seq] != a.text {
			return fmt.Errorf("I1: record %d was acknowledged as %q, found %q", a.Seq, a.text, found[a.Seq])
		}
	}
	w, err := segment.OpenWriter(context.Background(), r.snapshot, r.options())
	if errors.Is(err, segment.ErrArchive) {
		return nil
	}
	if err != nil {
		return err
	}
	report := w.Recovery()
	if err := w.Close(); err != nil {
		return err
	}
	if !report.Empty() {
		return fmt.Errorf("it had to be recovered: %+v", report)
	}
	return nil
}

// quarantined returns the files in quarantine/ of the log at dir, by their paths in the
// log.
func (r *run) quarantined(dir string) map[string][]byte {
	files := map[string][]byte{}
	for path, content := range r.disk.Files() {
		if name, ok := strings.CutPrefix(path, dir+"/"); ok && strings.HasPrefix(name, filename.Quarantine+"/") {
			files[name] = content
		}
	}
	return files
}

// readLog adds a log's records to found.
func (r *run) readLog(dir string, found map[segment.Sequence]string) error {
	l, err := segment.OpenContext(context.Background(), dir, r.disk)
	if err != nil {
		return err
	}
	if err := r.checkTimes(l); err != nil {
		return err
	}
	at := 0 // of the submitted values
	for _, s := range l.Segments {
		f, err := l.Verify(context.Background(), s, nil)
		if err != nil {
			return err
		}
		if len(f.Damage) > 0 {
			return fmt.Errorf("a crash is no damage, and yet: %w", f.Damage[0])
		}
		if err := r.readSegment(l, s, found, &at); err != nil {
			return err
		}
	}
	return nil
}

// checkTimes checks the times of a log that is restamped: those of a sealed segment are all
// read by one rule, and if they are not read by the rule in HISTLOG, HISTLOG has the mark.
func (r *run) checkTimes(l *segment.Log) error {
	if !r.restamped {
		return nil
	}
	for _, s := range l.Segments {
		if !s.Sealed {
			continue
		}
		sr, err := l.OpenReader(s)
		if err != nil {
			return err
		}
		own, clock := 0, 0
		for seq := s.Base; seq < sr.Next(); seq++ {
			e, err := sr.Entry(seq)
			if err != nil {
				return err
			}
			if e.Flags&segment.ClockTime != 0 {
				clock++
			} else {
				own++
			}
		}
		before := l.Marker.TimeRule(1).Field == otherField
		if own > 0 && (clock > 0 || before) || clock > 0 && !before && !l.Marker.Restamping() {
			return fmt.Errorf("%s: %d records have times of their own and %d have not; the time field is %s, mark %v", s.Path, own, clock, l.Marker.TimeRule(1).Field, l.Marker.Restamp)
		}
		if err := sr.Close(); err != nil {
			return err
		}
	}
	return nil
}

// hasFile reports whether some file holds just this text.
func (r *run) hasFile(text string) bool {
	for _, b := range r.disk.Files() {
		if string(b) == text {
			return true
		}
	}
	return false
}

// readSegment adds a segment's records to found, and checks them against I2: the submitted
// values from *at on include them, in order.
func (r *run) readSegment(l *segment.Log, s segment.Segment, found map[segment.Sequence]string, at *int) error {
	sr, err := l.OpenReader(s)
	if err != nil {
		return err
	}
	if s.Sealed && sr.Next() != s.Next {
		return fmt.Errorf("I1: %s ends before %d", s.Path, sr.Next())
	}
	for seq := s.Base; seq < sr.Next(); seq++ {
		rec, err := sr.Record(seq)
		if err != nil {
			return err
		}
		if rec.Blank && r.damaged[seq] != "" {
			continue
		}
		for *at < len(r.submitted) && r.submitted[*at] != string(rec.Text) {
			*at++
		}
		if *at == len(r.submitted) {
			return fmt.Errorf("I2: record %d, %q, was not submitted, or out of order, or twice", seq, rec.Text)
		}
		*at++
		found[seq] = string(rec.Text)
	}
	return sr.Close()
}
