package migrate

import (
	"math/bits"
	"math/rand/v2"
)

// A keyHash is a hash of a sequence of keys k₁ … kₙ: the number k₁rⁿ⁻¹ + … + kₙ modulo the
// prime 2⁶¹ - 1. r is random, so that sequences that differ have different hashes, whatever
// the records are, except with a probability of n/2⁶¹.
type keyHash uint64

const prime = 1<<61 - 1

var radix = keyHash(2 + rand.Uint64N(prime-2))

// hash returns the hash of the sequence of one key.
func (k recordKey) hash() keyHash { return reduce(uint64(k)) }

// reduce returns n modulo the prime.
func reduce(n uint64) keyHash {
	n = n&prime + n>>61
	if n >= prime {
		n -= prime
	}
	return keyHash(n)
}

func (h keyHash) plus(o keyHash) keyHash { return reduce(uint64(h + o)) }

func (h keyHash) minus(o keyHash) keyHash { return reduce(uint64(h + prime - o)) }

func (h keyHash) times(o keyHash) keyHash {
	high, low := bits.Mul64(uint64(h), uint64(o))
	return reduce(low & prime).plus(reduce(high<<3 | low>>61))
}

// then returns the hash of the sequence with one more key at its end.
func (h keyHash) then(k recordKey) keyHash { return h.times(radix).plus(k.hash()) }
