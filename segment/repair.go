package segment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/histlog/histlog/internal/vfs"
)

// RepairResult is what Repair did.
type RepairResult struct {
	Recovery Recovery // what OpenWriter repaired before
	Repaired []RepairedRecord
}

// RepairedRecord is what Repair did about one damage.
type RepairedRecord struct {
	Seq        Sequence // first record concerned
	Segment    string   // file name
	Offset     Offset   // where that record begins
	Reason     string   // what was wrong
	Quarantine string   // file in quarantine/ with the replaced bytes; "" means that there were none
	Lost       uint64   // number of records lost, from Seq on; 0 if all were restored, or only the index was damaged
}

// Repair repairs the log at dir, holding the writer's lock and the maintenance lock, and
// returns what it did. A damaged record is restored from another file of its segment;
// otherwise a line of spaces replaces it, after its bytes are durable in quarantine/. An
// index is made again. A segment that was truncated or is missing gets such lines for its
// records, so that sequence numbers do not change. No intact record is changed. After a
// crash Repair can be run again. Damage that cannot be repaired is returned as an error
// or reported by a later Verify.
func Repair(ctx context.Context, dir string, o Options) (done RepairResult, err error) {
	o = o.withDefaults()
	if fsys, release, err := vfs.Hold(o.FS, dir); err == nil { // otherwise the next step says why
		o.FS = fsys
		defer release()
	}
	// Foreign files are moved first, because OpenWriter refuses a log whose newest segment is
	// foreign.
	if done.Repaired, err = quarantineForeign(ctx, dir, o); err != nil {
		return done, err
	}
	w, err := OpenWriter(ctx, dir, o)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	done.Recovery = w.Recovery()
	l, err := OpenContext(ctx, dir, w.fs)
	if err != nil {
		return done, err
	}
	l.Memory = o.Memory
	release, err := l.lockMaintenance(ctx)
	if err != nil {
		return done, err
	}
	r := &repair{ctx: ctx, log: l, w: w}
	err = errors.Join(r.all(), release())
	done.Repaired = append(done.Repaired, r.repaired...)
	return done, err
}

// all repairs every sealed segment, and fills every gap before one.
func (r *repair) all() error {
	l := r.log
	// This comes before Refresh lists the segments, so that the segment that is sealed here is
	// repaired with the others.
	if err := r.w.sealDamaged(r.ctx, l); err != nil {
		return err
	}
	if err := l.Refresh(); err != nil {
		return err
	}
	if err := r.fillGap(l.Marker.FirstSeq, l.Segments[0].Base); err != nil {
		return err
	}
	var errs []error
	for _, s := range l.Segments[:len(l.Segments)-1] {
		if err := r.ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		if err := r.segment(s); err != nil { // the others are repaired all the same
			errs = append(errs, fmt.Errorf("repair %s: %w", s.Path, err))
		}
	}
	return errors.Join(errs...)
}

// sealDamaged seals the active segment and begins a new one if the active segment is damaged,
// because only sealed segments can be repaired.
func (w *Writer) sealDamaged(ctx context.Context, l *Log) error {
	w.lock()
	defer w.unlock()
	f, err := l.Verify(ctx, l.Segments[len(l.Segments)-1], nil)
	// An empty segment cannot be sealed: its successor would have the same name.
	if err != nil || len(f.Damage) == 0 || w.active.count == 0 {
		return err
	}
	return w.roll()
}

// A repair repairs the sealed segments of a log.
type repair struct {
	ctx      context.Context
	log      *Log
	w        *Writer
	copies   []*Reader // readers of the other files of the current segment
	parts    []Segment // segments that the current one supersedes
	part     *Reader   // of one of parts; nil means that none is open
	repaired []RepairedRecord
}

