package segment

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// refresh has the kernel ask how long an open file is, where it would trust what it
// remembers: on FUSE and network mounts another path or machine may have written it.
func refresh(f *os.File) {
	var now unix.Statx_t
	_ = unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH|unix.AT_STATX_FORCE_SYNC, unix.STATX_BASIC_STATS, &now)
}

// Lstat asks the file system itself, for the same reason.
func (OS) Lstat(name string) (fs.FileInfo, error) {
	var now unix.Statx_t
	_ = unix.Statx(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_STATX_FORCE_SYNC, unix.STATX_BASIC_STATS, &now)
	return os.Lstat(name)
}

// Datasync is fdatasync: it leaves out the times, which need a journal commit.
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

// Writeback asks the kernel to begin writing a range to the disk, so that a
// later Sync finds little to do. It promises nothing.
func (f osFile) Writeback(from, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), from, n, unix.SYNC_FILE_RANGE_WRITE)
}
