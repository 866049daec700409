package segment

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/testutil"
)

// publishing shows a directory as a reader may see it while a log is published: the
// segments, and HISTLOG only from the second look on.
type publishing struct {
	testutil.NoSync
	looks *int
}

func (p publishing) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	if filepath.Base(name) == filename.Marker {
		if *p.looks++; *p.looks == 1 {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
	}
	return p.NoSync.OpenFile(name, flag, perm)
}

func TestOpenWhilePublished(t *testing.T) {
	dir := newLog(t, 3)
	looks := 0
	_, err := OpenContext(t.Context(), dir, publishing{looks: &looks})
	testutil.NoError(t, err)
}

// Under SyncNone a power cut may keep index entries and lose the text of their records.
// Before the next writer drops these entries, no reader counts them.
func TestEntriesBeyondTextAreNotCounted(t *testing.T) {
	dir := newDir(t)
	w := create(t, dir, Settings{"sync": "none"})
	appendTexts(t, w, 1, 3)
	enterPending(t, w)
	copied := testutil.CopyTree(t, dir)
	testutil.NoError(t, os.Truncate(filepath.Join(copied, fileName(1, Plain)), int64(len(text(1)))+1))
	if r := openReader(t, openLog(t, copied), 0); r.Next() != 2 {
		t.Errorf("the next record is %d, want 2", r.Next())
	}
}
