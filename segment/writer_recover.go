package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/histlog/histlog/internal/vfs"
)

// Recovery says what opening a log for writing found and mended. The zero
// value: it had been closed, or killed between two records.
type Recovery struct {
	Adopted     uint64          // whole records past the last index entry, made durable and indexed
	TakenBack   uint64          // records never acknowledged as durable that a power cut spoiled
	Quarantined []string        // files that hold the bytes set aside
	Damage      []*CorruptError // durable records that are not what was written; the segment was sealed
}

// Nothing says whether there was nothing to recover.
func (r *Recovery) Nothing() bool {
	return r.Adopted == 0 && r.TakenBack == 0 && len(r.Quarantined) == 0 && len(r.Damage) == 0
}

// findLostSegment looks for the index of a segment after `last` that is gone. It
// returns the sequence after the last record that this index knows of, 0 if
// there is none: an index without entries is what a crash leaves that comes
// before its segment is made.
func (w *Writer) findLostSegment(last Sequence) (next Sequence, err error) {
	entries, err := w.fs.ReadDir(w.dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		base, suffix, ok := parseName(e.Name())
		if !ok || suffix != indexSuffix && suffix != smallSuffix || base <= last || base > maxSequence {
			continue
		}
		l := Log{Dir: w.dir, Marker: w.marker, fs: w.fs}
		behind, err := l.indexedUpTo(base)
		if err != nil {
			return 0, err
		}
		if behind > base {
			next = behind
			w.recovery.Damage = append(w.recovery.Damage, &CorruptError{Kind: KindMissing, Path: filepath.Join(w.dir, TextName(base)), Seq: base,
				Reason: fmt.Sprintf("the segment is missing; its index knows of %d records", behind-base)})
		}
	}
	return next, nil
}

// nextAfterCompressed returns the sequence that follows a compressed segment: the
// newest one, though histlog never compresses that.
func (w *Writer) nextAfterCompressed(s Segment) (next Sequence, err error) {
	l := Log{Dir: w.dir, Marker: w.marker, fs: w.fs}
	next, err = l.indexedUpTo(s.Base)
	if err == nil && next == s.Base {
		err = &CorruptError{Kind: KindIndex, Path: s.Path, Seq: s.Base, Reason: "the newest segment is compressed, and its index does not say where it ends"}
	}
	return next, err
}

// createAfter begins a segment with next, after one that is lost or compressed.
func (w *Writer) createAfter(next Sequence) (err error) {
	if next == 0 {
		return nil
	}
	w.active, err = createActive(w.fs, w.dir, w.newHeader(next), w.mode)
	return err
}

// openActive opens the newest segment, brings it and its index into agreement,
// and says whether it must be sealed because it is damaged.
//
// In order, and safe to be killed anywhere: entries that the text does not
// bear out are dropped; whole records past the last entry are rewritten in
// place and synced (after a failed fsync the page cache shows bytes that the
// disk does not hold), then indexed; a torn tail is copied to quarantine/,
// then cut off.
func (w *Writer) openActive(base Sequence) (damaged bool, err error) {
	a := &activeSegment{fs: w.fs, path: filepath.Join(w.dir, TextName(base)), indexPath: filepath.Join(w.dir, IndexName(base))}
	if a.file, err = w.fs.OpenFile(a.path, os.O_RDWR, 0); err != nil {
		return false, err
	}
	w.active = a
	if a.identity, err = a.file.Stat(); err != nil {
		return false, err
	}
	a.writtenEnd = Offset(a.identity.Size())
	if err := w.openIndex(base); err != nil {
		return false, err
	}
	damaged, err = w.checkIndex()
	if err != nil || damaged {
		return damaged, err
	}
	if a.header.flags&headerDamaged != 0 {
		if err := w.reportLost(); err != nil {
			return false, err
		}
	}
	damaged, err = w.adoptTail()
	return damaged || a.header.flags&headerDamaged != 0, err
}

// reportLost reports the damage that an earlier recovery found but could not
// seal away.
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

// openIndex opens the index of the active segment, or makes one with a header only.
// A header that is lost is made again: the checksums of the entries are
// seeded with what it would say, so that they prove it.
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
	a.header = w.newHeader(base)
	if _, err = a.index.WriteAt(a.header.encode(), 0); err != nil {
		return err
	}
	//mutant:recover-a-new-header-is-not-synced
	if err = a.index.Sync(); err != nil {
		return err
	}
	return w.fs.SyncDir(w.dir)
}

