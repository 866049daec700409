package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/histlog/histlog/internal/vfs"
)

// ErrUnfit: the file system can't keep a log: its flock keeps nobody out, or it
// can't sync. Some network file systems are like that. Reading works; put the
// log on a local disk to write it.
var ErrUnfit = errors.New("this file system can't keep a log")

// probe finds out whether the file system does what appending relies on. This
// process holds the writer's lock of dir. An error that is not ErrUnfit says
// nothing about that: a full disk, say.
func probe(fsys FS, dir string, mode fs.FileMode) error {
	unlock, ok, err := fsys.TryLock(dir)
	//mutant:probe-locks-are-not-tried
	if ok {
		return errors.Join(fmt.Errorf("%w: %s could be locked twice", ErrUnfit, dir), unlock())
	}
	name := filepath.Join(dir, probeName)
	if err == nil {
		//mutant:probe-fsync-is-not-tried
		err = vfs.WriteFile(fsys, name, []byte("probe"), mode)
	}
	if err == nil {
		err = errors.Join(fsys.Remove(name), fsys.SyncDir(dir))
	}
	if slices.ContainsFunc([]syscall.Errno{syscall.EINVAL, syscall.ENOSYS, syscall.ENOTSUP, syscall.ENOLCK}, func(e syscall.Errno) bool { return errors.Is(err, e) }) {
		err = fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	return err
}