// segment repairs one sealed segment, and fills the gap after it.
//
// If the segment has several files, records from the others repair the plain one. The
// other files are left to compaction.
func (r *repair) segment(s Segment) (err error) {
	f, err := r.log.Verify(r.ctx, s, nil)
	if err != nil || len(f.Damage) == 0 {
		return err
	}
	for _, d := range f.Damage {
		if errors.Is(d, ErrWindow) { // the segment may be intact
			return d
		}
	}
	read, err := r.log.openFile(s)
	if err != nil {
		return err
	}
	// Without a trailer nothing shows how many records this file has lost. If another file has
	// all of them, this one must not be the one that is repaired.
	if s.Copy && read.trailer == nil && !read.lengthMatches() {
		if read, err = r.dropWorseCopy(read); err != nil {
			return err
		}
	}
	if r.copies, err = r.openCopies(read); err != nil {
		return errors.Join(err, read.Close())
	}
	defer func() {
		for _, c := range r.copies {
			err = errors.Join(err, c.Close())
		}
		err = errors.Join(err, r.closePart())
	}()
	if r.parts, err = r.log.supersededBy(read.segment); err != nil {
		return errors.Join(err, read.Close())
	}
	// Only a person knows where the name came from.
	if last := read.Next() - 1; s.End != 0 && read.trailer != nil && last != s.End {
		return errors.Join(misnamed(s, last), read.Close())
	}
	next := s.Next
	if read.trailer != nil { // records after its last one were in another segment
		next = s.Base + Sequence(read.trailer.Count)
	}
	// Records from next on were in a segment that is gone; fillGap makes it again.
	if own := slices.DeleteFunc(f.Damage, func(d *CorruptError) bool { return d.Seq >= next }); len(own) > 0 {
		err = r.rewrite(read, next, own)
	}
	if err = errors.Join(err, read.Close()); err != nil {
		return err
	}
	return r.fillGap(next, s.Next)
}

// rewrite brings a segment and its index into agreement: [Base, next) are its records.
//
// If the text changes, a new text is written and renamed over the old one. A compressed
// segment becomes a plain one, which the next compaction compresses. After a crash both
// may be there; the plain one is intact once the index says which records are lost.
func (r *repair) rewrite(read *Reader, next Sequence, damage []*CorruptError) error {
	plain := r.log.withCodec(read.segment, Plain)
	index, err := r.beginIndex(read)
	if err != nil {
		return err
	}
	m := &segmentRepair{repair: r, read: read, index: index, temporary: vfs.TempName(plain.Path)}
	if err = m.all(next, damage); err == nil {
		err = index.verifyRebuilt(read)
	}
	err = errors.Join(err, read.Close()) // Windows does not replace an open file on every file system
	if err != nil {
		// So far there are only temporary files and copies in quarantine/. The segment is
		// unchanged, and the next Repair begins again.
		return errors.Join(err, m.discard(), index.discard())
	}
	if m.text != nil {
		if err := m.text.Close(); err != nil {
			return errors.Join(err, vfs.RemoveIfExists(r.log.fs, m.temporary), index.discard())
		}
		// quarantine/ already holds the bytes that the new text lacks. After a crash between
		// this rename and that of the index, the old index does not know that the blank
		// records are lost: they are damage, and the next Repair finds the same ones.
		//mutant:repair-the-compressed-file-is-removed-before-the-plain-one-exists
		if err := r.log.fs.Rename(m.temporary, plain.Path); err != nil {
			return errors.Join(err, vfs.RemoveIfExists(r.log.fs, m.temporary), index.discard())
		}
	}
	// finish makes both names durable. If a power cut keeps only the index, the next Repair
	// finds the same places damaged.
	if err := index.finish(); err != nil {
		return err
	}
	if !m.expands() {
		return nil
	}
	// The compressed file is removed last: after a crash both are there, and the plain one
	// counts.
	return r.log.removeFile(read.segment.Path)
}

// dropWorseCopy moves the file of read, whose segment has no index, to quarantine/ if
// another file holds all of the segment's records. It returns a Reader of that other file;
// if there is none, it returns read.
func (r *repair) dropWorseCopy(read *Reader) (*Reader, error) {
	best, err := r.log.openAuthoritative(read.segment)
	if err != nil {
		return nil, errors.Join(err, read.Close())
	}
	// No file is complete. The first one is repaired with records from the others.
	if !best.lengthMatches() {
		return read, best.Close()
	}
	name := ""
	info, err := read.file.Stat()
	if err == nil {
		name, err = quarantineRange(r.log.fs, r.log.Dir, read.segment.Base, read.file, 0, Offset(info.Size()), r.w.mode)
	}
	if err == nil { // the copy in quarantine/ is durable now
		err = r.log.removeFile(read.segment.Path)
	}
	if err = errors.Join(err, read.Close()); err != nil {
		return nil, errors.Join(err, best.Close())
	}
	r.note(read.segment, read.segment.Base, 0, "another file of the segment holds more of it", name)
	return best, nil
}

