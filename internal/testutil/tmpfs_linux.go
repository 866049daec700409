package testutil

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// Tmpfs runs the tests of a package whose files need not survive a power cut:
// t.TempDir is below /dev/shm, because thousands of fsyncs of a disk take minutes.
type Tmpfs struct{ *testing.M }

const (
	shm     = "/dev/shm"
	minFree = 4 << 30 // bytes: more than the tests of a package ever hold
	noExec  = 8       // ST_NOEXEC: containers mount it so, and tests run scripts
)

// Run runs the tests and returns the exit code.
func (m Tmpfs) Run() int {
	if strings.HasPrefix(os.TempDir(), shm) { // a child of such a run
		return m.M.Run()
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(shm, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < minFree || fs.Flags&noExec != 0 {
		return m.M.Run()
	}
	dir, err := os.MkdirTemp(shm, "histlog-test-")
	if err != nil {
		return m.M.Run()
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // some tests run programs as another account
		return m.M.Run()
	}
	os.Setenv("TMPDIR", dir)
	return m.M.Run()
}
