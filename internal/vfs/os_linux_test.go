package vfs

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRenameOnFAT checks that a renamed file is synced on FAT, and only there. The file is a
// FIFO, because the sync of a FIFO fails.
func TestRenameOnFAT(t *testing.T) {
	real := lengthInEntry
	t.Cleanup(func() { lengthInEntry = real })
	dir := t.TempDir()
	for _, fat := range []bool{false, true} {
		from := filepath.Join(dir, "from")
		if err := unix.Mkfifo(from, 0o600); err != nil {
			t.Fatal(err)
		}
		lengthInEntry = func(string) bool { return fat }
		err := OS{}.Rename(from, filepath.Join(dir, "to"))
		if synced := errors.Is(err, unix.EINVAL); synced != fat || !synced && err != nil {
			t.Errorf("on FAT %v: %v", fat, err)
		}
	}
}

// TestLockOnNFS locks files of a held directory where, as by NFS, only a process that may write
// a file gets its lock. The lock of a directory is one of this machine.
func TestLockOnNFS(t *testing.T) {
	t.Cleanup(func() { sysFlock = unix.Flock })
	sysFlock = func(fd, how int) error {
		var s unix.Stat_t
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err := errors.Join(err, unix.Fstat(fd, &s)); err != nil {
			return err
		}
		if flags&unix.O_ACCMODE == unix.O_RDONLY && s.Mode&unix.S_IFMT == unix.S_IFREG {
			return unix.EBADF
		}
		return unix.Flock(fd, how)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	fsys, release, err := Hold(OS{}, dir)
	if err == nil {
		err = WriteFile(fsys, path, nil, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, name := range []string{dir, path} {
		unlock, ok, err := fsys.TryLock(name)
		if err != nil || !ok {
			t.Fatalf("%s: %v, %v", name, ok, err)
		}
		if _, second, err := fsys.TryLock(name); err != nil || second {
			t.Errorf("%s: locked twice, %v", name, err)
		}
		if err := unlock(); err != nil {
			t.Error(err)
		}
	}
}
