package faultfs

import (
	"hash"
	"hash/fnv"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"
)

// A node is a file or a directory. Bytes and maps are replaced, never
// changed, so that clones can share them.
type node struct {
	id      int
	mode    fs.FileMode
	data    []byte
	entries map[string]*node // of a directory
	locked  bool
}

func (n *node) write(b []byte, at int64) {
	data := make([]byte, max(int64(len(n.data)), at+int64(len(b))))
	copy(data, n.data)
	copy(data[at:], b)
	n.data = data
}

// tear returns what a torn write comes to. What stood there before stands still:
// a disk writes a sector whole or not at all.
func (n *node) tear(op *Op, f Fate) []byte {
	data := append(op.Data[:f.Cut:f.Cut], f.Fill...)
	if old := op.At + int64(f.Cut); old < int64(len(n.data)) {
		copy(data[f.Cut:], n.data[old:])
	}
	return data
}

func (n *node) truncate(size int64) {
	data := make([]byte, size)
	copy(data, n.data)
	n.data = data
}

func (n *node) link(name string, child *node) { n.entries[name] = child }
func (n *node) unlink(name string)            { delete(n.entries, name) }

// empty returns the node as it was made.
func (n *node) empty() *node {
	e := &node{id: n.id, mode: n.mode}
	if n.mode.IsDir() {
		e.entries = map[string]*node{}
	}
	return e
}

// links counts the names below n that lead to a file.
func (n *node) links(file *node) (names int) {
	for _, child := range n.entries {
		if child == file {
			names++
		}
		names += child.links(file)
	}
	return names
}

// clone copies a tree, with the same ids, into nodes. A file with two names is copied once.
func (n *node) clone(nodes map[int]*node) *node {
	if c := nodes[n.id]; c != nil {
		return c
	}
	c := &node{id: n.id, mode: n.mode, data: n.data}
	nodes[n.id] = c
	if n.entries != nil {
		c.entries = make(map[string]*node, len(n.entries))
		for name, child := range n.entries {
			c.entries[name] = child.clone(nodes)
		}
	}
	return c
}

// sum adds the tree to h. Names for which skip is true are left out.
func (n *node) sum(h hash.Hash, skip func(name string) bool) {
	for _, name := range slices.Sorted(maps.Keys(n.entries)) {
		if skip(name) {
			continue
		}
		child := n.entries[name]
		_, _ = h.Write(append([]byte(name), 0, byte(child.mode>>24))) // never fails
		_, _ = h.Write(child.data)
		_, _ = h.Write([]byte{0xff})
		child.sum(h, skip)
	}
	_, _ = h.Write([]byte{0xfe})
}

// Sum returns a hash of all names and bytes on the disk but those of files of a name.
func (d *Disk) Sum(but string) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := fnv.New64a()
	d.root.sum(h, func(name string) bool { return name == but })
	return h.Sum64()
}

// Files returns the content of every file, by its path.
func (d *Disk) Files() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	files := map[string][]byte{}
	var walk func(at string, n *node)
	walk = func(at string, n *node) {
		for name, child := range n.entries {
			if child.mode.IsDir() {
				walk(path.Join(at, name), child)
			} else {
				files[path.Join(at, name)] = child.data
			}
		}
	}
	walk("/", d.root)
	return files
}

// info is a node as fs.FileInfo and fs.DirEntry show it.
type info struct {
	name string
	node *node
	size int64
	mode fs.FileMode
}

func (i info) Name() string               { return i.name }
func (i info) Size() int64                { return i.size }
func (i info) Mode() fs.FileMode          { return i.mode }
func (i info) Type() fs.FileMode          { return i.mode.Type() }
func (i info) ModTime() time.Time         { return time.Unix(0, 0) }
func (i info) IsDir() bool                { return i.mode.IsDir() }
func (i info) Sys() any                   { return nil }
func (i info) Info() (fs.FileInfo, error) { return i, nil }
