package migrate

import (
	"math/bits"

	"github.com/histlog/histlog/segment"
)

// A placeSet is a set of records of a log, as one bit for each record.
type placeSet struct {
	base  segment.Sequence // the record of bit 0
	words []uint64
}

// newPlaceSet returns the set of all records from base on, up to next.
func newPlaceSet(base, next segment.Sequence) placeSet {
	n := uint64(next - base)
	s := placeSet{base, make([]uint64, (n+63)/64)}
	for i := range s.words {
		s.words[i] = 1<<min(n-uint64(i)*64, 64) - 1
	}
	return s
}

// from returns the first record of the set that is not before seq. ok is false if none is.
func (s *placeSet) from(seq segment.Sequence) (at segment.Sequence, ok bool) {
	bit := uint64(max(seq, s.base) - s.base)
	mask := ^uint64(0) << (bit % 64)
	for i := bit / 64; i < uint64(len(s.words)); i++ {
		if left := s.words[i] & mask; left != 0 {
			return s.base + segment.Sequence(i*64) + segment.Sequence(bits.TrailingZeros64(left)), true
		}
		mask = ^uint64(0)
	}
	return 0, false
}

// upTo returns the last record of the set that is not after seq. The set must have one.
func (s *placeSet) upTo(seq segment.Sequence) segment.Sequence {
	bit := min(uint64(seq-s.base), uint64(len(s.words))*64-1)
	i, left := bit/64, s.words[bit/64]<<(63-bit%64)>>(63-bit%64)
	for left == 0 {
		i--
		left = s.words[i]
	}
	return s.base + segment.Sequence(i*64) + segment.Sequence(bits.Len64(left)-1)
}

func (s *placeSet) remove(seq segment.Sequence) {
	bit := uint64(seq - s.base)
	s.words[bit/64] &^= 1 << (bit % 64)
}
