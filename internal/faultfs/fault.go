package faultfs

import (
	"io/fs"
	"slices"
	"syscall"
)

// A Fault is an operation that fails. The zero Fault fails none.
type Fault struct {
	At    int // number of the operation, from 1
	Err   syscall.Errno
	Until Until
	Part  Part
}

// Until is when a fault ends.
type Until uint8

const (
	Once    Until = iota
	Forever       // every later operation fails too
	Full          // every later one that needs space fails too
	Untils
)

// Part is how much of a failing write reaches the disk.
type Part uint8

const (
	Nothing Part = iota
	Half         // and the caller is told so
	All          // and the caller is told that nothing was written
	Parts
)

// Hits is what a Fault has done.
type Hits struct {
	Seen  int    // operations since Inject
	Fired int    // operations that failed
	Op    string // the first of them
	Path  string // the file of Op
}

// Inject sets the fault, replaces the previous one, and counts operations from here.
func (d *Disk) Inject(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.hits = f, Hits{}
}

// Hits returns what the last injected fault has done.
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

// hitWrite is hit for a write of n bytes. It returns how many are written, and how many the
// caller is told of.
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

// lasts reports whether a fault that has fired fails a later operation too.
func (f Fault) lasts(op string) bool {
	return f.Until == Forever || f.Until == Full && slices.Contains([]string{"write", "make", "mkdir", "rename", "link"}, op)
}
