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

// An inode is a file or a directory. Its bytes are replaced and never changed in place,
// so that clones can share them.
type inode struct {
	id      int
	mode    fs.FileMode
	data    []byte
	entries map[string]*inode // of a directory; nil for a file
	locked  bool              // by TryLock
}

// write replaces the bytes from an offset on, and extends the file if need be.
func (n *inode) write(b []byte, at int64) {
	data := make([]byte, max(int64(len(n.data)), at+int64(len(b))))
	copy(data, n.data)
	copy(data[at:], b)
	n.data = data
}

// tear returns what a torn write leaves: its first bytes, then the bytes that were there
// before, because a disk writes a sector completely or not at all.
func (n *inode) tear(op *Op, f Fate) []byte {
	data := append(op.Data[:f.Cut:f.Cut], f.Fill...)
	if old := op.At + int64(f.Cut); old < int64(len(n.data)) {
		copy(data[f.Cut:], n.data[old:])
	}
	return data
}

// truncate changes the length of a file.
func (n *inode) truncate(size int64) {
	data := make([]byte, size)
	copy(data, n.data)
	n.data = data
}

func (n *inode) link(name string, child *inode) { n.entries[name] = child }
func (n *inode) unlink(name string)             { delete(n.entries, name) }

// empty returns the inode as it was when it was created.
func (n *inode) empty() *inode {
	e := &inode{id: n.id, mode: n.mode}
	if n.mode.IsDir() {
		e.entries = map[string]*inode{}
	}
	return e
}

// links returns how many names below n a file has.
func (n *inode) links(file *inode) (names int) {
	for _, child := range n.entries {
		if child == file {
			names++
		}
		names += child.links(file)
	}
	return names
}

// clone copies a tree, with the same ids, into inodes. A file with two names is copied once.
func (n *inode) clone(inodes map[int]*inode) *inode {
	if c := inodes[n.id]; c != nil {
		return c
	}
	c := &inode{id: n.id, mode: n.mode, data: n.data}
	inodes[n.id] = c
	if n.entries != nil {
		c.entries = make(map[string]*inode, len(n.entries))
		for name, child := range n.entries {
			c.entries[name] = child.clone(inodes)
		}
	}
	return c
}

// sum adds the tree to h, except the names for which skip returns true.
func (n *inode) sum(h hash.Hash, skip func(name string) bool) {
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

// Sum returns a hash of all names and bytes on the disk, except the files named but.
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
	var walk func(at string, n *inode)
	walk = func(at string, n *inode) {
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

// info implements fs.FileInfo and fs.DirEntry.
type info struct {
	name  string
	inode *inode
	size  int64
	mode  fs.FileMode
}

func (i info) Name() string               { return i.name }
func (i info) Size() int64                { return i.size }
func (i info) Mode() fs.FileMode          { return i.mode }
func (i info) Type() fs.FileMode          { return i.mode.Type() }
func (i info) ModTime() time.Time         { return time.Unix(0, 0) }
func (i info) IsDir() bool                { return i.mode.IsDir() }
func (i info) Sys() any                   { return nil }
func (i info) Info() (fs.FileInfo, error) { return i, nil }
