package jsondiff

import (
	"bytes"
	"math"
	"slices"
	"strings"
)

// keys returns the key of each element, the value of its member name. ok is false if an
// element has no key or two have the same.
func (s *skipper) keys(a array, name string) (keys []string, ok bool) {
	seen := make(map[string]bool)
	for i := range a.len() {
		key := s.key(a.at(i), name)
		if key == "" || seen[key] {
			return nil, false
		}
		seen[key] = true
		keys = append(keys, key)
	}
	return keys, true
}

// key returns the scalar that is the member name of an object: its token, or the characters of
// a string after a quote. It returns "" if there is none.
func (s *skipper) key(value []byte, name string) string {
	if value[0] != '{' {
		return ""
	}
	for m := range s.members(value) {
		if found, _ := characters(m.Name); found != name {
			continue
		}
		switch m.Value[0] {
		case '{', '[':
			return ""
		case '"':
			text, ok := characters(m.Value)
			if !ok {
				return ""
			}
			return `"` + text
		}
		return string(m.Value)
	}
	return ""
}

// keyedArrays are two arrays whose elements have keys.
type keyedArrays struct {
	a, b          array
	name          string   // of the member that is the key
	before, after []string // the keys of a and b
	old           []int    // the index in a of each element of b; -1 if it is new
}

func (k *keyedArrays) step(old, new int, key string) step {
	if text, ok := strings.CutPrefix(key, `"`); ok {
		key = string(Quote(text)) // "1" is another key than 1
	}
	return step{element: true, old: old, new: new, key: k.name + "=" + key}
}

// keyed compares arrays by the keys of their elements. Elements are removed, added and moved
// before any changes inside, so that the pointers of those have the indexes of b.
func (c *comparer) keyed(k keyedArrays) error {
	gone := k.pair()
	for i := k.a.len() - 1; i >= 0; i-- { // from the end: the others keep their indexes
		if !gone[i] {
			continue
		}
		if err := c.report(k.step(i, i, k.before[i]), Change{Kind: Removed, From: k.a.at(i), at: i}); err != nil {
			return err
		}
	}
	if err := c.reorder(&k); err != nil {
		return err
	}
	for j, i := range k.old {
		if i < 0 || bytes.Equal(k.a.at(i), k.b.at(j)) {
			continue
		}
		if err := c.at(k.step(i, j, k.after[j]), k.a.at(i), k.b.at(j)); err != nil {
			return err
		}
	}
	return nil
}

// pair sets k.old, and returns which elements of a are not in b.
func (k *keyedArrays) pair() (gone []bool) {
	index := make(map[string]int, len(k.before))
	gone = make([]bool, len(k.before))
	for i, key := range k.before {
		index[key] = i
		gone[i] = true
	}
	k.old = make([]int, len(k.after))
	for j, key := range k.after {
		k.old[j] = -1
		if i, ok := index[key]; ok {
			k.old[j] = i
			gone[i] = false
		}
	}
	return gone
}

// reorder reports the elements that are new or moved. Those that are gone must have been
// reported before.
//
// As few elements as possible move: the longest run of elements in the same order stays. Each
// new or moved element is put behind its predecessor in b, the first of them first. So
// between two that stay there are first those that were put there, in the order of b, and then
// those of a that are still to be moved. Each of these places is a slot, and the index of an element
// is the number of occupied slots before its own.
func (c *comparer) reorder(k *keyedArrays) error {
	stays := longestOrdered(k.old)
	if !slices.Contains(stays, false) {
		return nil
	}
	arrives, leaves, occupied := placesOf(k.old, stays)
	for j, i := range k.old {
		change := Change{Kind: Added, To: k.b.at(j)}
		switch {
		case stays[j]:
			continue
		case i >= 0:
			change.Kind, change.From, change.from = Moved, k.a.at(i), occupied.before(leaves[i])
			occupied.add(leaves[i], -1)
		}
		change.at = occupied.before(arrives[j])
		occupied.add(arrives[j], 1)
		if err := c.report(k.step(i, j, k.after[j]), change); err != nil {
			return err
		}
	}
	return nil
}

// placesOf returns the slot of each element of b, the slot that each moved element of a leaves, and
// which slots are occupied before the first move.
func placesOf(old []int, stays []bool) (arrives []int, leaves map[int]int, occupied slots) {
	var moving []int // the indexes in a of the elements that move
	for j, i := range old {
		if i >= 0 && !stays[j] {
			moving = append(moving, i)
		}
	}
	slices.Sort(moving)
	arrives, leaves = make([]int, len(old)), make(map[int]int, len(moving))
	occupied = make(slots, len(old)+len(moving)+1)
	next := 0
	leave := func(end int) { // gives a slot to those that were before end
		for ; len(moving) > 0 && moving[0] < end; moving = moving[1:] {
			leaves[moving[0]] = next
			occupied.add(next, 1)
			next++
		}
	}
	for j, i := range old {
		if stays[j] {
			leave(i)
			occupied.add(next, 1)
		}
		arrives[j] = next
		next++
	}
	leave(math.MaxInt)
	return arrives, leaves, occupied
}
