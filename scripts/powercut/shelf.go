//go:build linux

package main

import (
	"context"
	"path/filepath"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/histlog/histlog/scripts/powercut/disk"
)

// A shelf is a FUSE file system whose files are disks, for loop devices.
type shelf struct {
	dir    string
	root   *fs.Inode
	server *fuse.Server
}

// mountShelf mounts an empty shelf at dir.
func mountShelf(dir string) (*shelf, error) {
	s := &shelf{dir: dir, root: &fs.Inode{}}
	var err error
	s.server, err = fs.Mount(dir, s.root, &fs.Options{MountOptions: fuse.MountOptions{
		DirectMountStrict: true, FsName: "powercut", MaxWrite: 1 << 20, DisableXAttrs: true,
	}})
	return s, err
}

// add shows a disk as a file, and returns the file's path.
func (s *shelf) add(name string, d *disk.Disk) string {
	child := s.root.NewPersistentInode(context.Background(), &diskFile{disk: d}, fs.StableAttr{Mode: syscall.S_IFREG})
	s.root.AddChild(name, child, true)
	return filepath.Join(s.dir, name)
}

// remove removes the file of a disk.
func (s *shelf) remove(name string) { s.root.RmChild(name) }

// diskFile is a file that shows a disk.
type diskFile struct {
	fs.Inode
	disk *disk.Disk
}

var (
	_ fs.NodeOpener    = (*diskFile)(nil)
	_ fs.NodeReader    = (*diskFile)(nil)
	_ fs.NodeWriter    = (*diskFile)(nil)
	_ fs.NodeFsyncer   = (*diskFile)(nil)
	_ fs.NodeGetattrer = (*diskFile)(nil)
	_ fs.NodeSetattrer = (*diskFile)(nil)
	_ fs.NodeAllocater = (*diskFile)(nil)
)

// Open implements fs.NodeOpener. The page cache of FUSE must not hold back a write.
func (f *diskFile) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

// Read implements fs.NodeReader.
func (f *diskFile) Read(_ context.Context, _ fs.FileHandle, b []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	b = b[:max(0, min(int64(len(b)), f.disk.Size()-off))]
	f.disk.Read(b, off)
	return fuse.ReadResultData(b), 0
}

// Write implements fs.NodeWriter.
func (f *diskFile) Write(_ context.Context, _ fs.FileHandle, b []byte, off int64) (uint32, syscall.Errno) {
	if off+int64(len(b)) > f.disk.Size() {
		return 0, syscall.ENOSPC
	}
	f.disk.Write(b, off)
	return uint32(len(b)), 0
}

// Fsync implements fs.NodeFsyncer.
func (f *diskFile) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	f.disk.Flush()
	return 0
}

// Allocate implements fs.NodeAllocater: the disk has no discard.
func (f *diskFile) Allocate(context.Context, fs.FileHandle, uint64, uint64, uint32) syscall.Errno {
	return syscall.EOPNOTSUPP
}

// Getattr implements fs.NodeGetattrer.
func (f *diskFile) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Size, out.Blksize = syscall.S_IFREG|0o600, uint64(f.disk.Size()), 4096
	return 0
}

// Setattr implements fs.NodeSetattrer. The size stays.
func (f *diskFile) Setattr(ctx context.Context, h fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return f.Getattr(ctx, h, out)
}
