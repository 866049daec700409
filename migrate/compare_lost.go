package migrate

import (
	"cmp"
	"errors"
	"slices"

	"github.com/histlog/histlog/segment"
)

// A lostAligner aligns a source with a log that has lost records. A record that was lost
// and repaired may have been any record: it never contradicts a place, and never supports
// one. The place with the most records that are not lost is chosen.
//
// It compares a block of the source at a time at each place that is left, by a hash. The time
// grows with the number of blocks times the number of places, which is one for most sources.
// Equal records leave many places: a block of them is compared once with a run of the log, and
// only beside lost and other records at each place.
type lostAligner struct {
	keys   logKeys
	next   segment.Sequence // after the log's newest record
	runs   []keyRun         // of at least size records, in ascending order
	places placeSet         // where the source so far may begin
	block  []recordKey      // of the source, not compared yet
	size   int              // of a full block
	before segment.Sequence // number of the source's records before the block
	met    segment.Sequence // result of reached
}

// A keyRun is a run of equal records of a log.
type keyRun struct {
	key  recordKey
	from segment.Sequence
	next segment.Sequence // after its last record
}

// blockKeys is the number of keys in a block.
const blockKeys = 4096

func newLostAligner(l *segment.Log, next segment.Sequence, size int) (*lostAligner, error) {
	base := l.Segments[0].Base
	a := &lostAligner{keys: logKeys{log: l}, next: next, size: size, places: newPlaceSet(base, next)}
	run := keyRun{from: base}
	addRun := func() {
		if run.key != 0 && run.next-run.from >= segment.Sequence(size) {
			a.runs = append(a.runs, run)
		}
	}
	err := a.keys.each(base, next, func(seq segment.Sequence, k recordKey) {
		if k != run.key {
			addRun()
			run = keyRun{key: k, from: seq}
		}
		run.next = seq + 1
	})
	addRun()
	return a, err
}

func (a *lostAligner) close() { a.keys.close() }

func (a *lostAligner) reached() segment.Sequence { return a.met }

func (a *lostAligner) add(k recordKey) error {
	if a.block = append(a.block, k); len(a.block) < a.size {
		return nil
	}
	return a.compare()
}

// compare compares the block with the log at all places that are left.
func (a *lostAligner) compare() error {
	if len(a.block) == 0 {
		return nil
	}
	w := newKeyWindow(&a.keys, a.next, len(a.block))
	hashes := make([]keyHash, len(a.block)+1) // of the block's first records
	alike := true
	for i, k := range a.block {
		hashes[i+1] = hashes[i].then(k)
		alike = alike && k == a.block[0]
	}
	for at, ok := a.places.from(0); ok && at+a.before < a.next; at, ok = a.places.from(at + 1) {
		if alike {
			if last := a.lastInRun(at); last != 0 {
				at = last
				continue
			}
		}
		if err := w.moveTo(at + a.before); err != nil {
			return err
		}
		// The keys are fewer than the block's where the log ends.
		block := a.block[:len(w.keys)]
		if w.hash == w.lose(block, hashes[len(block)]) {
			a.met = max(a.met, w.lastKept())
		} else {
			a.follow(w)
			a.places.remove(at)
		}
	}
	a.before, a.block = a.before+segment.Sequence(len(a.block)), a.block[:0]
	return nil
}

// lastInRun returns the last place at which the block, whose records are equal, lies in the
// same run of the log as at place at. 0 means that it lies in none there.
func (a *lostAligner) lastInRun(at segment.Sequence) segment.Sequence {
	from, n := at+a.before, segment.Sequence(len(a.block))
	i, found := slices.BinarySearchFunc(a.runs, from, func(r keyRun, seq segment.Sequence) int { return cmp.Compare(r.from, seq) })
	if !found {
		i--
	}
	if i < 0 || a.runs[i].key != a.block[0] {
		return 0
	}
	end := a.runs[i].next
	switch {
	case end == a.next: // the log ends within the block at places after the last in the run
		at = a.places.upTo(end - 1 - a.before)
	case end >= from+n:
		at = a.places.upTo(end - n - a.before)
	default:
		return 0
	}
	a.met = max(a.met, min(at+a.before+n, end)-1)
	return at
}

// follow notes how far the block equals the log's records in w.
func (a *lostAligner) follow(w *keyWindow) {
	for i, k := range w.keys {
		switch k {
		case a.block[i]:
			a.met = max(a.met, w.first+segment.Sequence(i))
		case 0:
		default:
			return
		}
	}
}

// end returns the place with the most records that are not lost; ties are broken by the
// fewest lost records, then by position.
func (a *lostAligner) end() (best segment.Sequence, err error) {
	if err := a.compare(); err != nil {
		return 0, err
	}
	ahead := lostCount{keys: logKeys{log: a.keys.log}, next: a.places.base}
	behind := ahead
	defer ahead.keys.close()
	defer behind.keys.close()
	var bestMet, bestLost segment.Sequence
	for at, ok := a.places.from(0); ok; at, ok = a.places.from(at + 1) {
		end := min(at+a.before, a.next)
		if err := errors.Join(ahead.moveTo(end), behind.moveTo(at)); err != nil {
			return 0, err
		}
		lost := ahead.lost - behind.lost
		if met := end - at - lost; met > bestMet || met == bestMet && lost < bestLost {
			best, bestMet, bestLost = at, met, lost
		}
	}
	return best, nil
}

// A lostCount is the number of lost records before next.
type lostCount struct {
	keys logKeys
	next segment.Sequence
	lost segment.Sequence
}

func (c *lostCount) moveTo(seq segment.Sequence) error {
	err := c.keys.each(c.next, seq, func(_ segment.Sequence, k recordKey) {
		if k == 0 {
			c.lost++
		}
	})
	c.next = seq
	return err
}
