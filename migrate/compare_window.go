package migrate

import "github.com/histlog/histlog/segment"

// A keyWindow is a sequence of keys of a log that moves forward.
type keyWindow struct {
	in    *logKeys
	next  segment.Sequence   // after the log's newest record
	power []keyHash          // radix to the power of each index, up to the number of keys
	first segment.Sequence   // record of the first key
	keys  []recordKey        // as many as power allows, unless the log ends within the window
	lost  []segment.Sequence // the lost records among them
	hash  keyHash            // of keys
}

func newKeyWindow(in *logKeys, next segment.Sequence, size int) *keyWindow {
	w := &keyWindow{in: in, next: next, power: make([]keyHash, size+1)}
	w.power[0] = 1
	for i := range size {
		w.power[i+1] = w.power[i].times(radix)
	}
	return w
}

// moveTo makes the window begin with record seq, which is not before its first.
func (w *keyWindow) moveTo(seq segment.Sequence) error {
	size := len(w.power) - 1
	if seq-w.first >= segment.Sequence(len(w.keys)) {
		w.first, w.keys, w.lost, w.hash = seq, w.keys[:0], w.lost[:0], 0
	}
	for w.first < seq {
		if err := w.fill(size + 1); err != nil {
			return err
		}
		if w.keys[0] == 0 {
			w.lost = w.lost[1:]
		}
		w.hash = w.hash.minus(w.keys[0].hash().times(w.power[len(w.keys)-1]))
		w.first, w.keys = w.first+1, w.keys[1:]
	}
	return w.fill(size)
}

// fill adds keys until there are n of them, or the log ends.
func (w *keyWindow) fill(n int) error {
	for seq := w.first + segment.Sequence(len(w.keys)); len(w.keys) < n && seq < w.next; seq++ {
		k, err := w.in.at(seq)
		if err != nil {
			return err
		}
		if k == 0 {
			w.lost = append(w.lost, seq)
		}
		w.keys, w.hash = append(w.keys, k), w.hash.then(k)
	}
	return nil
}

// lose returns the hash of the block, which is as long as the window, without the records
// that the window has lost. hash is that of the block.
func (w *keyWindow) lose(block []recordKey, hash keyHash) keyHash {
	for _, seq := range w.lost {
		i := int(seq - w.first)
		hash = hash.minus(block[i].hash().times(w.power[len(block)-1-i]))
	}
	return hash
}

// lastKept returns the window's last record that is not lost, or 0.
func (w *keyWindow) lastKept() segment.Sequence {
	for i := len(w.keys) - 1; i >= 0; i-- {
		if w.keys[i] != 0 {
			return w.first + segment.Sequence(i)
		}
	}
	return 0
}
