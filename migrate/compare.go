package migrate

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/histlog/histlog/segment"
)

// A Comparison says which of a source's records are in a log: the first Here records of
// the source are there, from sequence number First on. The log ends before the others.
type Comparison struct {
	Records uint64           `json:"records"`   // of the source
	Here    uint64           `json:"here"`      // records of the source that are in the log
	First   segment.Sequence `json:"first_seq"` // of the source's first record in the log; 0 if none is there
	Lost    uint64           `json:"lost"`      // how many of the Here records the log has lost: only the source has their bytes
}

// Compare reads a source and compares its records with those of a log, byte for byte.
// The source may have been trimmed at its beginning since it was migrated, or have
// grown. A record that was lost and repaired counts as here and as lost. Compare returns
// ErrNotHere or ErrDiverged if the source is not that log's.
func Compare(ctx context.Context, o Options, l *segment.Log) (Comparison, error) {
	if readOnce(o.Source) {
		return Comparison{}, ErrOnce
	}
	return compare(ctx, o, l)
}

func compare(ctx context.Context, o Options, l *segment.Log) (Comparison, error) {
	m, first, err := locate(ctx, o, l)
	if err != nil || m.Here == 0 {
		return m, err
	}
	err = m.compareBytes(first, l, func(*sourcePass, []byte, []byte) error { return nil })
	return m, err
}

// align finds the record of the log that the source begins with, by the lengths and
// checksums in the log's index. It reads the source once, and returns that pass. A place
// fits if the source's records equal the log's from there on until one of the two ends. If
// several places fit, bestOf chooses one. A record that was lost and repaired may have been
// any record: it never contradicts a place, and never supports one.
func align(ctx context.Context, o Options, l *segment.Log) (m Comparison, p *sourcePass, err error) {
	x := newChecksums(l)
	defer x.close()
	var places []alignment
	p, err = readSource(ctx, o, o.Accept, func(p *sourcePass) error {
		places, m = nil, Comparison{}
		p.capture(nil)
		p.take = func(compact, _ []byte) (err error) {
			if p.records == 0 {
				places, err = x.find(segment.Checksum(compact), len(compact))
				return err
			}
			places, err = x.filter(places, segment.Sequence(p.records), segment.Checksum(compact), len(compact))
			return err
		}
		return nil
	})
	m.Records = p.records
	if o.Salvage && salvageable(err) { // the records before the damage count
		err = nil
	}
	if err != nil || m.Records == 0 {
		return m, p, err
	}
	next, err := l.NextSeq()
	if err != nil {
		return m, p, err
	}
	if next == l.Segments[0].Base { // the log is empty
		return m, p, nil
	}
	// The alignments that are left fit every record of the source: the log has the same
	// record, or a lost one, or ends before it.
	best := bestOf(places)
	if best.met == 0 {
		return m, p, x.noMatch(next)
	}
	m.First = best.at
	m.Here = min(m.Records, uint64(next-m.First))
	return m, p, nil
}

// compareBytes reads the source a second time; it must not have changed since the first
// pass. It compares the records that are in the log byte for byte, and calls fresh for each
// of the others.
func (m *Comparison) compareBytes(first *sourcePass, l *segment.Log, fresh func(p *sourcePass, compact, timeScalar []byte) error) error {
	next, stop := iter.Pull2(records(l, m.First))
	defer stop()
	again := &sourcePass{ctx: first.ctx, o: first.o, finder: recordFinder{as: first.finder.shape()}}
	err := again.read(first.o.Accept, func(p *sourcePass) error {
		policy, err := l.Marker.Settings.Policy()
		if err != nil {
			return err
		}
		// The first reading decided where the source begins in the log; that only holds for
		// the same bytes.
		if p.info != nil && !sameVersion(p.info, first.info) {
			return p.errorHere(fmt.Errorf("%w between two readings", ErrChanged))
		}
		p.scan.Limit(policy.MaxRecord)
		p.capture(policy.TimeField)
		p.take = func(compact, timeScalar []byte) error {
			if p.records >= m.Here {
				return fresh(p, compact, timeScalar)
			}
			rec, err, _ := next()
			if err != nil {
				return err
			}
			if rec.Blank {
				m.Lost++
			} else if !bytes.Equal(rec.Text, compact) {
				return fmt.Errorf("%w: record %d of the source is not record %d of the log", ErrDiverged, p.records+1, rec.Seq)
			}
			return nil
		}
		return nil
	})
	if first.o.Salvage && salvageable(err) {
		return nil
	}
	return err
}

