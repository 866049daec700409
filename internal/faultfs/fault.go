package faultfs

import (
	"io/fs"
	"slices"
	"syscall"
)

// A Fault is an operation that fails. The zero Fault is none.
type Fault struct {
	At    int // which of all operations, from 1
	Err   syscall.Errno
	Until Until
	Part  Part
}

// Until says when a fault ends.
type Until uint8

const (
	Once    Until = iota
	Forever       // every later operation fails too
	Full          // every later one that takes room
	Untils
)

// Part is how much a failing write writes.
type Part uint8

const (
	Nothing Part = iota
	Half         // and says so
	All          // and says that it was nothing
	Parts
)

// Hits is what a Fault did.
type Hits struct {
	Seen  int    // operations so far
	Fired int    // failures
	Op    string // the first
	Path  string // of that
}

// Inject sets the fault that is to come, counting from here, and forgets the last.
func (d *Disk) Inject(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.hits = f, Hits{}
}

// Hits says what became of the last injected fault.
func (d *Disk) Hits() Hits {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hits
}

// hit counts an operation and returns its error if it is to fail.
func (d *Disk) hit(op, name string) error {
	h := &d.hits
	h.Seen++
	if d.fault.At == 0 || h.Seen < d.fault.At || (h.Seen > d.fault.At && !d.fault.lasts(op)) {
		return nil
	}
	if h.Fired == 0 {
		h.Op, h.Path = op, name
	}
	h.Fired++
	return &fs.PathError{Op: op, Path: name, Err: d.fault.Err}
}

// hitWrite is hit for a write of n bytes: how many are written, and how many the caller is told of.
func (d *Disk) hitWrite(name string, n int) (written, told int, err error) {
	if err = d.hit("write", name); err == nil {
		return n, n, nil
	}
	switch d.fault.Part {
	case Half:
		return n / 2, n / 2, err
	case All:
		return n, 0, err
	}
	return 0, 0, err
}

// lasts says whether a fault that has begun fails a later operation too.
func (f Fault) lasts(op string) bool {
	return f.Until == Forever || f.Until == Full && slices.Contains([]string{"write", "make", "mkdir", "rename", "link"}, op)
}
