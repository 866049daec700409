package jsondiff

import "slices"

// longestOrdered returns which elements of one longest ascending subsequence of values there
// are. Negative values are not part of any.
func longestOrdered(values []int) (chosen []bool) {
	var ends []int // by length, the index of the smallest value that ends a subsequence of that length
	previous := make([]int, len(values))
	for i, v := range values {
		if v < 0 {
			continue
		}
		n, _ := slices.BinarySearchFunc(ends, v, func(end, v int) int { return values[end] - v })
		previous[i] = -1
		if n > 0 {
			previous[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	chosen = make([]bool, len(values))
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = previous[i] {
			chosen[i] = true
		}
	}
	return chosen
}

// A slots counts the occupied ones among the slots before any slot, in logarithmic time: a
// Fenwick tree.
type slots []int

func (s slots) add(slot, n int) {
	for i := slot + 1; i < len(s); i += i & -i {
		s[i] += n
	}
}

// before returns the number of occupied slots before slot.
func (s slots) before(slot int) (n int) {
	for i := slot; i > 0; i -= i & -i {
		n += s[i]
	}
	return n
}
