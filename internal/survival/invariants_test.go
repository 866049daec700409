package survival

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/histlog/histlog/internal/faultfs"
	"github.com/histlog/histlog/segment"
)

// holds recovers the disk that a crash after so many of the run's operations has
// left and says which invariant that breaks. The next process works on it after that.
func (r *run) holds(disk *faultfs.Disk, ops int) error {
	next := r.after(disk, ops)
	before := disk.Files()
	if err := requiresSmall(before); err != nil {
		return err
	}
	if len(r.rotten) > 0 {
		before = nil // repaired has its own look at what is gone
	}
	if _, err := segment.OpenContext(context.Background(), r.dir, disk); errors.Is(err, segment.ErrNoLog) {
		if next.was {
			return fmt.Errorf("I1: %w", err)
		}
		return next.madeAnew()
	}
	if err := next.copied(ops == len(r.disk.Ops()) && r.isSnapped); err != nil {
		return fmt.Errorf("the snapshot: %w", err)
	}
	mended, err := next.repaired()
	if err != nil {
		return err
	}
	if ops == len(r.disk.Ops()) && r.isMended && len(mended) > 0 {
		return fmt.Errorf("I1: it was repaired, and is not any more: %v", mended)
	}
	if err := next.recovers(before); err != nil {
		return err
	}
	if err := next.settled(); err != nil {
		return err
	}
	reopen(next)
	if err := errors.Join(next.wrong, next.err); err != nil {
		return fmt.Errorf("the next process: %w", err)
	}
	if next.finish == nil {
		return next.reads()
	}
	return next.finishes()
}

// requiresSmall holds a disk against what is promised to a histlog that knows no
// small indexes: HISTLOG says that there are some before the first has its name.
func requiresSmall(files map[string][]byte) error {
	for name := range files {
		marker, ok := files[path.Dir(name)+"/HISTLOG"]
		if segment.IsSegmentName(path.Base(name)) && strings.HasSuffix(name, ".index.zst") && ok && !bytes.Contains(marker, []byte("small-index")) {
			return fmt.Errorf("%s is there, and HISTLOG does not say so", name)
		}
	}
	return nil
}

// finishes does again what a crash ended, and holds the log against the
// invariants after that. No temporary is left.
func (r *run) finishes() error {
	r.finish(r)
	if r.err != nil {
		return fmt.Errorf("do it again: %w", r.err)
	}
	for name := range r.disk.Files() {
		if strings.HasPrefix(name, r.dir) && strings.HasSuffix(name, ".tmp") {
			return fmt.Errorf("%s is left", name)
		}
	}
	return r.reads()
}

// madeAnew makes the log where one was never finished.
func (r *run) madeAnew() error {
	r.kept, r.migrated = nil, false
	r.create()
	r.append(1)
	r.close()
	if r.err != nil {
		return fmt.Errorf("make the log anew: %w", r.err)
	}
	return r.reads()
}

// recovers opens and closes the log for writing.
func (r *run) recovers(before map[string][]byte) error {
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
	if err := accounted(before, r.disk.Files(), report.Quarantined); err != nil {
		return fmt.Errorf("I5: %w", err)
	}
	return r.reads()
}

// accounted compares the segments before a recovery with those after it: what
// is no longer there must be in a file of quarantine/ that the recovery reported.
func accounted(before, after map[string][]byte, reported []string) error {
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

// settled says whether a second recovery would change anything.
func (r *run) settled() error {
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

// reads holds all that can be read against I1 and I2.
func (r *run) reads() error {
	found := map[segment.Sequence]string{}
	if r.archive != "" {
		if err := r.readLog(r.archive, found); err != nil && !errors.Is(err, segment.ErrNoLog) {
			return fmt.Errorf("the archive: %w", err)
		}
	}
	if err := r.copied(false); err != nil {
		return fmt.Errorf("the snapshot: %w", err)
	}
	if err := r.readLog(r.dir, found); err != nil {
		return fmt.Errorf("I1: %w", err)
	}
	for _, text := range r.kept {
		if !r.keeps(text) {
			return fmt.Errorf("I5: no file holds %q", text)
		}
	}
	if err := r.intactOrigin(); err != nil {
		return err
	}
	for _, a := range r.durableAt(len(r.disk.Ops())) {
		if found[a.Seq] != a.text && a.Seq >= r.retired {
			return fmt.Errorf("I1: record %d was acknowledged as %q, found %q", a.Seq, a.text, found[a.Seq])
		}
	}
	return nil
}

// intactOrigin holds what was kept of a source against its checksums.
func (r *run) intactOrigin() error {
	if !r.migrated {
		return nil
	}
	l, err := segment.OpenContext(context.Background(), r.dir, r.disk)
	if err != nil {
		return err
	}
	damage, known, err := l.VerifyOrigin(context.Background())
	if err != nil || !known || len(damage) > 0 {
		return fmt.Errorf("I5: origin/ has checksums: %v, damage %v, %w", known, damage, err)
	}
	return nil
}

// copied holds the snapshot against the invariants: it is no log, or it holds what
// was acknowledged before it was begun, and opens without recovery.
func (r *run) copied(must bool) error {
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
	for _, a := range r.snapped {
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

// readLog notes a log's records.
func (r *run) readLog(dir string, found map[segment.Sequence]string) error {
	l, err := segment.OpenContext(context.Background(), dir, r.disk)
	if err != nil {
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

// keeps says whether a file holds just this text.
func (r *run) keeps(text string) bool {
	for _, b := range r.disk.Files() {
		if string(b) == text {
			return true
		}
	}
	return false
}

// readSegment notes a segment's records and holds them against what was submitted.
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
		if rec.Blank && r.rotten[seq] != "" {
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
