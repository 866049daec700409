package segment

import (
	"path/filepath"

	"github.com/histlog/histlog/internal/vfs"
)

// unshare replaces the files of the segment base, which is about to be written, by
// copies if a snapshot shares them through hard links: a snapshot must not change. That
// happens if the segment was sealed when the snapshot was made, and the segments after
// it have been lost since.
func (w *Writer) unshare(base Sequence) error {
	for _, name := range []string{textName(base), indexName(base)} {
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
		// Without this sync a power cut could bring the shared file back, without the
		// records acknowledged in the copy.
		//mutant:recover-the-name-of-a-copied-shared-file-is-not-synced
		if err := w.fs.SyncDir(w.dir); err != nil {
			return err
		}
	}
	return nil
}
