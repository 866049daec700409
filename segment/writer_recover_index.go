package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/histlog/histlog/internal/vfs"
)

// openIndex opens the index of the active segment, or creates one with a header
// only. A damaged header is written again: the checksums of the entries depend on
// what it said, so entries that match the new header prove it.
func (w *Writer) openIndex(base Sequence) (err error) {
	a := w.active
	if a.index, err = w.fs.OpenFile(a.indexPath, os.O_RDWR|os.O_CREATE, w.mode); err != nil {
		return err
	}
	b := make([]byte, headerSize)
	n, err := a.index.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return err
	}
	h, reason := parseHeader(b[:n])
	if reason == "" && h.id == w.marker.ID && h.base == base {
		a.header = h
		return nil
	}
	// ID and base are known, and no reader uses the rule of times. A crash that tore
	// the header came before its flags were needed.
	a.header = w.newHeader(base)
	if _, err = a.index.WriteAt(a.header.encode(), 0); err != nil {
		return err
	}
	// Readers rebuild an index whose header was lost. Older versions of histlog call it
	// damage, so the header is durable before a record depends on it.
	if err = a.index.Sync(); err != nil {
		return err
	}
	return w.fs.SyncDir(w.dir) // the index may be new, and its entries are to last
}

// checkIndex sets the count of the entries to those that can be trusted and removes
// the others. Up to the last durable mark only the length of the text is compared;
// past it, the checksum of each record. It reports whether the text lacks records
// that were durable.
func (w *Writer) checkIndex() (damaged bool, err error) {
	a := w.active
	x := indexFile{file: vfs.WithContext(w.openCtx, a.index), path: a.indexPath, header: a.header}
	if _, err := x.countEntries(a.writtenEnd); err != nil {
		return false, err
	}
	found, durable, synced, err := x.trusted()
	if err == nil && found == 0 {
		// The process that created the segment may have been killed before it synced
		// the directory. A power cut would then lose the names of both files, with
		// the records acknowledged from now on.
		//mutant:recover-names-are-not-made-durable
		err = w.fs.SyncDir(w.dir)
	}
	if err != nil {
		return false, err
	}
	// Records up to the durable mark were synced before the mark was written. That the
	// text is long enough is all that is checked: their bytes are Verify's concern,
	// and opening must not cost more for a longer log.
	a.count, a.durable = durable, durable
	if a.indexedEnd, err = x.end(int64(durable) - 1); err != nil {
		return false, err
	}
	if a.indexedEnd > a.writtenEnd {
		return true, w.reportCut(&x)
	}
	if err := w.matchEntries(&x, found); err != nil {
		return false, err
	}
	if a.count > durable {
		if err := a.keepMatched(&x, durable); err != nil {
			return false, err
		}
	}
	w.recovery.RolledBack = found - a.count
	// An entry that stays behind would contradict the next record of its sequence.
	if err := a.truncateIndex(); err != nil {
		return false, err
	}
	return false, a.rewriteEntries(min(synced, a.count))
}

// trusted walks back over the entries. It returns how many of them are valid
// (found), how many of these records are durable, and how many of these entries
// are. An entry that is not valid invalidates those behind it: their records are
// treated as a tail.
func (x *indexFile) trusted() (found, durable, synced uint64, err error) {
	found = x.count
	// Invariant: the entries [k, found) are valid, and durable ≤ found.
	//mutant:recover-entries-before-the-last-are-not-looked-at
	for k := found; k > 0 && (durable == 0 || synced == 0); k-- {
		e, err := x.entry(k - 1)
		if errors.Is(err, ErrCorrupt) {
			// A power cut may tear any entry since the last anchor. A mark behind it
			// does not count: the records between would have no entries.
			found, durable = k-1, 0
			continue
		}
		if err != nil {
			return 0, 0, 0, err
		}
		if e.Flags&Durable != 0 && durable == 0 {
			durable = k
		}
		if e.Flags&anchor != 0 && synced == 0 {
			synced = k - 1
		}
	}
	return found, durable, min(synced, found), nil
}

// reportCut reports that the text ends before its durable records do. The entries
// stay: they tell Repair which records are missing.
func (w *Writer) reportCut(x *indexFile) error {
	a := w.active
	first, err := x.firstEndingAfter(a.writtenEnd, a.count)
	w.recovery.Damage = append(w.recovery.Damage, &CorruptError{Path: a.path, Seq: first, Offset: a.writtenEnd,
		Reason: fmt.Sprintf("the file ends here, its index says at %d", a.indexedEnd)})
	return errors.Join(err, a.truncateIndex())
}

