package migrate

import "github.com/histlog/histlog/segment"

// An aligner finds the record of a log that a source begins with.
type aligner interface {
	// add takes the key of the source's next record.
	add(k recordKey) error
	// end returns the record that the source begins with, 0 meaning none.
	end() (segment.Sequence, error)
	// reached returns the newest record up to which the log's records equal the source's, from
	// the source's first on. 0 means none.
	reached() segment.Sequence
	close()
}

// noAligner stands for the aligner until a record was read.
type noAligner struct{ aligner }

func (noAligner) close() {}

// newAligner returns the aligner for a source whose first record has the key k, and a log
// whose newest record is the one before next. block is the size of a block of a lostAligner.
func newAligner(l *segment.Log, next segment.Sequence, k recordKey, block int) (aligner, error) {
	base := l.Segments[0].Base
	var last segment.Sequence
	lost := false
	keys := logKeys{log: l}
	defer keys.close()
	err := keys.each(base, next, func(seq segment.Sequence, found recordKey) {
		if lost = lost || found == 0; found == k {
			last = seq
		}
	})
	if err != nil {
		return noAligner{}, err
	}
	if lost {
		return newLostAligner(l, next, block)
	}
	a := &intactAligner{base: base, next: next, last: last, met: last, power: 1}
	a.ahead.log, a.behind.log, a.behind.base = l, l, base
	return a, nil
}

// An intactAligner aligns a source with a log that has lost no record. It keeps hashes
// instead of places, so that its memory and the time for a record do not depend on how many
// places fit. A hash is enough, because the records are compared byte for byte afterwards.
//
// Let last be the newest record of the log that equals the source's first: the source
// begins at last or before it. If the log ends within the source, then for some n the source's
// first n records have the same hash as the n records of the log that end with last, and the
// source's next records equal those after last. The method add searches for n while the source
// is read. If the source ends within the log, the hash of the whole source is that of a sequence
// of the log's records. The method end searches for it, because only then the hash is complete.
type intactAligner struct {
	ahead   logKeys          // of records after last; in end, of all
	behind  descendingKeys   // of records up to last
	base    segment.Sequence // the log's oldest record
	next    segment.Sequence // after the log's newest record
	last    segment.Sequence // 0 means that no record equals the source's first
	records segment.Sequence // of the source so far
	source  keyHash          // of the source's records so far
	log     keyHash          // of as many records of the log, up to last
	power   keyHash          // radix to the power of records
	at      segment.Sequence // place that is followed: the source so far equals the records from there on; 0 means none
	fits    segment.Sequence // first place from which the source equals all records to the log's end; 0 means none
	met     segment.Sequence // result of reached
}

func (a *intactAligner) close() {
	a.ahead.close()
	a.behind.close()
}

func (a *intactAligner) reached() segment.Sequence { return a.met }

func (a *intactAligner) add(k recordKey) error {
	// At most one place is followed. Another place is found only if k equals record last, and so
	// the source's first record. Then the followed place does not fit: k would have to equal a
	// record after last, and none of them equals the source's first.
	if err := a.follow(k); err != nil {
		return err
	}
	if a.source = a.source.then(k); a.last >= a.base+a.records {
		other, err := a.behind.at(a.last - a.records)
		if err != nil {
			return err
		}
		if a.log = a.log.plus(other.hash().times(a.power)); a.log == a.source {
			a.at = a.last - a.records
			a.meet(a.last)
		}
	}
	a.records, a.power = a.records+1, a.power.times(radix)
	return nil
}

// follow compares the source's next record with the one at its place after last.
func (a *intactAligner) follow(k recordKey) error {
	if a.at == 0 {
		return nil
	}
	seq := a.at + a.records
	other, err := a.ahead.at(seq)
	if err != nil {
		return err
	}
	if other != k {
		a.at = 0
		return nil
	}
	a.meet(seq)
	return nil
}

// meet notes that the source so far equals the log's records from a.at to seq.
func (a *intactAligner) meet(seq segment.Sequence) {
	if a.met = max(a.met, seq); seq == a.next-1 {
		a.fits, a.at = a.at, 0 // places are found in descending order, so this is the first
	}
}

func (a *intactAligner) end() (at segment.Sequence, err error) {
	// If fits is base, no place comes before it. A source longer than the log does not end within
	// the log.
	if a.last != 0 && a.fits != a.base && a.records <= a.next-a.base {
		at, err = a.inside()
	}
	if at == 0 {
		at = a.fits // no place that inside can return comes after it
	}
	return at, err
}

// inside returns the first place from which the log has all records of the source.
func (a *intactAligner) inside() (segment.Sequence, error) {
	behind := logKeys{log: a.ahead.log}
	defer behind.close()
	var log keyHash // of the last records up to seq, as many as the source has
	for seq := a.base; seq < a.next; seq++ {
		k, err := a.ahead.at(seq)
		if err != nil {
			return 0, err
		}
		log = log.then(k)
		n := seq + 1 - a.base
		if n > a.records {
			if k, err = behind.at(seq - a.records); err != nil {
				return 0, err
			}
			log = log.minus(k.hash().times(a.power))
		}
		if n >= a.records && log == a.source {
			return seq + 1 - a.records, nil
		}
	}
	return 0, nil
}
