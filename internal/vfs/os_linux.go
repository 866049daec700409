package vfs

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// refresh makes the kernel ask for the length of an open file instead of trusting its
// cache: on FUSE and network mounts another path or machine may have written to the file.
func refresh(f *os.File) {
	var now unix.Statx_t
	_ = unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH|unix.AT_STATX_FORCE_SYNC, unix.STATX_BASIC_STATS, &now)
}

// refreshAt does the same for a name in an open directory.
func refreshAt(dir *os.File, name string) {
	var now unix.Statx_t
	_ = unix.Statx(int(dir.Fd()), name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_STATX_FORCE_SYNC, unix.STATX_BASIC_STATS, &now)
}

// Lstat implements FS. It bypasses the attribute cache for the same reason as refresh.
func (OS) Lstat(name string) (fs.FileInfo, error) {
	var now unix.Statx_t
	_ = unix.Statx(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_STATX_FORCE_SYNC, unix.STATX_BASIC_STATS, &now)
	return os.Lstat(name)
}

// Datasync implements File with fdatasync, which skips the timestamps: they would
// cost a commit of the file system's journal.
func (f osFile) Datasync() error {
	for {
		switch err := unix.Fdatasync(int(f.Fd())); err {
		case nil:
			return nil
		case unix.EINTR:
		default:
			return &fs.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
		}
	}
}

// Writeback asks the kernel to start writing a range to the disk, so that a later
// Sync has little left to do. It guarantees nothing.
func (f osFile) Writeback(from, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), from, n, unix.SYNC_FILE_RANGE_WRITE)
}

// syncRenamed makes a file that was renamed durable under its new name, where a sync of
// its directory is not enough.
func syncRenamed(name string, open func() (*os.File, error)) error {
	if !lengthInEntry(name) {
		return nil
	}
	f, err := open()
	if err != nil {
		return err
	}
	// A power cut before this leaves the name of an empty file.
	//mutant:rename-a-renamed-file-on-fat-is-not-synced
	return errors.Join(f.Sync(), f.Close())
}

// lengthInEntry reports whether a file is on FAT, which keeps the length of a file in its
// directory entry. A rename makes a new entry, and only a sync of the file writes the
// length there. A variable, so that a test can replace it.
var lengthInEntry = func(name string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(name, &fs) == nil && fs.Type == unix.MSDOS_SUPER_MAGIC
}
