package faultfs

import (
	"fmt"
	"math"
)

// Kind is what an operation does.
type Kind uint8

const (
	Write    Kind = iota // Data at At
	Truncate             // to At
	Make                 // entry Name for Child, a file or a directory
	Rename               // entry Name to To
	Remove               // entry Name
	Link                 // entry Name for Child, a file that has another one
	Sync                 // of a file or a directory: what was done to Node lasts
	LostSync             // one that failed: what was done to the file Node since the last never will
)

// An Op is one operation that changed the disk, or made changes last.
type Op struct {
	Kind     Kind
	Path     string // of the file, as it was called
	Node     int    // the file, or the directory whose entry changed
	Child    *node  // of Make: as it was made; of Rename, Remove and Link: what the entry led to
	Name, To string
	At       int64
	Data     []byte
}

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

// A Fate is what becomes of an operation that no sync had made to last.
type Fate struct {
	Kind FateKind
	Cut  int    // of Torn: how many of a write's bytes are what was written
	Fill []byte // of Torn: what stands in place of the others where the file was shorter; nil: it ends there
}

type FateKind uint8

const (
	Kept FateKind = iota
	Dropped
	Torn // of a write alone
)

// Image returns the disk after the first n operations and a power cut: those
// made to last by then, and of the others what fate says. Everything on it
// lasts.
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

// Killed returns the disk after the first n operations and the death of the
// process: all is there, and what no sync has made to last may still go.
func (d *Disk) Killed(n int) *Disk {
	ops, _ := d.trace()
	k := d.base.clone()
	for i := range ops[:n] {
		k.apply(&ops[i], Fate{})
	}
	k.base, k.ops = d.base, ops[:n:n]
	return k
}

// trace returns the operations, and for each after which one it lasts.
func (d *Disk) trace() ([]Op, []int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.lasts) != len(d.ops) {
		d.lasts = lasting(d.ops)
	}
	return d.ops, d.lasts
}

// lasting tells for each operation after which one it lasts.
func lasting(ops []Op) []int {
	lasts := make([]int, len(ops))
	waiting := map[int][]int{}
	for i, op := range ops {
		lasts[i] = math.MaxInt
		switch op.Kind {
		case Sync:
			for _, j := range waiting[op.Node] {
				lasts[j] = i
			}
			delete(waiting, op.Node)
		case LostSync:
			delete(waiting, op.Node)
		default:
			waiting[op.Node] = append(waiting[op.Node], i)
		}
	}
	return lasts
}

// apply does op once more, as fate has it.
func (d *Disk) apply(op *Op, f Fate) {
	n := d.nodes[op.Node]
	if op.Child != nil {
		d.adopt(op.Child) // it is there, whatever becomes of its name
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