// openCopies opens those other files of a segment that can be opened.
func (r *repair) openCopies(read *Reader) (copies []*Reader, err error) {
	others, err := r.log.others(read.segment)
	if err != nil {
		return nil, err
	}
	for _, s := range others {
		// A file that cannot be opened restores nothing, and does not prevent the repair of the
		// segment.
		if c, err := r.log.openFile(s); err == nil {
			copies = append(copies, c)
		}
	}
	return copies, nil
}

// closePart closes the part that findInParts has left open.
func (r *repair) closePart() error {
	if r.part == nil {
		return nil
	}
	err := r.part.Close()
	r.part = nil
	return err
}

// beginIndex begins the new index of a segment.
func (r *repair) beginIndex(read *Reader) (*indexWriter, error) {
	h := header{id: r.log.Marker.ID, base: read.segment.Base, created: read.Created()}
	if read.index != nil {
		// headerDamaged is cleared, because the new index describes the segment after the
		// repair.
		h.rule, h.flags = read.index.header.rule, read.index.header.flags&^headerDamaged
	}
	return r.log.newIndexWriter(read.segment.stem(), h, r.w.mode)
}

// A gap is filled with segments of at most gapPlaces places each. If more than gapSegments
// segments were needed, the name of the segment after the gap is probably wrong, and nothing
// is filled.
const (
	gapPlaces   = 1 << 20
	gapSegments = 100
)

// fillGap makes segments of blank places for records whose segments are gone.
func (r *repair) fillGap(from, next Sequence) error {
	if next > from+gapPlaces*gapSegments {
		return &CorruptError{Kind: KindMissing, Path: filepath.Join(r.log.Dir, textName(next)), Seq: from, Reason: fmt.Sprintf("records %d to %d are missing before it: is it a file of this log?", from, next-1)}
	}
	// The order is ascending, so that a crash leaves one gap, after the last segment that was
	// filled. The next Repair finds it as the missing end of that segment.
	for ; from < next; from += gapPlaces {
		if err := r.fill(from, min(next, from+gapPlaces)); err != nil {
			return err
		}
	}
	return nil
}

// fill makes one segment of blank places. It writes the index first: a crash in between
// leaves an index that is ignored, whereas a segment without an index would be damaged.
func (r *repair) fill(from, next Sequence) error {
	path := filepath.Join(r.log.Dir, textName(from))
	now := r.w.now()
	index, err := r.log.newIndexWriter(stem{base: from}, header{id: r.log.Marker.ID, base: from, created: now}, r.w.mode)
	if err != nil {
		return err
	}
	for index.next() < next {
		e := Entry{End: index.end() + Offset(len(blankPlace)), Time: now, Arrived: now, Flags: Durable | ClockTime | Rebuilt | Lost, CRC: Checksum([]byte(" "))}
		if err := index.add(e); err != nil {
			return errors.Join(err, index.discard())
		}
	}
	if err := index.finish(); err != nil {
		return err
	}
	if err := vfs.ReplaceFile(r.log.fs, path, bytes.Repeat(blankPlace, int(next-from)), r.w.mode); err != nil {
		return err
	}
	r.note(Segment{Path: path}, from, 0, fmt.Sprintf("the segment of records %d to %d is missing", from, next-1), "")
	r.repaired[len(r.repaired)-1].Lost = uint64(next - from)
	return nil
}

func (r *repair) note(s Segment, seq Sequence, at Offset, reason, quarantine string) {
	r.repaired = append(r.repaired, RepairedRecord{Seq: seq, Segment: filepath.Base(s.Path), Offset: at, Reason: reason, Quarantine: quarantine})
}
