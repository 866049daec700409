//go:build unix

package vfs

import "os"

// TryLock implements FS with flock.
func (h *holder) TryLock(name string) (func() error, bool, error) {
	d, rel := h.find(name)
	if d == nil {
		return h.OS.TryLock(name)
	}
	open := func(flag int) (*os.File, error) { return d.openat(rel, flag, 0) }
	return tryLock(open, func(f *os.File) (bool, error) { return d.leadsTo(rel, f) })
}

// leadsTo reports whether a name still leads to the open file. The lock of a file that was
// replaced excludes no process: the new file has a lock of its own.
func (d *directory) leadsTo(rel string, f *os.File) (bool, error) {
	if rel == "." {
		err := d.current()
		return err == nil, err
	}
	held, err := f.Stat()
	if err != nil {
		return false, err
	}
	now, err := d.root.Lstat(rel)
	//mutant:lock-acquired-on-a-replaced-file-of-a-held-directory
	return err == nil && os.SameFile(held, now), nil
}
