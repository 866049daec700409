package segment

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Recovery reports what OpenWriter found and repaired. The zero value means that the
// last writer closed the log, or crashed between two records.
type Recovery struct {
	Adopted     uint64          // complete records without index entries, made durable and indexed
	RolledBack  uint64          // indexed records, never durable, that a power cut lost
	Quarantined []string        // paths of files that hold bytes removed from the segment
	Damage      []*CorruptError // durable records that are damaged; the segment was sealed
}

// Empty reports whether there was nothing to recover.
func (r *Recovery) Empty() bool {
	return r.Adopted == 0 && r.RolledBack == 0 && len(r.Quarantined) == 0 && len(r.Damage) == 0
}

// findLostSegment looks for an index without a text, of a segment after the newest
// one. It returns the sequence after the last record in that index, or 0 if there is
// none. An index without entries does not count: a crash leaves such an index if it
// comes before the segment's text is created. indexes are the stems of the indexes after
// the newest segment, ascending.
func (w *Writer) findLostSegment(indexes []stem) (next Sequence, err error) {
	for _, n := range slices.Compact(indexes) {
		if n.base > maxSequence {
			break
		}
		// Its records were acknowledged. Appending to the segment before it would give
		// their sequences to other records.
		l := Log{Dir: w.dir, Marker: w.marker, fs: w.fs}
		indexed, err := l.indexedUpTo(n)
		if err != nil {
			return 0, err
		}
		if indexed > n.base {
			next = max(next, indexed)
			w.recovery.Damage = append(w.recovery.Damage, &CorruptError{Kind: KindMissing, Path: filepath.Join(w.dir, n.text(Plain)), Seq: n.base,
				Reason: fmt.Sprintf("the segment is missing; its index knows of %d records", indexed-n.base)})
		}
	}
	return next, nil
}

// nextAfterCompressed returns the sequence that follows a compressed segment that is
// the newest one. Histlog compresses sealed segments only, but the segment after it
// may be lost.
func (w *Writer) nextAfterCompressed(s Segment) (next Sequence, err error) {
	l := Log{Dir: w.dir, Marker: w.marker, fs: w.fs}
	next, err = l.indexedUpTo(s.stem())
	if err == nil && next == s.Base {
		err = &CorruptError{Kind: KindIndex, Path: s.Path, Seq: s.Base, Reason: "the newest segment is compressed, and its index does not say where it ends"}
	}
	return next, err
}

// createAfter begins the segment next, after one that is lost or compressed. If next
// is 0, it does nothing.
func (w *Writer) createAfter(next Sequence) (err error) {
	if next == 0 {
		return nil
	}
	// The segment begins after the sequences of the lost records, so that none of them is
	// used twice.
	w.active, err = createActive(w.fs, w.dir, w.newHeader(next), w.mode)
	if err != nil {
		return &DiskError{Op: OpBegin, Path: filepath.Join(w.dir, textName(next)), Seq: next, Err: err}
	}
	return nil
}

// openActive opens the newest segment and makes its text and its index agree. It
// reports whether the segment is damaged and must be sealed.
//
// The steps are in this order, and a crash after any of them leaves a segment that
// the next recovery brings to the same end:
//
//  1. Entries that the text contradicts are removed from the index.
//  2. Complete records without entries are written again in place, synced and then
//     indexed. Written again, because after a failed fsync the page cache may show
//     text that is not on disk and that another fsync would not write.
//  3. The torn record at the end, if any, is copied to quarantine/, and then
//     truncated.
func (w *Writer) openActive(base Sequence) (damaged bool, err error) {
	a := &activeSegment{fs: w.fs, path: filepath.Join(w.dir, textName(base)), indexPath: filepath.Join(w.dir, indexName(base))}
	if a.file, err = w.fs.OpenFile(a.path, os.O_RDWR, 0); err != nil {
		return false, err
	}
	w.active = a // from here on closeFiles closes what was opened
	if a.identity, err = a.file.Stat(); err != nil {
		return false, err
	}
	a.writtenEnd = Offset(a.identity.Size())
	if err := w.openIndex(base); err != nil {
		return false, err
	}
	damaged, err = w.checkIndex()
	if err != nil || damaged {
		return damaged, err // damaged: the end of the text is missing, so it has no tail
	}
	// An earlier recovery may have crashed, or have met a full disk, between noting
	// the damage and sealing the segment.
	if a.header.flags&headerDamaged != 0 {
		if err := w.reportLost(); err != nil {
			return false, err
		}
	}
	damaged, err = w.adoptTail()
	return damaged || a.header.flags&headerDamaged != 0, err
}

// reportLost adds to w.recovery the damage that an earlier recovery found and
// indexed before it crashed, without having sealed the segment.
func (w *Writer) reportLost() error {
	a := w.active
	x := indexFile{file: a.index, path: a.indexPath, header: a.header, count: a.count}
	start := Offset(0)
	for k := range a.count {
		e, err := x.entry(k)
		if err != nil {
			return err
		}
		if e.Flags&Lost != 0 {
			w.recovery.Damage = append(w.recovery.Damage, &CorruptError{Path: a.path, Seq: a.header.base + Sequence(k), Offset: start, Reason: "not a record"})
		}
		start = e.End
	}
	return nil
}
