//go:build !linux

package vfs

import (
	"io/fs"
	"os"
)

// refresh does nothing: other systems have no call that bypasses the attribute cache.
func refresh(*os.File) {}

func refreshAt(*os.File, string) {}

// Lstat implements FS.
func (OS) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(name) }

// Datasync implements File with Sync, where there is no fdatasync.
func (f osFile) Datasync() error { return f.Sync() }

// syncRenamed does nothing: see the one for Linux.
func syncRenamed(string, func() (*os.File, error)) error { return nil }
