package jsondiff

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A random makes values, and copies of them with a few changes.
type random struct{ *rand.Rand }

// A node is a value that can be changed. names is nil but in an object.
type node struct {
	token    string // of a scalar, "{" or "["
	names    []string
	children []*node
}

func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	b.WriteString(n.token)
	if n.token != "{" && n.token != "[" {
		return
	}
	for i, c := range n.children {
		if i > 0 {
			b.WriteByte(',')
		}
		if n.token == "{" {
			b.WriteString(n.names[i] + ":")
		}
		c.write(b)
	}
	b.WriteByte(n.token[0] + 2) // the closing bracket
}

var (
	scalars = []string{"null", "true", "false", "0", "-0", "1", "1.0", "1e0", "12345678901234567890", `""`, `"a"`, `"\u0061"`, `"é"`, `"\u00e9"`, `"\"\\"`, `"1"`}
	names   = []string{`"a"`, `"b"`, `"c"`, `"\u0061"`, `""`, `"~"`, `"/"`, `"~1"`, `"0"`, `"é\n"`, `"id"`, `"key"`}
)

func pick[T any](r *random, from []T) T { return from[r.IntN(len(from))] }

func (r *random) value(depth int) *node {
	switch n := &(node{}); {
	case depth == 0 || r.IntN(4) == 0:
		n.token = pick(r, scalars)
		return n
	case r.IntN(3) == 0:
		return r.keyed(depth)
	default:
		n.token = pick(r, []string{"{", "["})
		for range r.IntN(5) {
			r.insert(n, r.value(depth-1))
		}
		return n
	}
}

// keyed returns an array of objects, most of which have an id of their own.
func (r *random) keyed(depth int) *node {
	n := &node{token: "["}
	for _, id := range r.Perm(8)[:r.IntN(8)] {
		o := r.value(depth - 1)
		if o.token != "{" {
			o = &node{token: "{"}
		}
		o.names, o.children = append(o.names, `"id"`), append(o.children, &node{token: fmt.Sprint(id)})
		n.children = append(n.children, o)
	}
	return n
}

// insert puts a child anywhere into a container.
func (r *random) insert(n, child *node) {
	i := r.IntN(len(n.children) + 1)
	n.children = slices.Insert(n.children, i, child)
	if n.token == "{" {
		n.names = slices.Insert(n.names, i, pick(r, names))
	}
}

// changed returns a copy with some changes: children that are gone, new, changed or elsewhere.
func (r *random) changed(n *node) *node {
	if n.token != "{" && n.token != "[" {
		if r.IntN(3) == 0 {
			return r.value(1)
		}
		return n
	}
	c := &node{token: n.token}
	for i, child := range n.children {
		if r.IntN(8) == 0 {
			continue
		}
		if r.IntN(2) == 0 {
			child = r.changed(child)
		}
		c.children = append(c.children, child)
		if n.names != nil {
			c.names = append(c.names, n.names[i])
		}
	}
	if r.IntN(4) == 0 {
		r.insert(c, r.value(1))
	}
	if r.IntN(3) == 0 {
		r.Shuffle(len(c.children), func(i, j int) {
			c.children[i], c.children[j] = c.children[j], c.children[i]
			if c.names != nil {
				c.names[i], c.names[j] = c.names[j], c.names[i]
			}
		})
	}
	return c
}
