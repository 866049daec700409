package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// ErrUnfit is returned when the file system cannot hold a log for writing: flock does not
// exclude other processes, or fsync is not supported, as on some network file systems.
// The log can be read there; move it to a local disk to write it.
var ErrUnfit = errors.New("this file system cannot hold a log for writing")

// probe returns ErrUnfit if the file system at dir lacks what appending relies on. The
// caller holds the writer's lock of dir. An error of the disk, such as a full one, is a
// *DiskError; without ErrUnfit it says nothing about the file system.
func probe(fsys FS, dir string, mode fs.FileMode) error {
	// The caller holds this lock. If it is granted once more, it excludes no other process
	// either.
	unlock, ok, err := fsys.TryLock(dir)
	//mutant:probe-locks-are-not-tried
	if ok {
		return errors.Join(fmt.Errorf("%w: %s could be locked twice", ErrUnfit, dir), unlock())
	}
	name := filepath.Join(dir, filename.Probe)
	if err == nil {
		//mutant:probe-fsync-is-not-tried
		err = vfs.WriteFile(fsys, name, []byte("probe"), mode)
	}
	// A kill before the removal leaves the file, which the next probe overwrites. The directory
	// is synced because a file system may support fsync for files only.
	if err == nil {
		err = errors.Join(fsys.Remove(name), fsys.SyncDir(dir))
	}
	if slices.ContainsFunc([]syscall.Errno{syscall.EINVAL, syscall.ENOSYS, syscall.ENOTSUP, syscall.ENOLCK}, func(e syscall.Errno) bool { return errors.Is(err, e) }) {
		err = fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	return asDiskError(OpProbe, dir, err)
}
