package segment

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// activeSegment is the segment being written, with its index. Its bytes are, in order:
//
//	[0, indexedEnd)      have index entries: records
//	[end, kept)     are acknowledged under SyncNone, and to be entered soon
//	[kept, written) were given to the kernel, and are nobody's yet
type activeSegment struct {
	fs           FS
	path         string // of the segment
	indexPath    string
	header       header
	file         File
	index        File
	identity     fs.FileInfo // of file when it was opened
	count        uint64      // index entries
	durable      uint64      // how many of these are known to be of durable records
	indexedEnd   Offset
	ackedEnd     Offset
	writtenEnd   Offset
	writebackEnd Offset // up to here the disk was asked to begin writing
	indexDirty   bool   // the index has entries, or a header, that were not synced
	entryBuf     []byte // entries, for one write
}

func (a *activeSegment) nextSeq() Sequence { return a.header.base + Sequence(a.count) }

// createActive makes an empty segment. The index comes first: once the
// segment's name exists, the one before it is sealed for good.
func createActive(fsys FS, dir string, h header, mode fs.FileMode) (_ *activeSegment, err error) {
	a := &activeSegment{fs: fsys, header: h, path: filepath.Join(dir, TextName(h.base)), indexPath: filepath.Join(dir, IndexName(h.base))}
	if _, err := fsys.Lstat(a.path); err == nil {
		return nil, fmt.Errorf("%w: %s is there already", ErrForeign, a.path)
	} else if !missing(err) {
		return nil, err
	}
	//mutant:roll-the-segment-before-its-index
	if a.index, err = fsys.OpenFile(a.indexPath, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode); err != nil {
		return nil, err
	}
	//mutant:make-the-header-of-a-new-index-is-not-synced
	a.indexDirty = true // until then a power cut leaves an empty index, which the next writer makes again
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
	//mutant:roll-the-directory-is-not-synced
	if a.identity, err = a.file.Stat(); err == nil {
		err = fsys.SyncDir(dir)
	}
	if err != nil {
		return nil, errors.Join(err, a.file.Close(), a.index.Close())
	}
	return a, nil
}

// checkIntact says whether the segment's name still leads to the open file and the
// file ends where this process left it.
func (a *activeSegment) checkIntact() error {
	info, err := a.fs.Lstat(a.path)
	switch {
	case missing(err):
		return fmt.Errorf("%w: %w", ErrForeign, err)
	case err != nil:
		return err
	case !a.fs.SameFile(a.identity, info):
		return fmt.Errorf("%w: %s: another file stands there", ErrForeign, a.path)
	case info.Size() != int64(a.writtenEnd):
		return fmt.Errorf("%w: %s: %d bytes long, %d were written", ErrForeign, a.path, info.Size(), a.writtenEnd)
	}
	return nil
}

// write gives b to the kernel at the segment's end.
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

// writebackBytes is how much is written before the disk is asked to begin with it.
const writebackBytes = 4 << 20

// startWriteback has the disk begin to write what no sync has asked for, so that sealing
// finds little left to do. It promises nothing.
func (a *activeSegment) startWriteback() {
	if a.writtenEnd-a.writebackEnd < writebackBytes {
		return
	}
	if f, ok := a.file.(writebacker); ok {
		f.Writeback(int64(a.writebackEnd), int64(a.writtenEnd-a.writebackEnd))
	}
	a.writebackEnd = a.writtenEnd
}

// rollback removes what is nobody's.
func (a *activeSegment) rollback() error {
	if err := a.file.Truncate(int64(a.ackedEnd)); err != nil {
		return err
	}
	a.writtenEnd = a.ackedEnd
	return nil
}

// errIndexTorn: an index holds entries that could not be taken back. Their
// records must stay too.
var errIndexTorn = errors.New("and its entries could not be taken back")

