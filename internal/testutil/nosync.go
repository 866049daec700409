package testutil

import (
	"io/fs"

	"github.com/histlog/histlog/internal/vfs"
)

// NoSync is the machine's file system without syncs. It is for tests that check files as
// the kernel shows them, and never as a power cut leaves them.
type NoSync struct{ vfs.OS }

type noSyncFile struct{ vfs.File }

func (noSyncFile) Sync() error     { return nil }
func (noSyncFile) Datasync() error { return nil }

// SyncDir does nothing.
func (NoSync) SyncDir(string) error { return nil }

// OpenFile opens a file whose Sync and Datasync do nothing.
func (NoSync) OpenFile(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := vfs.OS{}.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return noSyncFile{f}, nil
}
