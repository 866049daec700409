package migrate

import (
	"slices"

	"github.com/histlog/histlog/internal/jsonscan"
)

// The bounds of what a survey remembers of a source, whatever its size. What is beyond
// them is skipped: its bytes count where it lies, but it is not found.
const (
	maxNodes   = 8192 // nodes of the tree: about 2 MB
	maxMembers = 1024 // names of one object
	maxName    = 256  // bytes of a name
	foldAt     = 64   // names of one object from which on its members may be folded into one
)

// A node stands for the values of a source that one pattern leads to: those of the members of
// one name, or all elements of arrays. The nodes of a source form a tree.
type node struct {
	name       string // of the members, with its quotes; "" for elements, folded members and the root
	values     uint64 // number of values; of them:
	objects    uint64
	arrays     uint64
	times      uint64 // scalars that are times
	bytes      int64  // of all values, with the white space in them
	largest    int64  // bytes of the largest value
	inside     int64  // bytes of the members and elements of all values
	shortest   uint64 // number of members or elements of the shortest array or object
	longest    uint64 // and of the longest
	keys       keys   // what the names of the objects have in common
	members    []*node
	folded     *node // stands for the members of many names; nil unless there were too many
	foldedKind byte  // first byte of the folded members: '{' or '['
	elements   *node // nil means that all arrays are empty
	dropped    bool  // some members have no node, as there was no room
	next       int   // index of the member that probably comes next
	settled    bool  // plain is valid
	plain      bool  // the values hold no array that may be meant in their place: they are not looked into
}

// keys says of what kinds the names of objects are.
type keys struct {
	seen       bool // there was a name
	undated    bool // one is not a date
	unnumbered bool // one is not a number
}

// add notes a name, given with its quotes.
func (k *keys) add(quoted []byte, time timeField) {
	k.seen = true
	if k.undated && k.unnumbered {
		return
	}
	digits := quoted[1 : len(quoted)-1]
	number := len(digits) > 0 && !slices.ContainsFunc(digits, func(c byte) bool { return c < '0' || c > '9' })
	k.unnumbered = k.unnumbered || !number
	// Digits count only if they are a complete date: as Unix times, many ids would count.
	switch date := quoted; {
	case number && len(digits) != len("20060102") && len(digits) != len("20060102150405"):
		k.undated = true
	case number:
		k.undated = k.undated || !time.is(digits)
	default:
		k.undated = k.undated || !time.is(date)
	}
}

func (k *keys) merge(other keys) {
	k.seen = k.seen || other.seen
	k.undated = k.undated || other.undated
	k.unnumbered = k.unnumbered || other.unnumbered
}

func (k keys) dates() bool   { return k.seen && !k.undated }
func (k keys) numbers() bool { return k.seen && !k.unnumbered }

// token returns the node's token in a pointer, with the slash before it.
func (v *node) token() string {
	if v.name == "" {
		return anyToken
	}
	return jsonscan.PointerToken(jsonscan.Unquote([]byte(v.name)))
}

// anyToken is the token of a pattern that matches every member and element.
const anyToken = "/*"

// find returns the node of the members of a name; nil means that there is none.
func (v *node) find(name string) *node {
	n := len(v.members)
	for i := range n {
		// Most objects have their members in the order of the one before.
		at := v.next + i
		if at >= n {
			at -= n
		}
		if m := v.members[at]; m.name == name {
			v.next = at + 1
			return m
		}
	}
	return nil
}

// only reports whether all values at v are objects, or all are arrays, as c says.
func (v *node) only(c byte) bool {
	return v.values > 0 && (c == '{' && v.objects == v.values || c == '[' && v.arrays == v.values)
}

