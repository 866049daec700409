package segment

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/histlog/histlog/internal/vfs"
)

// An indexWriter writes the index of a sealed segment, one entry after another, without
// holding them.
type indexWriter struct {
	log       *Log
	file      File
	out       *bufio.Writer
	temporary string // path of the file until finish
	names     stem   // of the segment's files
	mode      fs.FileMode
	header    header
	sum       trailer // totals of the entries so far
	entry     []byte  // reused: an encoded entry
}

// newIndexWriter begins the index of the segment with the files n, under a temporary name
// until finish.
func (l *Log) newIndexWriter(n stem, h header, mode fs.FileMode) (*indexWriter, error) {
	w := &indexWriter{log: l, header: h, mode: mode, names: n, temporary: vfs.TempName(l.path(n.index()))}
	f, err := l.fs.OpenFile(w.temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return nil, err
	}
	w.file, w.out = f, bufio.NewWriterSize(io.NewOffsetWriter(f, 0), 64<<10)
	_, err = w.out.Write(h.encode())
	if err != nil {
		return nil, errors.Join(err, w.discard())
	}
	return w, nil
}

// next returns the sequence of the next entry.
func (w *indexWriter) next() Sequence { return w.header.base + Sequence(w.sum.Count) }

// end returns where the last record ends.
func (w *indexWriter) end() Offset { return w.sum.Plain }

// add writes the next entry.
func (w *indexWriter) add(e Entry) error {
	w.entry = w.header.appendEntry(w.entry[:0], w.next(), e)
	w.sum.add(e)
	_, err := w.out.Write(w.entry)
	return err
}

// complete writes the trailer and reads the index back: it is about to replace the only
// place of the arrivals and the checksums.
func (w *indexWriter) complete() error {
	if _, err := w.out.Write(w.header.encodeTrailer(w.sum)); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	x := w.indexFile()
	t, err := x.countEntries(-1)
	if err != nil {
		return err
	}
	var sum trailer
	for k := range x.count {
		e, err := x.entry(k)
		if err != nil && !errors.Is(err, ErrCorrupt) {
			return err
		}
		sum.add(e)
	}
	b := make([]byte, headerSize)
	if n, err := w.file.ReadAt(b, 0); n < headerSize {
		return err
	}
	// Not a *CorruptError: the index that is in place is intact.
	//mutant:restamp-an-index-is-not-read-back
	if t == nil || *t != w.sum || sum != w.sum || !bytes.Equal(b, w.header.encode()) {
		return fmt.Errorf("%s: what was written differs from the index", w.temporary)
	}
	return nil
}

// indexFile returns the index as far as it is in the temporary file.
func (w *indexWriter) indexFile() *indexFile {
	return &indexFile{file: w.file, path: w.temporary, header: w.header, count: w.sum.Count}
}

// finish writes the trailer and puts the index in place.
func (w *indexWriter) finish() error {
	if err := w.complete(); err != nil {
		return errors.Join(err, w.discard())
	}
	return w.place()
}

// place puts a complete index in place.
func (w *indexWriter) place() error {
	//mutant:repair-the-index-is-not-synced
	if err := w.file.Sync(); err != nil { // otherwise a power cut after the rename could leave an index without its bytes
		return errors.Join(err, w.discard())
	}
	if err := w.file.Close(); err != nil {
		return errors.Join(err, vfs.RemoveIfExists(w.log.fs, w.temporary))
	}
	if err := w.log.fs.Rename(w.temporary, w.log.path(w.names.index())); err != nil {
		return errors.Join(err, vfs.RemoveIfExists(w.log.fs, w.temporary))
	}
	// A power cut before this leaves the old index, and the next Repair does the same again.
	//mutant:repair-the-names-of-text-and-index-are-not-synced
	if err := w.log.fs.SyncDir(w.log.Dir); err != nil {
		return err
	}
	// The small form describes the records as they were before. It is removed last: as long as
	// both forms exist, the plain one is used.
	//mutant:repair-the-small-index-stays
	return w.log.removeIfExists(w.log.path(w.names.smallIndex()))
}

// finishSmall writes the trailer and puts the index in place in its small form, which is
// the only form that the segment has.
func (w *indexWriter) finishSmall(ctx context.Context) error {
	err := w.complete()
	if err == nil {
		_, err = w.log.replaceSmall(ctx, w.indexFile(), w.names, w.mode)
	}
	return errors.Join(err, w.discard())
}

// discard removes the temporary file.
func (w *indexWriter) discard() error {
	return errors.Join(w.file.Close(), vfs.RemoveIfExists(w.log.fs, w.temporary))
}

// verifyRebuilt clears the flag Rebuilt of the entries that were made from the text, if
// the digest in the old trailer confirms the checksums of all records.
func (w *indexWriter) verifyRebuilt(read *Reader) error {
	t := read.trailer
	if t == nil || t.Digest != w.sum.Digest || t.Count != w.sum.Count {
		return nil
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	x := w.indexFile()
	for k := range w.sum.Count {
		seq := w.header.base + Sequence(k)
		if _, err := read.indexEntry(seq); err == nil {
			continue
		}
		e, err := x.entry(k)
		if err != nil {
			return err
		}
		e.Flags &^= Rebuilt
		if _, err := w.file.WriteAt(w.header.appendEntry(nil, seq, e), headerSize+int64(k)*entrySize); err != nil {
			return err
		}
	}
	return nil
}
