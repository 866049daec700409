package vfs_test

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/histlog/histlog/internal/testutil"
	"github.com/histlog/histlog/internal/vfs"
	"golang.org/x/sys/unix"
)

// TestMakeDirSwapped exchanges each new directory for one of another account, which must
// keep its owner.
func TestMakeDirSwapped(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root gives files away")
	}
	const victim, attacker = 1234, 65534
	dir := t.TempDir()
	name, other := filepath.Join(dir, "log"), filepath.Join(dir, "other")
	testutil.NoError(t, os.Mkdir(other, 0o700))
	testutil.NoError(t, os.Chown(other, victim, victim))
	testutil.WriteFile(t, filepath.Join(other, "file"), nil) // so that it is not removed
	testutil.NoError(t, os.Chown(dir, attacker, attacker))
	before, err := os.Stat(other)
	testutil.NoError(t, err)
	var done atomic.Bool
	var all sync.WaitGroup
	all.Go(func() {
		for !done.Load() {
			_ = unix.Renameat2(unix.AT_FDCWD, name, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE)
		}
	})
	for range testutil.Rounds(2000, 10000) {
		_ = vfs.OS{}.Mkdir(name, 0o755)
		for _, path := range []string{name, other} {
			info, err := os.Stat(path)
			if err != nil || !os.SameFile(info, before) {
				_ = os.Remove(path) // the new directory, or none
			} else if owner := info.Sys().(*syscall.Stat_t).Uid; owner != victim || info.Mode().Perm() != 0o700 {
				t.Fatalf("the directory now belongs to %d, %v", owner, info.Mode())
			}
		}
		if _, err := os.Stat(other); err != nil {
			_ = os.Rename(name, other)
		}
	}
	done.Store(true)
	all.Wait()
}
