package migrate

import (
	"errors"
	"math/bits"

	"github.com/histlog/histlog/segment"
)

// A lostAligner aligns a source with a log that has lost records. A record that was lost
// and repaired may have been any record: it never contradicts a place, and never supports
// one. The place with the most records that are not lost is chosen.
//
// It has a bit for each place, and compares a block of the source at a time at each place that
// is left: by a hash where the log has no lost record. The time grows with the number of
// blocks times the number of places, which is one for most sources, but large if the records
// are alike.
type lostAligner struct {
	keys   logKeys
	base   segment.Sequence // the log's oldest record
	next   segment.Sequence // after the log's newest record
	places []uint64         // bit n: the source so far may begin at record base+n
	block  []recordKey      // of the source, not compared yet
	size   int              // of a full block
	before segment.Sequence // number of the source's records before the block
	met    segment.Sequence // result of reached
}

// blockKeys is the number of keys in a block.
const blockKeys = 4096

func newLostAligner(l *segment.Log, next segment.Sequence, size int) *lostAligner {
	a := &lostAligner{keys: logKeys{log: l}, base: l.Segments[0].Base, next: next, size: size}
	n := uint64(next - a.base)
	a.places = make([]uint64, (n+63)/64)
	for i := range a.places {
		a.places[i] = 1<<min(n-uint64(i)*64, 64) - 1
	}
	return a
}

func (a *lostAligner) close() { a.keys.close() }

func (a *lostAligner) reached() segment.Sequence { return a.met }

func (a *lostAligner) add(k recordKey) error {
	if a.block = append(a.block, k); len(a.block) < a.size {
		return nil
	}
	return a.compare()
}

// eachPlace calls fn for each place that is left, in ascending order, and removes the place
// if fn returns false.
func (a *lostAligner) eachPlace(fn func(at segment.Sequence) (bool, error)) error {
	for i := range a.places {
		for left := a.places[i]; left != 0; left &= left - 1 {
			n := bits.TrailingZeros64(left)
			keep, err := fn(a.base + segment.Sequence(i*64+n))
			if err != nil {
				return err
			}
			if !keep {
				a.places[i] &^= 1 << n
			}
		}
	}
	return nil
}

// compare compares the block with the log at all places that are left.
func (a *lostAligner) compare() error {
	if len(a.block) == 0 {
		return nil
	}
	w := keyWindow{in: &a.keys, next: a.next, size: len(a.block), power: 1}
	var want keyHash
	for _, k := range a.block {
		want, w.power = want.then(k), w.power.times(radix)
	}
	err := a.eachPlace(func(at segment.Sequence) (bool, error) {
		from := at + a.before
		if from >= a.next {
			return true, nil
		}
		if err := w.moveTo(from); err != nil {
			return false, err
		}
		if len(w.keys) == len(a.block) && w.lost == 0 && w.hash == want {
			a.met = max(a.met, from+segment.Sequence(len(a.block))-1)
			return true, nil
		}
		return a.fits(w.keys, from), nil
	})
	a.before, a.block = a.before+segment.Sequence(len(a.block)), a.block[:0]
	return err
}

// fits compares the block with the keys of the log's records from a sequence on. They are
// fewer than the block's where the log ends.
func (a *lostAligner) fits(keys []recordKey, from segment.Sequence) bool {
	for i, k := range keys {
		switch k {
		case a.block[i]:
			a.met = max(a.met, from+segment.Sequence(i))
		case 0:
		default:
			return false
		}
	}
	return true
}

// end returns the place with the most records that are not lost; ties are broken by the
// fewest lost records, then by position.
func (a *lostAligner) end() (best segment.Sequence, err error) {
	if err := a.compare(); err != nil {
		return 0, err
	}
	ahead := lostCount{keys: logKeys{log: a.keys.log}, next: a.base}
	behind := ahead
	defer ahead.keys.close()
	defer behind.keys.close()
	var bestMet, bestLost segment.Sequence
	err = a.eachPlace(func(at segment.Sequence) (bool, error) {
		end := min(at+a.before, a.next)
		err := errors.Join(ahead.moveTo(end), behind.moveTo(at))
		lost := ahead.lost - behind.lost
		if met := end - at - lost; met > bestMet || met == bestMet && lost < bestLost {
			best, bestMet, bestLost = at, met, lost
		}
		return true, err
	})
	return best, err
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

// A keyWindow is a sequence of keys of a log that moves forward.
type keyWindow struct {
	in    *logKeys
	next  segment.Sequence // after the log's newest record
	size  int              // number of keys, unless the log ends within the window
	power keyHash          // radix to the power of size
	first segment.Sequence // record of the first key
	keys  []recordKey
	lost  int     // number of lost records among keys
	hash  keyHash // of keys, while there are size of them
}

// moveTo makes the window begin with record seq, which is not before its first.
func (w *keyWindow) moveTo(seq segment.Sequence) error {
	if seq-w.first >= segment.Sequence(len(w.keys)) {
		w.first, w.keys, w.lost, w.hash = seq, w.keys[:0], 0, 0
	}
	for w.first < seq {
		if err := w.fill(w.size + 1); err != nil {
			return err
		}
		if w.keys[0] == 0 {
			w.lost--
		}
		w.hash = w.hash.minus(w.keys[0].hash().times(w.power))
		w.first, w.keys = w.first+1, w.keys[1:]
	}
	return w.fill(w.size)
}

// fill adds keys until there are n of them, or the log ends.
func (w *keyWindow) fill(n int) error {
	for seq := w.first + segment.Sequence(len(w.keys)); len(w.keys) < n && seq < w.next; seq++ {
		k, err := w.in.at(seq)
		if err != nil {
			return err
		}
		if k == 0 {
			w.lost++
		}
		w.keys, w.hash = append(w.keys, k), w.hash.then(k)
	}
	return nil
}
