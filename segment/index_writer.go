package segment

import (
	"bufio"
	"errors"
	"io"
	"os"

	"github.com/histlog/histlog/internal/vfs"
)

// An indexWriter makes the index of a sealed segment, one entry after another, and
// holds none of them.
type indexWriter struct {
	log       *Log
	file      File
	out       *bufio.Writer
	temporary string
	header    header
	sum       trailer
	entry     []byte
}

// newIndexWriter begins an index. It has a temporary name until finish.
func (r *repair) newIndexWriter(h header) (*indexWriter, error) {
	w := &indexWriter{log: r.log, header: h, temporary: r.log.path("." + IndexName(h.base) + ".tmp")}
	f, err := r.log.fs.OpenFile(w.temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, r.w.mode)
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

// next returns the sequence of the entry to come.
func (w *indexWriter) next() Sequence { return w.header.base + Sequence(w.sum.Count) }

// end returns where the records so far end.
func (w *indexWriter) end() Offset { return w.sum.Plain }

func (w *indexWriter) add(e Entry) error {
	w.entry = w.header.appendEntry(w.entry[:0], w.next(), e)
	w.sum.add(e)
	_, err := w.out.Write(w.entry)
	return err
}

// finish ends the index with its trailer and puts it in place.
func (w *indexWriter) finish() error {
	_, err := w.out.Write(w.header.encodeTrailer(w.sum))
	if err == nil {
		err = w.out.Flush()
	}
	if err == nil {
		//mutant:repair-the-index-is-not-synced
		err = w.file.Sync() // a power cut after the rename would leave an index without its bytes
	}
	if err != nil {
		return errors.Join(err, w.discard())
	}
	if err := w.file.Close(); err != nil {
		return errors.Join(err, vfs.RemoveIfExists(w.log.fs, w.temporary))
	}
	if err := w.log.fs.Rename(w.temporary, w.log.path(IndexName(w.header.base))); err != nil {
		return errors.Join(err, vfs.RemoveIfExists(w.log.fs, w.temporary))
	}
	// Before it is durable, a power cut leaves the index that was there: the next
	// Repair does the same again.
	//mutant:repair-the-names-of-text-and-index-are-not-synced
	if err := w.log.fs.SyncDir(w.log.Dir); err != nil {
		return err
	}
	// The small form is of the records as they were. Until it is gone the plain one is used.
	small := w.log.path(SmallIndexName(w.header.base))
	if _, err := w.log.fs.Lstat(small); err != nil {
		if missing(err) {
			return nil
		}
		return err
	}
	//mutant:repair-the-small-index-stays
	return w.log.removeFile(small)
}

// discard removes what was written.
func (w *indexWriter) discard() error {
	return errors.Join(w.file.Close(), vfs.RemoveIfExists(w.log.fs, w.temporary))
}

// verifyRebuilt takes the flag from entries made from the text whose checksums
// the digest of the reader's trailer bears out.
func (w *indexWriter) verifyRebuilt(read *Reader) error {
	t := read.trailer
	if t == nil || t.Digest != w.sum.Digest || t.Count != w.sum.Count {
		return nil
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	x := indexFile{file: w.file, path: w.temporary, header: w.header, count: w.sum.Count}
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