// writeEntries writes index entries for the records that end at a.writtenEnd, and takes
// them back on an error.
func (a *activeSegment) writeEntries(entries []Entry) error {
	b := a.entryBuf[:0]
	for i, e := range entries {
		if i == 0 && (!a.indexDirty || a.count == 0) {
			e.Flags |= Anchor
		}
		b = a.header.appendEntry(b, a.nextSeq()+Sequence(i), e)
	}
	a.entryBuf = b
	if _, err := a.index.WriteAt(b, headerSize+int64(a.count)*entrySize); err != nil {
		//mutant:index-entries-that-failed-stay
		if e := a.truncateIndex(); e != nil {
			return fmt.Errorf("%w, %w: %w", err, errIndexTorn, e)
		}
		return err
	}
	a.count += uint64(len(entries))
	a.indexedEnd = entries[len(entries)-1].End
	a.ackedEnd = a.indexedEnd
	a.indexDirty = true
	if entries[len(entries)-1].Flags&Durable != 0 {
		a.durable = a.count
	}
	return nil
}

// truncateIndex removes what the index holds beyond its entries, durably: the next
// record of that sequence has other bytes, and must not meet an old entry.
func (a *activeSegment) truncateIndex() error {
	info, err := a.index.Stat()
	end := headerSize + int64(a.count)*entrySize
	if err != nil || info.Size() <= end {
		return err
	}
	//mutant:index-cut-without-a-sync
	if err := a.index.Truncate(end); err != nil {
		return err
	}
	return a.index.Datasync()
}

// markDurable flags the last entry: its record and all before it are durable.
func (a *activeSegment) markDurable() error {
	x := indexFile{file: a.index, path: a.indexPath, header: a.header, count: a.count}
	e, err := x.entry(a.count - 1)
	if err != nil {
		return err
	}
	e.Flags |= Durable
	if _, err := a.index.WriteAt(a.header.appendEntry(nil, a.nextSeq()-1, e), headerSize+int64(a.count-1)*entrySize); err != nil {
		return err
	}
	a.durable, a.indexDirty = a.count, true
	return nil
}

func (a *activeSegment) syncIndex() error {
	if !a.indexDirty {
		return nil
	}
	err := a.index.Datasync()
	if err == nil {
		a.indexDirty = false
	}
	return err
}

// writeTrailer ends the index with a trailer. Until a successor exists it may
// be written again.
func (a *activeSegment) writeTrailer() error {
	t, err := a.summarize()
	if err != nil {
		return err
	}
	_, err = a.index.WriteAt(a.header.encodeTrailer(t), headerSize+int64(a.count)*entrySize)
	a.indexDirty = true
	return err
}

// summarize reads the index once more and sums it up. An entry that has rotted is
// made again from the text.
func (a *activeSegment) summarize() (t trailer, err error) {
	x := indexFile{file: a.index, path: a.indexPath, header: a.header, count: a.count}
	for k := range a.count {
		e, err := x.entry(k)
		if errors.Is(err, ErrCorrupt) {
			e, err = a.rebuildEntry(k, t.Plain)
			x.block = nil
		}
		if err != nil {
			return t, err
		}
		t.add(e)
	}
	return t, nil
}

// rebuildEntry writes the entry of the k-th record, which begins at start, anew.
func (a *activeSegment) rebuildEntry(k uint64, start Offset) (e Entry, err error) {
	_, err = eachLine(a.file, start, a.indexedEnd, 0, func(l line) error {
		e = Entry{End: l.end, CRC: l.crc(), Time: a.header.created, Arrived: a.header.created, Flags: Rebuilt | ClockTime}
		return errStop
	})
	if err != errStop {
		return e, errors.Join(err, &CorruptError{Path: a.path, Seq: a.header.base + Sequence(k), Offset: start, Reason: "no line stands there"})
	}
	_, err = a.index.WriteAt(a.header.appendEntry(nil, a.header.base+Sequence(k), e), headerSize+int64(k)*entrySize)
	return e, err
}

// close closes both files; a nil one was never opened.
func (a *activeSegment) close() error {
	var errs []error
	for _, f := range []File{a.file, a.index} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
