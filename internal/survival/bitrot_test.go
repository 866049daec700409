package survival

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/segment"
)

// TestBitRot flips each bit of a sealed segment, plain and compressed, and of its index;
// the fast run flips one bit of each byte. Each flip must be found and repaired, and must
// cost no more than its record, or in a compressed segment the records of one frame.
func TestBitRot(t *testing.T) {
	compressed := func(codec segment.Codec) func(r *run) {
		return func(r *run) {
			filled(r)
			r.compress(codec)
		}
	}
	const frame = 4 // records
	bits := 0
	for _, x := range []bitFlips{
		{filled, filename.Text(1), 1, 1},
		{filled, filename.Index(1), 0, 0},
		{compressed(segment.Zstd), filename.Segment(1, segment.Zstd), 0, frame},
		{compressed(segment.Gzip), filename.Segment(1, segment.Gzip), 0, frame},
	} {
		model := newRun(scenario{prepare: x.prepare}, "always")
		path := model.dir + "/" + x.name
		for at, b := range model.disk.Files()[path] {
			for bit := range 8 {
				if !testutil.Proofs() && bit != at%8 {
					continue
				}
				r := model.nextProcess(model.disk.Killed(len(model.disk.Ops())), len(model.disk.Ops()))
				r.overwrite(path, at, b^1<<bit)
				if err := r.checkBitFlip(x); err != nil {
					t.Fatalf("bit %d of byte %d of %s: %v", bit, at, x.name, err)
				}
				bits++
			}
		}
	}
	t.Logf("%d bits were flipped", bits)
}

// bitFlips is a file in which each bit is flipped.
type bitFlips struct {
	prepare  func(r *run)
	name     string
	min, max int // records that a flip costs
}

// overwrite changes one byte of a file.
func (r *run) overwrite(path string, at int, b byte) {
	f, err := r.disk.OpenFile(path, os.O_RDWR, 0)
	r.must(err)
	_, err = f.WriteAt([]byte{b}, int64(at))
	r.must(err)
	r.must(f.Sync())
}

// flipBit flips a bit of a record in the first segment. The record no longer counts as
// acknowledged.
func (r *run) flipBit(seq segment.Sequence, at int) {
	path := r.dir + "/" + filename.Text(1)
	line := strings.SplitAfter(string(r.disk.Files()[path]), "\n")
	at += len(strings.Join(line[:seq-1], ""))
	r.overwrite(path, at, r.disk.Files()[path][at]^1)
	if r.damaged == nil {
		r.damaged = map[segment.Sequence]string{}
	}
	r.damaged[seq] = strings.SplitAfter(string(r.disk.Files()[path]), "\n")[seq-1]
	r.acks = slices.DeleteFunc(r.acks, func(a ack) bool { return a.Seq == seq })
}

// corruptCompressed makes the compressed first segment unreadable from a record on. The
// records lost no longer count as acknowledged.
func (r *run) corruptCompressed(from segment.Sequence) {
	l, err := segment.OpenContext(context.Background(), r.dir, r.disk)
	r.must(err)
	path := l.Segments[0].Path
	b := r.disk.Files()[path]
	r.overwrite(path, len(b)/3, b[len(b)/3]^0xff)
	r.damaged = map[segment.Sequence]string{}
	sr, err := l.OpenReader(l.Segments[0])
	r.must(err)
	for seq := from - 1; seq < l.Segments[0].Next; seq++ {
		if _, err := sr.Record(seq); err != nil {
			r.damaged[seq] = string(r.disk.Files()[path])
		}
	}
	r.must(sr.Close())
	r.acks = slices.DeleteFunc(r.acks, func(a ack) bool { return r.damaged[a.Seq] != "" })
}

// repairDamage repairs what was damaged before the crash, and checks that the damaged
// bytes are in quarantine/.
func (r *run) repairDamage() (repaired []segment.RepairedRecord, err error) {
	if len(r.damaged) == 0 {
		return nil, nil
	}
	done, err := segment.Repair(context.Background(), r.dir, r.options())
	if err != nil {
		return nil, err
	}
	for seq, text := range r.damaged {
		found := false
		for name, b := range r.disk.Files() {
			found = found || strings.HasPrefix(name, r.dir+"/"+filename.Quarantine) && string(b) == text
		}
		if !found {
			return nil, fmt.Errorf("I5: record %d was repaired, and its bytes are not in quarantine", seq)
		}
	}
	return done.Repaired, nil
}

