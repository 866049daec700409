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
	// ID and base are known, and no reader uses the time rule in the header. If a crash
	// tore the header, it came before a record needed one of the flags.
	a.header = w.newHeader(base)
	if _, err = a.index.WriteAt(a.header.encode(), 0); err != nil {
		return err
	}
	// Readers rebuild an index whose header was lost. Older versions of histlog call it
	// damage, so the header is durable before a record depends on it.
	if err = a.index.Sync(); err != nil {
		return err
	}
	return w.fs.SyncDir(w.dir) // the index may be new, and its name must be durable, too
}

// checkIndex sets a.count to the number of entries that can be trusted, and removes the
// other entries. For entries up to the last durable mark it compares only the length of
// the text; for later ones it compares the checksum of each record. It reports whether
// the text lacks records that were durable.
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
	// Records up to the durable mark were synced before the mark was written. Only the
	// length of the text is compared: Verify compares the bytes, and the cost of opening
	// must not grow with the log.
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
	// An entry that is left would contradict the next record with its sequence.
	if err := a.truncateIndex(); err != nil {
		return false, err
	}
	return false, a.rewriteEntries(min(synced, a.count))
}

// trusted reads the entries from the last one backwards. It returns how many of them
// are valid (found), how many of their records are durable, and how many of the entries
// were synced. After an invalid entry no entry counts: their records are treated as a
// tail.
func (x *indexFile) trusted() (found, durable, synced uint64, err error) {
	found = x.count
	// Invariant: the entries [k, found) are valid, and durable ≤ found.
	//mutant:recover-only-the-last-entry-is-checked
	for k := found; k > 0 && (durable == 0 || synced == 0); k-- {
		e, err := x.entry(k - 1)
		if errors.Is(err, ErrCorrupt) {
			// A power cut may tear any entry since the last anchor. A durable mark after the
			// torn entry does not count: the records in between would have no entries.
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

// reportCut reports that the text ends before its durable records do. The entries stay,
// because they show Repair which records are missing.
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

// matchEntries advances a.count up to found, as long as the text holds the record of each
// entry. It stops at the first record that differs: a power cut under SyncNone may lose
// any page that was never synced, so the text from there on is suspect.
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
	// The bounds are checked first: an old entry may contain any length.
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
	// The sync comes before the records are indexed as durable.
	//mutant:recover-records-are-written-again-and-not-synced
	return a.file.Datasync()
}

// maxUnanchored is how many entries after the last anchor rewriteEntries leaves unsynced.
// It syncs a larger number, so that the next opening need not write them again.
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
	// If a crash comes before the next sync of the index, the next opening writes them again.
	if a.count-synced > maxUnanchored {
		return a.syncIndex()
	}
	return nil
}