// firstEndingAfter returns the sequence of the first of count records that ends after
// an offset.
func (x *indexFile) firstEndingAfter(at Offset, count uint64) (Sequence, error) {
	k := count
	for ; k > 0; k-- {
		e, err := x.entry(k - 1)
		if err != nil {
			return 0, err
		}
		if e.End <= at {
			break
		}
	}
	return x.header.base + Sequence(k), nil
}

// matchEntries counts the entries from a.count up to found whose records the text
// holds. It stops at the first that it does not hold: a power cut under SyncNone may
// lose any page of what was never synced, so the text behind it is suspect.
func (w *Writer) matchEntries(x *indexFile, found uint64) error {
	a := w.active
	for ; a.count < found; a.count++ {
		e, err := x.entry(a.count)
		if err != nil {
			return err
		}
		matches, err := a.entryMatches(e)
		if err != nil {
			return err
		}
		if !matches {
			w.tailSuspect = true
			return nil
		}
		a.indexedEnd = e.End
	}
	return nil
}

// entryMatches reports whether the text from indexedEnd on is the record of e.
func (a *activeSegment) entryMatches(e Entry) (bool, error) {
	// The bounds first: an entry of another time may say any length.
	if e.End > a.writtenEnd || e.End <= a.indexedEnd || e.End-a.indexedEnd > maxRecord+1 {
		return false, nil
	}
	sum := crc32.New(castagnoli)
	_, err := io.Copy(sum, io.NewSectionReader(a.file, int64(a.indexedEnd), int64(e.End-a.indexedEnd)))
	//mutant:recover-records-are-believed-without-their-checksums
	return sum.Sum32() == e.CRC, err
}

// keepMatched makes the records of entries [durable, a.count) durable, because readers
// may have seen them. Their text matches, but maybe only in the page cache.
func (a *activeSegment) keepMatched(x *indexFile, durable uint64) error {
	from, err := x.end(int64(durable) - 1)
	if err != nil {
		return err
	}
	if err := a.rewriteText(from, a.indexedEnd); err != nil {
		return err
	}
	return a.markDurable()
}

// rewriteText writes the bytes [from, to) again in place and syncs them. If an fsync of
// the last writer failed, the kernel has marked their pages clean; only a write makes
// them dirty, and this sync effective. The bytes do not change, so a crash between
// write and sync leaves what was there.
func (a *activeSegment) rewriteText(from, to Offset) error {
	b := make([]byte, min(1<<20, to-from))
	for at := from; at < to; {
		b = b[:min(Offset(len(b)), to-at)]
		if _, err := a.file.ReadAt(b, int64(at)); err != nil {
			return err
		}
		//mutant:recover-records-are-synced-and-not-written-again
		if _, err := a.file.WriteAt(b, int64(at)); err != nil {
			return err
		}
		at += Offset(len(b))
	}
	// Before the records are indexed as durable, and read as such.
	//mutant:recover-records-are-written-again-and-not-synced
	return a.file.Datasync()
}

// maxUnanchored is how many entries may lack an anchor. More are synced when the log
// is opened, so that the next opening need not write them again.
const maxUnanchored = 1024

// rewriteEntries writes the entries from synced on again in place, and the header too
// if synced is 0, so that the next sync of the index covers them: as in rewriteText, a
// failed sync of the last writer may have left their pages clean and not on disk.
func (a *activeSegment) rewriteEntries(synced uint64) error {
	from, to := entryOffset(synced), entryOffset(a.count)
	// No sync of the index is known, so its header may not be on disk either.
	if synced == 0 {
		from = 0
	}
	if from == to {
		return nil
	}
	for b := make([]byte, min(1<<20, to-from)); from < to; from += int64(len(b)) {
		b = b[:min(int64(len(b)), to-from)]
		if n, err := a.index.ReadAt(b, from); n < len(b) {
			return err
		}
		//mutant:recover-entries-are-not-written-again
		if _, err := a.index.WriteAt(b, from); err != nil {
			return err
		}
	}
	a.indexDirty = true
	// A crash before the next sync of the index leaves them to the next opening.
	if a.count-synced > maxUnanchored {
		return a.syncIndex()
	}
	return nil
}