// fold merges the members that are only objects, or only arrays, into one, if there are so
// many.
func (v *node) fold(c byte, least int) {
	count := 0
	for _, m := range v.members {
		if m.only(c) {
			count++
		}
	}
	if count < least {
		return
	}
	v.folded, v.foldedKind, v.next = new(node), c, 0
	v.members = slices.DeleteFunc(v.members, func(m *node) bool {
		if !m.only(c) {
			return false
		}
		v.folded.merge(m)
		return true
	})
}

// merged returns all members as one node.
func (v *node) merged() *node {
	if len(v.members) == 0 && v.folded != nil {
		return v.folded
	}
	all := new(node)
	for _, m := range v.members {
		all.merge(m)
	}
	if v.folded != nil {
		all.merge(v.folded)
	}
	return all
}

// names returns the number of names of the members. Each folded member counts as one.
func (v *node) names() uint64 {
	n := uint64(len(v.members))
	if v.folded != nil {
		n += v.folded.values
	}
	return n
}

// merge adds the values of another node, which stays as it is.
func (v *node) merge(other *node) {
	v.values += other.values
	v.times += other.times
	v.inside += other.inside
	if other.objects+other.arrays > 0 {
		if v.objects+v.arrays == 0 {
			v.shortest = other.shortest
		}
		v.shortest = min(v.shortest, other.shortest)
		v.longest = max(v.longest, other.longest)
	}
	v.objects += other.objects
	v.arrays += other.arrays
	v.bytes += other.bytes
	v.largest = max(v.largest, other.largest)
	v.keys.merge(other.keys)
	v.dropped = v.dropped || other.dropped
	v.plain, v.settled = v.plain || other.plain, v.settled || other.settled
	if other.elements != nil {
		if v.elements == nil {
			v.elements = new(node)
		}
		v.elements.merge(other.elements)
	}
	if other.folded != nil {
		if v.folded == nil {
			v.folded, v.foldedKind = new(node), other.foldedKind
		}
		v.folded.merge(other.folded)
	}
	for _, m := range other.members {
		into := v.find(m.name)
		if into == nil && v.folded != nil && m.only(v.foldedKind) {
			into = v.folded
		} else if into == nil {
			into = &node{name: m.name}
			v.members = append(v.members, into)
		}
		into.merge(m)
	}
}

// size returns the number of nodes in the tree below v, v included.
func (v *node) size() int {
	if v == nil {
		return 0
	}
	n := 1 + v.folded.size() + v.elements.size()
	for _, m := range v.members {
		n += m.size()
	}
	return n
}

// holdsObjects reports whether the arrays at v are of objects, for the most part.
func (v *node) holdsObjects() bool {
	return v.elements != nil && 2*v.elements.objects > v.elements.values
}

// holdsScalars reports whether the arrays at v, all values of v, hold scalars alone.
func (v *node) holdsScalars() bool {
	return v.arrays == v.values && (v.elements == nil || v.elements.objects+v.elements.arrays == 0)
}

// timed reports whether the values at v carry a time of their own, for the most part: objects
// in a member, also one level deeper, rows of a table in a column. Of all members, only
// some values were checked for times.
func (v *node) timed() bool {
	if v.elements != nil && v.holdsScalars() {
		e := v.elements
		return 2*e.times*v.longest >= min(e.values, examined)
	}
	return v.timedWithin(2)
}

func (v *node) timedWithin(levels int) bool {
	half := min(v.values, examined) / 2
	return levels > 0 && slices.ContainsFunc(v.members, func(m *node) bool {
		return m.times > half || m.objects > half && m.timedWithin(levels-1)
	})
}

// holdsLarge reports whether an array or a keyed object whose members are containers lies
// in v, or is v, and has at least so many bytes.
func (v *node) holdsLarge(bytes int64) bool {
	switch {
	case v == nil || v.bytes < bytes:
		return false
	case v.elements != nil && v.elements.objects+v.elements.arrays > 0, v.folded != nil:
		return true
	}
	return slices.ContainsFunc(v.members, func(m *node) bool { return m.holdsLarge(bytes) })
}
