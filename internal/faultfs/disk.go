package faultfs

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/histlog/histlog/internal/vfs"
)

// A Disk is a vfs.FS in memory. It may be used by several goroutines.
type Disk struct {
	mu     sync.Mutex
	root   *inode
	inodes map[int]*inode
	next   int   // id of the next inode
	base   *Disk // the disk before ops
	ops    []Op
	lasts  []int // for each of ops, the index of the one after which it is durable; see trace
	fault  Fault
	hits   Hits

	noLinks bool
}

var _ vfs.FS = (*Disk)(nil)

// NewDisk returns an empty disk.
func NewDisk() *Disk {
	root := &inode{mode: fs.ModeDir | 0o755, entries: map[string]*inode{}}
	d := &Disk{root: root, inodes: map[int]*inode{0: root}, next: 1}
	return d.rebased()
}

// rebased makes everything on d durable, begins a new trace and returns d.
func (d *Disk) rebased() *Disk {
	d.base = d.clone()
	return d
}

func (d *Disk) clone() *Disk {
	c := &Disk{inodes: make(map[int]*inode, len(d.inodes)), next: d.next, noLinks: d.noLinks}
	c.root = d.root.clone(c.inodes)
	return c
}

// adopt returns the inode of d with the id of n, which is an inode of the trace. It
// creates the inode, empty, if d does not have it.
func (d *Disk) adopt(n *inode) *inode {
	mine := d.inodes[n.id]
	if mine == nil {
		mine = n.empty()
		d.inodes[n.id] = mine
		d.next = max(d.next, n.id+1)
	}
	return mine
}

// Ops returns the operations so far. The caller must not change them.
func (d *Disk) Ops() []Op {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// do applies an operation and records it.
func (d *Disk) do(op Op) {
	d.apply(&op, Fate{})
	d.ops = append(d.ops, op)
}

// walk returns the directory that holds name, the last part of name, and its inode, or
// nil if there is none.
func (d *Disk) walk(op, name string) (parent *inode, last string, n *inode, err error) {
	clean := path.Clean("/" + name)
	dir, last := path.Split(clean)
	parent = d.root
	for _, part := range splitPath(dir) {
		parent = parent.entries[part]
		if parent == nil || !parent.mode.IsDir() {
			return nil, "", nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
	}
	if last == "" {
		return d.root, "", d.root, nil
	}
	return parent, last, parent.entries[last], nil
}

// find is walk for a name that must exist.
func (d *Disk) find(op, name string) (parent *inode, last string, n *inode, err error) {
	parent, last, n, err = d.walk(op, name)
	if err == nil && n == nil {
		err = &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return parent, last, n, err
}

func splitPath(dir string) []string {
	return strings.FieldsFunc(dir, func(r rune) bool { return r == '/' })
}

// OpenFile implements vfs.FS.
func (d *Disk) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	parent, last, n, err := d.walk("open", name)
	op := "open"
	if n == nil && flag&os.O_CREATE != 0 {
		op = "make"
	}
	if err := d.hit(op, name); err != nil {
		return nil, err
	}
	switch {
	case err != nil:
		return nil, err
	case n == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case n != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case n != nil && n.mode.IsDir():
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	case n == nil:
		n = d.make(parent, name, last, perm)
	case flag&os.O_TRUNC != 0 && len(n.data) > 0:
		d.do(Op{Kind: Truncate, Path: name, Inode: n.id})
	}
	return &file{disk: d, inode: n, name: name, writable: flag&os.O_RDWR != 0}, nil
}

func (d *Disk) make(parent *inode, name, last string, mode fs.FileMode) *inode {
	child := (&inode{id: d.next, mode: mode}).empty()
	d.do(Op{Kind: Make, Path: name, Inode: parent.id, Name: last, Child: child})
	return d.inodes[child.id]
}

// Lstat implements vfs.FS.
func (d *Disk) Lstat(name string) (fs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.hit("lstat", name); err != nil {
		return nil, err
	}
	_, last, n, err := d.find("lstat", name)
	if err != nil {
		return nil, err
	}
	return infoOf(last, n), nil
}

func infoOf(name string, n *inode) info {
	return info{name: name, inode: n, size: int64(len(n.data)), mode: n.mode}
}

// SameFile implements vfs.FS.
func (d *Disk) SameFile(a, b fs.FileInfo) bool { return a.(info).inode == b.(info).inode }

// ReadDir implements vfs.FS.
func (d *Disk) ReadDir(name string) ([]fs.DirEntry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.hit("readdir", name); err != nil {
		return nil, err
	}
	_, _, n, err := d.find("readdir", name)
	if err != nil {
		return nil, err
	}
	var entries []fs.DirEntry
	for _, name := range slices.Sorted(maps.Keys(n.entries)) {
		entries = append(entries, infoOf(name, n.entries[name]))
	}
	return entries, nil
}

// Mkdir implements vfs.FS.
func (d *Disk) Mkdir(name string, perm fs.FileMode) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.hit("mkdir", name); err != nil {
		return err
	}
	parent, last, n, err := d.walk("mkdir", name)
	if err == nil && n != nil {
		err = &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
	}
	if err != nil {
		return err
	}
	if perm == 0 {
		perm = 0o755
	}
	d.make(parent, name, last, fs.ModeDir|perm)
	return nil
}

// Rename implements vfs.FS, within a directory.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.hit("rename", from); err != nil {
		return err
	}
	parent, last, n, err := d.find("rename", from)
	if err != nil {
		return err
	}
	target, name, _, err := d.walk("rename", to)
	if err == nil && target != parent {
		err = &fs.PathError{Op: "rename", Path: to, Err: fs.ErrInvalid}
	}
	if err != nil {
		return err
	}
	d.do(Op{Kind: Rename, Path: from, Inode: parent.id, Child: n, Name: last, To: name})
	return nil
}

