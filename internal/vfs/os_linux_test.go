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
