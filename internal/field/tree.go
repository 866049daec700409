package field

import (
	"bytes"

	"github.com/histlog/histlog/internal/jsonscan"
)

// A node is a place to which pointers lead. The pointers of all fields together are a tree, so
// that one pass over a text serves them all.
type node struct {
	name     string // of the last step
	index    int    // name as the index of an element; -1 if it is none
	children []*node
	last     int    // largest index of a child; -1 means none
	values   []int  // where in Extractor.values the value here belongs
	counts   []int  // where its number of members or elements belongs
	below    []int  // all of values and counts, here and in the nodes below
	size     int    // places here and below that a search can fill: nodes with values or counts
	found    uint64 // Extractor.search of the search that found it last
}

func newNode(name string) *node {
	return &node{name: name, index: jsonscan.ElementIndex(name), last: -1}
}

// at returns the node to which path leads from n, and makes it if there is none. value is
// noted at each node on the way.
func (n *node) at(path []step, value int) *node {
	n.below = append(n.below, value)
	if len(path) == 0 {
		return n
	}
	for _, c := range n.children {
		if c.name == path[0].name {
			return c.at(path[1:], value)
		}
	}
	c := newNode(path[0].name)
	n.children = append(n.children, c)
	n.last = max(n.last, c.index)
	return c.at(path[1:], value)
}

// measure sets size here and in the nodes below.
func (n *node) measure() int {
	n.size = 0
	if len(n.values)+len(n.counts) > 0 {
		n.size = 1
	}
	for _, c := range n.children {
		n.size += c.measure()
	}
	return n.size
}

// member returns the child for a member whose name is quoted, or nil.
func (n *node) member(quoted []byte) *node {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(jsonscan.Unquote(quoted))
	}
	for _, c := range n.children {
		if string(name) == c.name {
			return c
		}
	}
	return nil
}

// element returns the child for an element, or nil.
func (n *node) element(index int) *node {
	if index > n.last {
		return nil
	}
	for _, c := range n.children {
		if c.index == index {
			return c
		}
	}
	return nil
}
