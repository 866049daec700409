package disk

import "math/rand/v2"

// A Loss says which part of the unflushed writes a power cut keeps.
type Loss string

const (
	LoseAll     Loss = "all"     // keeps nothing
	LoseNone    Loss = "none"    // keeps everything
	LoseWrites  Loss = "writes"  // keeps some complete writes
	LoseBlocks  Loss = "blocks"  // keeps some pieces of 4096 bytes
	LoseSectors Loss = "sectors" // keeps some pieces of 512 bytes
	LoseLast    Loss = "last"    // keeps the first writes
	LoseFirst   Loss = "first"   // keeps the last writes
)

// Losses are all of them.
var Losses = []Loss{LoseAll, LoseNone, LoseWrites, LoseBlocks, LoseSectors, LoseLast, LoseFirst}

// Cut returns what a power cut at this moment would leave. Only the function given to Watch
// may call it.
func (d *Disk) Cut(loss Loss, rng *rand.Rand) *Image {
	image := d.durable.Clone()
	odds, border := rng.Float64(), rng.IntN(len(d.cache)+1)
	keep := func(w write, length int, odds float64) {
		for at := 0; at < len(w.data); at += length {
			if rng.Float64() < odds {
				image.Write(w.data[at:min(at+length, len(w.data))], w.off+int64(at))
			}
		}
	}
	for i, w := range d.cache {
		switch loss {
		case LoseNone:
			keep(w, len(w.data), 1)
		case LoseWrites:
			keep(w, len(w.data), odds)
		case LoseBlocks:
			keep(w, 4096, odds)
		case LoseSectors:
			keep(w, 512, odds)
		case LoseLast:
			if i < border {
				keep(w, len(w.data), 1)
			}
		case LoseFirst:
			if i >= border {
				keep(w, len(w.data), 1)
			}
		}
	}
	return image
}

// Unflushed returns the number of writes in the cache. Only the function given to Watch may
// call it.
func (d *Disk) Unflushed() int { return len(d.cache) }
