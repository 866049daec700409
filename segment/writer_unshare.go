package segment

import (
	"path/filepath"

	"github.com/histlog/histlog/internal/vfs"
)

// unshare gives the segment that is about to be written files that have no other
// name. Others have one if the segment was sealed when a snapshot was made, and
// what followed it is gone since: a snapshot never changes.
func (w *Writer) unshare(base Sequence) error {
	for _, name := range []string{TextName(base), IndexName(base)} {
		path := filepath.Join(w.dir, name)
		info, err := w.fs.Lstat(path)
		if missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		//mutant:recover-a-shared-file-is-written-to
		if !info.Mode().IsRegular() || w.fs.Links(info) < 2 {
			continue
		}
		if err := vfs.CopyFile(w.fs, path, path, w.mode); err != nil {
			return err
		}
		// Without it a power cut could bring the shared file back, without what is
		// acknowledged in the copy.
		//mutant:recover-the-name-of-what-was-shared-is-not-synced
		if err := w.fs.SyncDir(w.dir); err != nil {
			return err
		}
	}
	return nil
}
