//go:build !linux

package segment

import (
	"io/fs"
	"os"
)

// Datasync is Sync where there is no fdatasync.
func (f osFile) Datasync() error { return f.Sync() }

func refresh(*os.File) {}

func (OS) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(name) }
