package faultfs

import (
	"fmt"
	"math"
)

// Kind is the kind of an operation.
type Kind uint8

const (
	Write    Kind = iota // Data at At
	Truncate             // to At
	Make                 // entry Name for Child, a file or a directory
	Rename               // entry Name to To
	Remove               // entry Name
	Link                 // entry Name for Child, a file that has another one
	Sync                 // of a file or a directory: what was done to Inode is durable
	LostSync             // a failed Sync of a file: what was done to Inode since the last Sync never will be durable
)

// An Op is one operation that changed the disk, or made changes durable.
type Op struct {
	Kind     Kind
	Path     string // of the file, as the caller named it
	Inode    int    // id of the file, or of the directory whose entry changed
	Child    *inode // of Make: the new file; of Rename, Remove and Link: the file of the entry
	Name, To string // of the entry, without its directory
	At       int64  // of Write: offset; of Truncate: length
	Data     []byte // of Write
}

// String describes the operation in the messages of tests.
func (o Op) String() string {
	switch o.Kind {
	case Write:
		return fmt.Sprintf("write %d bytes at %d of %s", len(o.Data), o.At, o.Path)
	case Truncate:
		return fmt.Sprintf("truncate %s to %d", o.Path, o.At)
	case Rename:
		return fmt.Sprintf("rename %s to %s", o.Path, o.To)
	}
	return fmt.Sprintf("%s %s", [...]string{Make: "make", Remove: "remove", Link: "link", Sync: "sync", LostSync: "lose the sync of"}[o.Kind], o.Path)
}

// A Fate is what a power cut does to an operation that is not durable.
type Fate struct {
	Kind FateKind
	Cut  int    // of Torn: how many bytes of the write are kept
	Fill []byte // of Torn: replaces the other bytes where the file was shorter; nil: the file ends there
}

// FateKind is the kind of a Fate.
type FateKind uint8

const (
	Kept FateKind = iota
	Dropped
	Torn // for writes only
)

// Image returns the disk after the first n operations and a power cut. It holds the
// operations that were durable by then, and the others as fate decides. Everything on the
// image is durable.
func (d *Disk) Image(n int, fate func(i int, op *Op) Fate) *Disk {
	ops, lasting := d.trace()
	image := d.base.clone()
	for i := range ops[:n] {
		op := &ops[i]
		f := Fate{}
		if lasting[i] >= n {
			f = fate(i, op)
		}
		image.apply(op, f)
	}
	image.base, image.ops = nil, nil
	return image.rebased()
}

// Killed returns the disk after the first n operations and the death of the process.
// All operations are kept, and a later power cut may still drop those that are not
// durable.
func (d *Disk) Killed(n int) *Disk {
	ops, _ := d.trace()
	k := d.base.clone()
	for i := range ops[:n] {
		k.apply(&ops[i], Fate{})
	}
	k.base, k.ops = d.base, ops[:n:n]
	return k
}

// trace returns the operations, and for each the operation after which it is durable.
func (d *Disk) trace() ([]Op, []int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.lasts) != len(d.ops) {
		d.lasts = lasting(d.ops)
	}
	return d.ops, d.lasts
}

// lasting returns for each operation the index of the one after which it is durable.
func lasting(ops []Op) []int {
	lasts := make([]int, len(ops))
	waiting := map[int][]int{}
	for i, op := range ops {
		lasts[i] = math.MaxInt
		switch op.Kind {
		case Sync:
			for _, j := range waiting[op.Inode] {
				lasts[j] = i
			}
			delete(waiting, op.Inode)
		case LostSync:
			delete(waiting, op.Inode)
		default:
			waiting[op.Inode] = append(waiting[op.Inode], i)
		}
	}
	return lasts
}

// apply applies op again, with fate f.
func (d *Disk) apply(op *Op, f Fate) {
	n := d.inodes[op.Inode]
	if op.Child != nil {
		d.adopt(op.Child) // the file exists whatever happens to its name
	}
	if f.Kind == Dropped {
		return
	}
	switch op.Kind {
	case Write:
		data := op.Data
		if f.Kind == Torn {
			data = n.tear(op, f)
		}
		if len(data) > 0 {
			n.write(data, op.At)
		}
	case Truncate:
		n.truncate(op.At)
	case Make, Link:
		n.link(op.Name, d.adopt(op.Child))
	case Rename:
		n.unlink(op.Name)
		n.link(op.To, d.adopt(op.Child))
	case Remove:
		n.unlink(op.Name)
	}
}
