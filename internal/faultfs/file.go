package faultfs

import (
	"io"
	"io/fs"
	"path"
	"slices"
)

// file is an open file of a Disk.
type file struct {
	disk     *Disk
	inode    *inode
	name     string
	writable bool
	at       int64 // offset of the next Read
}

func (f *file) Read(b []byte) (int, error) {
	n, err := f.ReadAt(b, f.at)
	f.at += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

func (f *file) ReadAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.hit("read", f.name); err != nil {
		return 0, err
	}
	if at >= int64(len(f.inode.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.inode.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if !f.writable {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: fs.ErrPermission}
	}
	n, told, err := f.disk.hitWrite(f.name, len(b))
	if n > 0 {
		f.disk.do(Op{Kind: Write, Path: f.name, Inode: f.inode.id, At: at, Data: slices.Clone(b[:n])})
	}
	return told, err
}

func (f *file) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.hit("truncate", f.name); err != nil {
		return err
	}
	if size != int64(len(f.inode.data)) {
		f.disk.do(Op{Kind: Truncate, Path: f.name, Inode: f.inode.id, At: size})
	}
	return nil
}

func (f *file) Sync() error     { return f.sync("sync") }
func (f *file) Datasync() error { return f.sync("datasync") }

func (f *file) sync(op string) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return f.disk.sync(op, f.name, f.inode)
}

func (f *file) Stat() (fs.FileInfo, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.hit("stat", f.name); err != nil {
		return nil, err
	}
	return infoOf(path.Base(f.name), f.inode), nil
}

func (f *file) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return f.disk.hit("close", f.name)
}