// checkBitFlip checks what Verify, reading and Repair do with a log with one flipped bit.
func (r *run) checkBitFlip(x bitFlips) error {
	good, bad, found, err := r.readAndVerify()
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return errors.New("Verify did not find it")
	}
	if len(bad) < x.min || len(bad) > x.max {
		return fmt.Errorf("can't be read: %v, want %d to %d records", bad, x.min, x.max)
	}
	for seq, damage := range bad {
		if damage.Seq != seq || !slices.ContainsFunc(found, func(d *segment.CorruptError) bool { return d.Seq == seq }) {
			return fmt.Errorf("record %d: reading says %v, Verify %v", seq, damage, found)
		}
	}
	done, err := segment.Repair(context.Background(), r.dir, r.options())
	if err != nil {
		return err
	}
	if len(done.Repaired) != max(1, len(bad)) {
		return fmt.Errorf("repaired: %+v, could not be read: %v", done.Repaired, bad)
	}
	first := done.Repaired[0]
	packed := strings.HasSuffix(first.Segment, ".zst") || strings.HasSuffix(first.Segment, ".gz") // quarantined as a whole, even if no record was lost
	if aside := first.Quarantine != ""; aside != (len(bad) > 0) && !(packed && aside) {
		return fmt.Errorf("repaired: %+v, could not be read: %v", done.Repaired, bad)
	}
	before := r.disk.Sum("LOCK")
	again, err := segment.Repair(context.Background(), r.dir, r.options())
	if err != nil || len(again.Repaired) > 0 || r.disk.Sum("LOCK") != before {
		return fmt.Errorf("a second repair: %+v, %w", again, err)
	}
	return r.checkRepair(good, bad)
}

// checkRepair checks that the log is intact, has the good records, and has blanks in the
// places of the bad ones.
func (r *run) checkRepair(good map[segment.Sequence]string, bad map[segment.Sequence]*segment.CorruptError) error {
	after, still, found, err := r.readAndVerify()
	if err != nil || len(found) > 0 || len(still) > 0 {
		return fmt.Errorf("after the repair: %v, %v, %w", found, still, err)
	}
	for seq, text := range after {
		_, lost := bad[seq]
		if lost != (strings.Trim(text, " ") == "") || (!lost && text != good[seq]) {
			return fmt.Errorf("after the repair record %d is %q, it was %q", seq, text, good[seq])
		}
	}
	if len(after) != len(good)+len(bad) {
		return fmt.Errorf("after the repair there are %d records", len(after))
	}
	return nil
}

// readAndVerify reads and verifies the whole log. found is the damage that Verify reports.
func (r *run) readAndVerify() (good map[segment.Sequence]string, bad map[segment.Sequence]*segment.CorruptError, found []*segment.CorruptError, err error) {
	good, bad = map[segment.Sequence]string{}, map[segment.Sequence]*segment.CorruptError{}
	l, err := segment.OpenContext(context.Background(), r.dir, r.disk)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, s := range l.Segments {
		f, err := l.Verify(context.Background(), s, nil)
		if err != nil {
			return nil, nil, nil, err
		}
		found = append(found, f.Damage...)
		if err := readAll(l, s, good, bad); err != nil {
			return nil, nil, nil, err
		}
	}
	return good, bad, found, nil
}

// readAll adds the records of a segment to good or to bad.
func readAll(l *segment.Log, s segment.Segment, good map[segment.Sequence]string, bad map[segment.Sequence]*segment.CorruptError) error {
	sr, err := l.OpenReader(s)
	if err != nil {
		return err
	}
	for seq := s.Base; seq < max(sr.Next(), s.Next); seq++ {
		rec, err := sr.Record(seq)
		var damage *segment.CorruptError
		if errors.As(err, &damage) {
			bad[seq] = damage
		} else if err != nil {
			return err
		} else {
			good[seq] = string(rec.Text)
		}
	}
	return sr.Close()
}
