package segment

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

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
