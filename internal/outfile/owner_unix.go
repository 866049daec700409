//go:build unix

package outfile

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives f the owner of the file that it replaces, as far as this user may.
// So a file that root rewrites still belongs to its owner.
func keepOwner(f *os.File, before fs.FileInfo) {
	if owner, ok := before.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(owner.Uid), int(owner.Gid))
	}
}
