//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner of the one that it replaces, as far as this
// user may: what root writes stays its owner's.
func keepOwner(f *os.File, was fs.FileInfo) {
	if owner, ok := was.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(owner.Uid), int(owner.Gid))
	}
}