// An alignment is a place in the log at which the source may begin.
type alignment struct {
	at   segment.Sequence
	met  int // records there that equal the source's
	lost int // records there that were lost, and may have equalled them
}

// maxLost is the maximum number of alignments that begin with a lost record. Every lost
// record may be the source's first, so a log with many of them would have as many
// alignments.
const maxLost = 1000

// bestOf returns the alignment with the most matching records; ties are broken by the
// fewest lost records, then by position.
func bestOf(places []alignment) (best alignment) {
	for _, s := range places {
		if s.met > best.met || s.met == best.met && s.lost < best.lost {
			best = s
		}
	}
	return best
}

// checksums reads a log's index by sequence number.
type checksums struct {
	log     *segment.Log
	reader  *segment.Reader
	matched segment.Sequence // maximum sequence number that matched in any alignment; 0 means none
}

func newChecksums(l *segment.Log) *checksums { return &checksums{log: l} }

func (x *checksums) close() {
	if x.reader != nil {
		_ = x.reader.Close()
	}
}

// matches reports whether record seq has that checksum and length, and whether it was lost.
func (x *checksums) matches(seq segment.Sequence, crc uint32, length int) (same, lost bool, err error) {
	// Sequence numbers mostly ascend, so that one open segment serves many calls.
	if r := x.reader; r == nil || seq < r.Segment().Base || (r.Segment().Next != 0 && seq >= r.Segment().Next) {
		x.close()
		i, err := x.log.Find(seq)
		if err != nil {
			return false, false, err
		}
		if x.reader, err = x.log.OpenReader(x.log.Segments[i]); err != nil {
			return false, false, err
		}
	}
	e, err := x.reader.Entry(seq)
	if err != nil || e.CRC != crc {
		return false, e.Flags&segment.Lost != 0, err
	}
	var start segment.Offset
	if seq > x.reader.Segment().Base {
		before, err := x.reader.Entry(seq - 1)
		if err != nil {
			return false, false, err
		}
		start = before.End
	}
	// A line ends with a line feed, which length does not count.
	return int(e.End-start) == length+1, e.Flags&segment.Lost != 0, nil
}

// find returns an alignment for each record of the log that has that checksum and
// length, or was lost.
func (x *checksums) find(crc uint32, length int) (found []alignment, err error) {
	next, err := x.log.NextSeq()
	if err != nil {
		return nil, err
	}
	unsure := 0
	for seq := x.log.Segments[0].Base; seq < next; seq++ {
		same, lost, err := x.matches(seq, crc, length)
		switch {
		case err != nil:
			return nil, err
		case same:
			found = append(found, alignment{at: seq, met: 1})
			x.matched = seq
		case lost && unsure < maxLost:
			found = append(found, alignment{at: seq, lost: 1})
			unsure++
		}
	}
	return found, nil
}

// filter returns the alignments in which record n of the source, counted from 0, has that
// checksum and length, was lost, or is beyond the end of the log.
func (x *checksums) filter(places []alignment, n segment.Sequence, crc uint32, length int) ([]alignment, error) {
	next, err := x.log.NextSeq()
	if err != nil {
		return nil, err
	}
	kept := places[:0]
	for _, s := range places {
		if s.at+n >= next {
			kept = append(kept, s)
			continue
		}
		same, lost, err := x.matches(s.at+n, crc, length)
		switch {
		case err != nil:
			return nil, err
		case same:
			s.met++
			x.matched = max(x.matched, s.at+n)
		case lost:
			s.lost++
		default:
			continue
		}
		kept = append(kept, s)
	}
	return kept, nil
}

// noMatch returns the error that says why no alignment is left.
func (x *checksums) noMatch(next segment.Sequence) error {
	if first := x.log.Marker.FirstSeq; x.matched == 0 && first > 1 {
		return fmt.Errorf("%w: its first record is not among %d to %d; those before were retired, or archived", ErrNotHere, first, next-1)
	}
	if x.matched == 0 {
		return fmt.Errorf("%w: its first record is not among %d to %d", ErrNotHere, x.log.Segments[0].Base, next-1)
	}
	return fmt.Errorf("%w after record %d of the log", ErrDiverged, x.matched)
}
