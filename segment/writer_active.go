package segment

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/histlog/histlog/internal/vfs"
)

// An activeSegment is the segment being written, with its index. The ranges of its
// text are, in order:
//
//	[0, indexedEnd)          records with index entries
//	[indexedEnd, ackedEnd)   acknowledged under SyncNone, not yet indexed
//	[ackedEnd, writtenEnd)   written to the file, not yet acknowledged
//
// The Writer's mutex guards it.
type activeSegment struct {
	fs           FS
	path         string // path of the text
	indexPath    string
	header       header // as in the index
	file         File
	index        File
	identity     fs.FileInfo // file when it was opened, to recognize it
	count        uint64      // number of index entries
	durable      uint64      // the records of entries [0, durable) are known to be durable
	indexedEnd   Offset
	ackedEnd     Offset
	writtenEnd   Offset // where this process believes that the file ends
	writebackEnd Offset // end of the text whose writeback was started
	indexDirty   bool   // the index has unsynced bytes
	entryBuf     []byte // reused: encoded entries
}

// nextSeq returns the sequence of the first record without an entry.
func (a *activeSegment) nextSeq() Sequence { return a.header.base + Sequence(a.count) }

// createActive creates an empty segment. If it returns an error, the text file may
// exist, but only if its name could not be synced.
func createActive(fsys FS, dir string, h header, mode fs.FileMode) (_ *activeSegment, err error) {
	a := &activeSegment{fs: fsys, header: h, path: filepath.Join(dir, textName(h.base)), indexPath: filepath.Join(dir, indexName(h.base))}
	if _, err := fsys.Lstat(a.path); err == nil {
		return nil, fmt.Errorf("%w: %s is there already", ErrForeign, a.path)
	} else if !missing(err) {
		return nil, err
	}
	// The index is created first: the text's name seals the previous segment for
	// good, so after it only the sync of that name may fail. A kill here leaves an
	// index without a text; the next writer truncates it.
	//mutant:roll-the-text-is-created-before-its-index
	if a.index, err = fsys.OpenFile(a.indexPath, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode); err != nil {
		return nil, err
	}
	//mutant:make-the-header-of-a-new-index-is-not-synced
	a.indexDirty = true // until it is synced, a power cut may leave an empty index, which the next writer makes again
	// A lazy header is synced before there is a record: without the flag recovery
	// would take a record that the power cut lost for a damaged one.
	//mutant:roll-a-lazy-header-is-not-synced
	if _, err = a.index.WriteAt(h.encode(), 0); err == nil && h.flags&headerLazy != 0 {
		err = a.syncIndex()
	}
	if err == nil {
		a.file, err = fsys.OpenFile(a.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	}
	if err != nil {
		return nil, errors.Join(err, a.index.Close(), fsys.Remove(a.indexPath))
	}
	// A power cut without this sync could lose the name of a file whose records are
	// acknowledged as durable.
	//mutant:roll-the-directory-is-not-synced
	if a.identity, err = a.file.Stat(); err == nil {
		err = fsys.SyncDir(dir)
	}
	if err != nil {
		return nil, errors.Join(err, a.file.Close(), a.index.Close())
	}
	return a, nil
}

// checkIntact returns ErrForeign unless the segment's name still leads to the open
// file and the file ends at writtenEnd.
func (a *activeSegment) checkIntact() error {
	// By its whole name, because the directory may have been moved, too.
	info, err := vfs.ByName(a.fs).Lstat(a.path)
	switch {
	case missing(err):
		return fmt.Errorf("%w: %w", ErrForeign, err)
	case err != nil:
		return err
	case !a.fs.SameFile(a.identity, info):
		return fmt.Errorf("%w: %s: another file now has this name", ErrForeign, a.path)
	case info.Size() != int64(a.writtenEnd):
		return fmt.Errorf("%w: %s: %d bytes long, %d were written", ErrForeign, a.path, info.Size(), a.writtenEnd)
	}
	return nil
}

// write writes b at writtenEnd. After an error the file may hold a part of b after
// writtenEnd.
func (a *activeSegment) write(b []byte) error {
	n, err := a.file.WriteAt(b, int64(a.writtenEnd))
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return err
	}
	a.writtenEnd += Offset(len(b))
	return nil
}

// writebackBytes is how much is written before its writeback is started.
const writebackBytes = 4 << 20

// startWriteback asks the kernel to begin writing the text that was not synced, so that
// the sync of the sealed segment has little left to do. It makes nothing durable.
func (a *activeSegment) startWriteback() {
	if a.writtenEnd-a.writebackEnd < writebackBytes {
		return
	}
	if f, ok := a.file.(writebacker); ok {
		f.Writeback(int64(a.writebackEnd), int64(a.writtenEnd-a.writebackEnd))
	}
	a.writebackEnd = a.writtenEnd
}

// rollback truncates the text to the end of the last acknowledged record. It need not
// be synced: text that a power cut brings back has no entries, and the next writer
// treats it as a tail.
func (a *activeSegment) rollback() error {
	if err := a.file.Truncate(int64(a.ackedEnd)); err != nil {
		return err
	}
	a.writtenEnd = a.ackedEnd
	return nil
}

// close closes both files; either may be nil.
func (a *activeSegment) close() error {
	var errs []error
	for _, f := range []File{a.file, a.index} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
