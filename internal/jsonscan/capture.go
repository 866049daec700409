package jsonscan

// A capture finds where the value that a pointer names begins in the output. run calls
// it only at a depth of at most levels, in the containers that the pointer leads
// through, so that deeper values cost nothing.
//
// The value being read at depth d is on the pointer's way if its container is, and its
// name or index is token d-1. matched is the length of the longest such way from the
// root that is still open:
//
//	0 ≤ matched ≤ levels
type capture struct {
	pointer *Pointer
	levels  int   // tokens of the pointer, and so containers it leads through; -1 means no capture
	matched int   // leading tokens that lead to the container being read
	nameAt  int   // where the name being read begins in the output
	hit     bool  // the name read last is the token of its depth
	element []int // by depth, the index of the element begun last, or 0 in an object whose first member a star has matched; -1 before the first
	start   int   // where the captured value begins in the output; -1 means not found so far
}

func (c *capture) begin(p *Pointer, from int) {
	c.pointer, c.levels, c.start = p, -1, -1
	if p == nil {
		return
	}
	c.levels, c.matched, c.hit = len(p.tokens), 0, false
	if len(c.element) != c.levels+1 {
		c.element = make([]int, c.levels+1)
	}
	// In place of a zero, which is the index of a first element.
	for i := range c.element {
		c.element[i] = -1
	}
	c.nameAt = from
}

// name is called with a member's name, quotes and all, in a container at depth.
func (c *capture) name(depth int, name []byte) {
	t := &c.pointer.tokens[depth-1]
	if !t.star {
		c.hit = t.names(name)
		return
	}
	// Of an object's members a star takes the first: element, which counts no members
	// otherwise, notes that it was there.
	c.hit = c.element[depth] < 0
	c.element[depth] = 0
}

// value is called where a value begins, at out[k], in a container at depth.
func (c *capture) value(depth int, object bool, k int) {
	if depth == 0 {
		c.enter(0, k)
		return
	}
	// Another member of this container led deeper: that way has ended.
	if c.matched >= depth {
		c.matched = depth - 1
	}
	hit := c.hit
	if !object {
		c.element[depth]++
		hit = c.pointer.tokens[depth-1].index == c.element[depth]
	}
	// Only a value directly on the way counts: a name of the same text may occur in
	// any other container at that depth.
	c.hit = false
	if hit && c.matched == depth-1 {
		c.enter(depth, k)
	}
}

// enter is called where the value begins that the first n tokens lead to.
func (c *capture) enter(n, k int) {
	c.matched = n
	// Of two members with the same name the later one wins, so start is overwritten.
	if n == c.levels {
		if c.start = k; c.pointer.key {
			c.start = c.nameAt
		}
		return
	}
	c.element[n+1] = -1
}

// Captured returns the scalar, or the key, that Options.Capture names in the value read
// last. dst must be what Value returned. nil means that the pointer leads to no value or to an
// array or object. Of members with the same name the last one counts. The result is a
// part of dst.
func (s *Scanner) Captured(dst []byte) []byte {
	start := s.capture.start
	if start < 0 || start >= len(dst) {
		return nil
	}
	switch v := dst[start:]; v[0] {
	case '{', '[':
		return nil
	default:
		return v[:SkipValue(v, 0)]
	}
}
