package jsonscan

// capture notes where the value that a pointer names begins. It is asked only
// in the containers that the pointer leads through, so that what lies deeper
// costs nothing.
type capture struct {
	pointer *Pointer
	levels  int // containers the pointer leads through; -1: no capture
	matched int // leading tokens of the pointer that lead to where we stand
	nameAt  int // where the name being read begins in the output
	hit     bool
	element []int // by level: the index of the element last begun
	start   int   // where the captured value begins in the output; -1: none yet
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
	for i := range c.element {
		c.element[i] = -1
	}
	c.nameAt = from
}

// name is called with a member's name, quotes and all, in a container at depth.
func (c *capture) name(depth int, name []byte) {
	c.hit = c.pointer.tokens[depth-1].names(name)
}

// value is called where a value begins, at out[k:], in a container at depth.
func (c *capture) value(depth int, object bool, k int) {
	if depth == 0 {
		c.enter(0, k)
		return
	}
	if c.matched >= depth {
		c.matched = depth - 1
	}
	hit := c.hit
	if !object {
		c.element[depth]++
		hit = c.pointer.tokens[depth-1].index == c.element[depth]
	}
	c.hit = false
	if hit && c.matched == depth-1 {
		c.enter(depth, k)
	}
}

// enter is called where the value begins that the first n tokens lead to.
func (c *capture) enter(n, k int) {
	c.matched = n
	if n == c.levels {
		c.start = k
		return
	}
	c.element[n+1] = -1
}

// Captured returns the scalar that Options.Capture names in value, which the
// last call of Value appended to its dst[:from]; nil if there is none there or it
// is no scalar. Of members with the same name the last one counts. The result
// is a part of dst.
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