// Link implements vfs.FS.
func (d *Disk) Link(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.hit("link", to); err != nil {
		return err
	}
	_, _, n, err := d.find("link", from)
	if err != nil {
		return err
	}
	parent, last, there, err := d.walk("link", to)
	switch {
	case err == nil && there != nil:
		err = &fs.PathError{Op: "link", Path: to, Err: fs.ErrExist}
	case err == nil && (n.mode.IsDir() || d.noLinks):
		err = &fs.PathError{Op: "link", Path: to, Err: fs.ErrPermission}
	}
	if err != nil {
		return err
	}
	d.do(Op{Kind: Link, Path: to, Inode: parent.id, Child: n, Name: last})
	return nil
}

// NoLinks makes Link fail, as on a file system without hard links.
func (d *Disk) NoLinks() { d.noLinks = true }

// Links implements vfs.FS.
func (d *Disk) Links(i fs.FileInfo) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.root.links(i.(info).inode)
}

// Remove implements vfs.FS.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.hit("remove", name); err != nil {
		return err
	}
	parent, last, n, err := d.find("remove", name)
	if err == nil && len(n.entries) > 0 {
		err = &fs.PathError{Op: "remove", Path: name, Err: fs.ErrExist}
	}
	if err != nil {
		return err
	}
	d.do(Op{Kind: Remove, Path: name, Inode: parent.id, Child: n, Name: last})
	return nil
}

// SyncDir implements vfs.FS.
func (d *Disk) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _, n, err := d.find("open", name)
	if err != nil {
		return err
	}
	return d.sync("syncdir", name, n)
}

// sync makes everything that was done to n durable, unless the operation is to fail.
func (d *Disk) sync(op, name string, n *inode) error {
	err := d.hit(op, name)
	switch {
	case err == nil:
		d.do(Op{Kind: Sync, Path: name, Inode: n.id})
	case !n.mode.IsDir():
		d.do(Op{Kind: LostSync, Path: name, Inode: n.id})
	}
	return err
}

// TryLock implements vfs.FS. name may be a file too.
func (d *Disk) TryLock(name string) (unlock func() error, ok bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.hit("lock", name); err != nil {
		return nil, false, err
	}
	_, _, n, err := d.find("lock", name)
	if err != nil || n.locked {
		return nil, false, err
	}
	n.locked = true
	return func() error {
		d.mu.Lock()
		defer d.mu.Unlock()
		n.locked = false
		return nil
	}, true, nil
}