// checkIndex counts the entries that hold: valid, borne out by the length of
// the text, and, past the last durable mark, by its checksums. damaged means
// that records once durable are gone from the text.
func (w *Writer) checkIndex() (damaged bool, err error) {
	a := w.active
	x := indexFile{file: vfs.WithContext(w.openCtx, a.index), path: a.indexPath, header: a.header}
	if _, err := x.countEntries(a.writtenEnd); err != nil {
		return false, err
	}
	found, durable, synced, err := x.trusted()
	if err == nil && found == 0 { // whoever made the segment may have been killed before its name was durable
		//mutant:recover-names-are-not-made-durable
		err = w.fs.SyncDir(w.dir)
	}
	if err != nil {
		return false, err
	}
	a.count, a.durable = durable, durable
	if a.indexedEnd, err = x.end(int64(durable) - 1); err != nil {
		return false, err
	}
	if a.indexedEnd > a.writtenEnd {
		first, err := x.firstBeyond(a.writtenEnd, durable)
		w.recovery.Damage = append(w.recovery.Damage, &CorruptError{Path: a.path, Seq: first, Offset: a.writtenEnd,
			Reason: fmt.Sprintf("the file ends here, its index says at %d", a.indexedEnd)})
		return true, errors.Join(err, a.truncateIndex())
	}
	for ; a.count < found; a.count++ {
		e, err := x.entry(a.count)
		if err != nil {
			return false, err
		}
		if ok, err := a.entryMatches(e); err != nil {
			return false, err
		} else if !ok {
			w.tailSuspect = true
			break
		}
		a.indexedEnd = e.End
	}
	if a.count > durable { // a sync that lost them may have come before
		from, err := x.end(int64(durable) - 1)
		if err == nil {
			err = a.rewriteText(from, a.indexedEnd)
		}
		if err == nil {
			err = a.markDurable()
		}
		if err != nil {
			return false, err
		}
	}
	w.recovery.TakenBack = found - a.count
	if err := a.truncateIndex(); err != nil {
		return false, err
	}
	return false, a.rewriteEntries(min(synced, a.count))
}

// trusted walks back over the entries and returns how many of them hold, how
// many of these tell of records that are durable, and how many are durable
// themselves. An entry that does not hold takes those behind it along, which are
// only as good as the text.
func (x *indexFile) trusted() (found, durable, synced uint64, err error) {
	found = x.count
	//mutant:recover-entries-before-the-last-are-not-looked-at
	for k := found; k > 0 && (durable == 0 || synced == 0); k-- {
		e, err := x.entry(k - 1)
		if errors.Is(err, ErrCorrupt) {
			found, durable = k-1, 0
			continue
		}
		if err != nil {
			return 0, 0, 0, err
		}
		if e.Flags&Durable != 0 && durable == 0 {
			durable = k
		}
		if e.Flags&Anchor != 0 && synced == 0 {
			synced = k - 1
		}
	}
	return found, durable, min(synced, found), nil
}

// maxUnanchored is how many entries may be without an anchor before they are
// synced on opening.
const maxUnanchored = 1024

// rewriteEntries writes the entries from `synced` on once more, and the header before
// them if none is synced, so that the next sync of the index is one of them too,
// and not of bytes that an earlier one has lost.
func (a *activeSegment) rewriteEntries(synced uint64) error {
	from, to := headerSize+int64(synced)*entrySize, headerSize+int64(a.count)*entrySize
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
	if a.count-synced > maxUnanchored {
		return a.syncIndex()
	}
	return nil
}

