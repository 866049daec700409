package migrate

import (
	"bytes"
	"cmp"
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
// several places fit, the one with the most records is chosen, and then the first one.
func align(ctx context.Context, o Options, l *segment.Log) (m Comparison, p *sourcePass, err error) {
	var a aligner = noAligner{}
	defer func() { a.close() }()
	var next segment.Sequence
	p, err = readSource(ctx, o, o.Accept, func(p *sourcePass) error {
		p.capture(nil)
		p.take = func(compact, _ []byte) (err error) {
			k := keyOf(segment.Checksum(compact), len(compact))
			if p.records == 0 {
				a.close()
				if next, err = l.NextSeq(); err == nil {
					a, err = newAligner(l, next, k, cmp.Or(o.block, blockKeys))
				}
				if err != nil {
					return err
				}
			}
			return a.add(k)
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
	if next == l.Segments[0].Base { // the log is empty
		return m, p, nil
	}
	at, err := a.end()
	if err == nil && at == 0 {
		err = noMatch(l, next, a.reached())
	}
	if err != nil {
		return m, p, err
	}
	m.First, m.Here = at, min(m.Records, uint64(next-at))
	return m, p, nil
}

// noMatch returns the error that says why the source begins nowhere in the log. Its records
// equal the log's up to record reached, from one place or another; 0 means from none.
func noMatch(l *segment.Log, next, reached segment.Sequence) error {
	if first := l.Marker.FirstSeq; reached == 0 && first > 1 {
		return fmt.Errorf("%w: its first record is not among %d to %d; those before were retired, or archived", ErrNotHere, first, next-1)
	}
	if reached == 0 {
		return fmt.Errorf("%w: its first record is not among %d to %d", ErrNotHere, l.Segments[0].Base, next-1)
	}
	return fmt.Errorf("%w after record %d of the log", ErrDiverged, reached)
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