// firstBeyond returns the first of count records that ends beyond an offset.
func (x *indexFile) firstBeyond(at Offset, count uint64) (Sequence, error) {
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

// entryMatches says whether the text from a.indexedEnd on is the record that e describes.
func (a *activeSegment) entryMatches(e Entry) (bool, error) {
	if e.End > a.writtenEnd || e.End <= a.indexedEnd || e.End-a.indexedEnd > maxRecord+1 {
		return false, nil
	}
	sum := crc32.New(castagnoli)
	_, err := io.Copy(sum, io.NewSectionReader(a.file, int64(a.indexedEnd), int64(e.End-a.indexedEnd)))
	//mutant:recover-records-are-believed-without-their-checksums
	return sum.Sum32() == e.CRC, err
}

// adoptTail deals with the bytes past the last index entry.
func (w *Writer) adoptTail() (damaged bool, err error) {
	a := w.active
	if a.indexedEnd == a.writtenEnd {
		return false, nil
	}
	if w.tailSuspect { // the text past here is not what was written
		return false, w.quarantineTail()
	}
	t, err := w.scanTail()
	if err != nil {
		return false, err
	}
	if t.goodAfterBad && a.header.flags&headerLazy == 0 {
		damaged = true
		w.recovery.Damage = append(w.recovery.Damage, t.damage...)
		//mutant:recover-damage-is-not-remembered
		if err := w.setHeaderFlag(headerDamaged); err != nil {
			return true, err
		}
	} else {
		t.wholeEnd = t.goodEnd
	}
	if t.wholeEnd > a.indexedEnd {
		if err := a.rewriteText(a.indexedEnd, t.wholeEnd); err != nil {
			return damaged, err
		}
		if err := w.indexTail(t.wholeEnd); err != nil {
			return damaged, err
		}
	}
	if err := a.syncIndex(); err != nil {
		return damaged, err
	}
	return damaged, w.quarantineTail()
}

// tailScan is what stands past the last index entry.
type tailScan struct {
	wholeEnd     Offset // where the whole lines end
	goodEnd      Offset // where those before the first line end that is no record
	goodAfterBad bool
	damage       []*CorruptError // the first lines that are no records
}

// maxDamage is how many lines that are no records are reported.
const maxDamage = 1000

func (w *Writer) scanTail() (t tailScan, err error) {
	a := w.active
	t.goodEnd = a.indexedEnd
	t.wholeEnd, err = w.eachTailLine(a.writtenEnd, func(l line, e Entry, seq Sequence) error {
		switch {
		case e.Flags&Lost != 0 && !l.blank():
			if len(t.damage) < maxDamage {
				t.damage = append(t.damage, &CorruptError{Path: a.path, Seq: seq, Offset: l.start, Reason: "not a record"})
			}
		case len(t.damage) == 0:
			t.goodEnd = l.end
		default:
			t.goodAfterBad = true
		}
		return nil
	})
	return t, err
}

// eachTailLine calls fn for each line behind the last index entry, up to an offset,
// with an entry for it. A line that is larger than the memory budget is ErrMemory.
func (w *Writer) eachTailLine(to Offset, fn func(line, Entry, Sequence) error) (Offset, error) {
	a, now, next := w.active, w.now(), w.active.nextSeq()
	x := indexer{marker: &w.marker}
	return eachLine(vfs.WithContext(w.openCtx, a.file), a.indexedEnd, to, w.maxMemory, func(l line) error {
		e, _, err := x.entry(next, l, now)
		if err != nil {
			return err
		}
		e.Flags |= Durable
		next++
		return fn(l, e, next-1)
	})
}

// indexTail makes index entries for the lines up to an offset, some at a time:
// without an index they may be millions. A kill in between leaves the rest to the
// next recovery.
func (w *Writer) indexTail(to Offset) error {
	const atOnce = 4096
	var entries []Entry
	enter := func() error {
		if len(entries) == 0 {
			return nil
		}
		err := w.active.writeEntries(entries)
		w.recovery.Adopted += uint64(len(entries))
		entries = entries[:0]
		return err
	}
	_, err := w.eachTailLine(to, func(_ line, e Entry, _ Sequence) error {
		if entries = append(entries, e); len(entries) < atOnce {
			return nil
		}
		return enter()
	})
	if err != nil {
		return err
	}
	return enter()
}

// rewriteText writes the bytes [from, to) in place once more and makes them durable.
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
	//mutant:recover-records-are-written-again-and-not-synced
	return a.file.Datasync()
}

// quarantineTail sets the bytes past the last index entry aside.
func (w *Writer) quarantineTail() error {
	a := w.active
	if a.indexedEnd == a.writtenEnd {
		return nil
	}
	//mutant:recover-the-tail-is-not-set-aside
	name, err := quarantineRange(w.fs, w.dir, a.header.base, a.file, a.indexedEnd, a.writtenEnd, w.mode)
	if err != nil {
		return fmt.Errorf("quarantine %s from offset %d: %w", a.path, a.indexedEnd, err)
	}
	w.recovery.Quarantined = append(w.recovery.Quarantined, name)
	a.ackedEnd = a.indexedEnd
	//mutant:recover-the-cut-is-not-synced
	return errors.Join(a.rollback(), a.file.Datasync())
}
