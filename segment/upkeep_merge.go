package segment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/vfs"
)

// Merge replaces the adjacent sealed segments that hold the records [first, next) by one
// compressed segment, under the maintenance lock. Other processes may read and write the
// log while Merge runs; a reader with an older listing gets ErrMerged.
//
// Merge compares each record with its checksum while it copies it, and again after it has
// decompressed the new file. The new file gets its name in one rename, which supersedes the
// old files; only then are these removed. After a crash Merge can be run again.
//
// If one of the segments is damaged, Merge changes nothing and returns a *CorruptError. The
// Change is zero if another process has merged, retired or repaired one of them since.
func Merge(ctx context.Context, dir string, first, next Sequence, codec Codec, o Options) (Change, error) {
	m := NewMaintenance(dir, o)
	defer m.Close()
	return m.Merge(ctx, first, next, codec)
}

// Merge is one step of maintenance, see the function Merge. If a merged segment begins with
// first, and a killed Merge has not removed all files that it supersedes, Merge verifies
// the segment and removes them.
func (m *Maintenance) Merge(ctx context.Context, first, next Sequence, codec Codec) (c Change, err error) {
	var parts []Segment
	err = m.requiring(ctx, func(l *Log) (names []string, err error) {
		if parts = l.parts(first, next); parts == nil {
			return nil, nil
		}
		for i, s := range parts {
			if parts[i], err = l.filesNow(s); err != nil {
				return nil, err
			}
			// Compress has to remove the other file first, and no segment is merged twice.
			if len(parts) > 1 && (parts[i].Copy || s.End != 0) {
				parts = nil
				return nil, nil
			}
		}
		whole := stem{first, next - 1}
		return []string{whole.text(codec), whole.mergedIndex()}, nil
	}, func(l *Log) (err error) {
		switch {
		case len(parts) == 1 && parts[0].Supersedes():
			c, err = l.finishMerge(ctx, parts[0])
		case len(parts) > 1:
			c, err = l.merge(ctx, parts, codec)
		}
		return err
	})
	return c, err
}

// parts returns the segments that hold the records [first, next), nil if there are no
// sealed ones that begin and end there.
func (l *Log) parts(first, next Sequence) []Segment {
	i, found := l.search(first)
	n := i
	for n < len(l.Segments) && l.Segments[n].Sealed && l.Segments[n].Next <= next {
		n++
	}
	if !found || n == i || l.Segments[n-1].Next != next {
		return nil
	}
	return slices.Clone(l.Segments[i:n])
}

// merge merges segments. The caller holds the maintenance lock.
//
// A crash before the rename of the text leaves temporary files and an index without a text,
// which the next maintenance removes. A crash after it leaves files that the merged segment
// supersedes, and finishMerge removes them.
func (l *Log) merge(ctx context.Context, parts []Segment, codec Codec) (c Change, err error) {
	whole := parts[0]
	whole.End, whole.Next, whole.Copy = parts[len(parts)-1].Next-1, parts[len(parts)-1].Next, false
	whole = l.withCodec(whole, codec)
	fail := func(err error) (Change, error) { return Change{}, mergeError(whole, err) }
	if l.Marker.Restamping() { // the times of the parts may be those of two rules
		return c, nil
	}
	//mutant:merge-a-file-in-its-place-is-overwritten
	if damage, err := l.occupied(whole); err != nil || damage != nil {
		return c, errors.Join(err, damage)
	}
	mode, err := l.mode()
	if err != nil {
		return fail(err)
	}
	// HISTLOG requires the feature already, but a killed run may not have synced the new HISTLOG's
	// name. A power cut could bring the old one back, and an older histlog would miss the records.
	//mutant:merge-the-requirement-of-a-killed-run-is-not-synced
	if err := l.fs.SyncDir(l.Dir); err != nil {
		return fail(err)
	}
	temporary := vfs.TempName(whole.Path)
	index, err := l.writeMerged(ctx, whole, parts, temporary, mode)
	//mutant:merge-the-text-gets-its-name-before-its-index
	if err == nil {
		err = index.finishMerged(ctx)
	}
	// The rename commits: from then on the parts are superseded.
	if err == nil {
		err = l.fs.Rename(temporary, whole.Path)
	}
	if err != nil {
		return fail(errors.Join(err, vfs.RemoveIfExists(l.fs, temporary)))
	}
	if c.Before, err = l.diskBytes(parts); err != nil {
		return fail(err)
	}
	if err := l.removeSuperseded(parts); err != nil {
		return fail(err)
	}
	c.Segment, c.Records = whole.Name(), uint64(whole.Next-whole.Base)
	if c.After, err = l.DiskBytes(whole); err != nil {
		return fail(err)
	}
	i, _ := l.search(whole.Base)
	l.Segments = slices.Replace(l.Segments, i, i+len(parts), whole)
	return c, nil
}

// occupied returns the damage of a file that has the name of the merged segment and is not
// part of the log: Repair moves it away.
func (l *Log) occupied(whole Segment) (damage error, err error) {
	for _, c := range seekable.Codecs() {
		s := l.withCodec(whole, c)
		if _, err := l.fs.Lstat(s.Path); err == nil {
			// Another process has merged the same segments since the log was listed.
			//mutant:merge-the-merge-of-another-process-is-damage
			if end, err := l.provenEnd(whole); err == nil && end == whole.End && len(l.Foreign) == 0 {
				return nil, fmt.Errorf("%s: %w", s.Path, ErrMerged)
			}
			return &CorruptError{Kind: KindForeign, Path: s.Path, Seq: s.Base, Reason: "not a segment of this log, but the segments beside it would be merged into one of its name: run histlog verify --repair"}, nil
		} else if !missing(err) {
			return nil, err
		}
	}
	return nil, nil
}

// writeMerged writes the text of a merged segment to a new file and its index to a
// temporary one, and verifies the text. Both are synced before they get their names.
func (l *Log) writeMerged(ctx context.Context, whole Segment, parts []Segment, name string, mode fs.FileMode) (index *indexWriter, err error) {
	text, err := l.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, text.Close()) }()
	defer func() {
		if err != nil && index != nil {
			err = errors.Join(err, index.discard())
		}
	}()
	plain := int64(0)
	for _, s := range parts {
		plain += int64(l.textSize(s)) // no more than a hint for the encoder
	}
	w := seekable.NewWriter(io.NewOffsetWriter(text, 0), whole.Codec, plain)
	for _, s := range parts {
		if index, err = l.copyPart(ctx, whole, s, index, w, mode); err != nil {
			break
		}
	}
	if err == nil {
		err = w.Finish()
	}
	w.Release() // before the text is decompressed, because each takes memory
	if err != nil {
		return index, err
	}
	// Without this sync a power cut after the removal of the parts could leave the name of the
	// merged segment without its bytes.
	//mutant:merge-the-text-is-not-synced
	if err := text.Sync(); err != nil {
		return index, err
	}
	if err := index.complete(); err != nil {
		return index, err
	}
	//mutant:merge-the-text-is-not-read-back
	merged := &Reader{segment: whole, index: index.indexFile(), marker: l.Marker, trailer: &index.sum, size: index.sum.Plain}
	return index, merged.verifyCompressed(ctx, text, whole.Codec)
}

// copyPart verifies a segment and appends its records and entries to those of the merged
// one. It begins index with the first part.
func (l *Log) copyPart(ctx context.Context, whole, s Segment, index *indexWriter, w *seekable.Writer, mode fs.FileMode) (*indexWriter, error) {
	r, err := l.openFile(s)
	if err != nil {
		return index, err
	}
	defer r.Close() // it was only read
	//mutant:merge-a-damaged-segment-is-merged
	if err := r.verifyStream(ctx, r.text, w); err != nil {
		return index, err
	}
	if !r.CanMerge() {
		return index, &CorruptError{Kind: KindIndex, Path: r.index.path, Seq: s.Base, Reason: "its header says that a recovery found damage"}
	}
	h := r.index.header
	if index == nil {
		if index, err = l.newIndexWriter(whole.stem(), h, mode); err != nil {
			return nil, err
		}
	}
	shift := index.end()
	for k := range r.index.count {
		e, err := r.index.entry(k)
		if err != nil {
			return index, err
		}
		e.End += shift
		if err := index.add(e); err != nil {
			return index, err
		}
	}
	return index, nil
}

// mergedIndex returns the name of the index of a merged segment, in the form that is worth
// it.
func (n stem) mergedIndex() string {
	if headerSize+int64(n.end-n.base+1)*entrySize+trailerSize > minShrink {
		return n.smallIndex()
	}
	return n.index()
}

// finishMerged puts a complete index in place.
func (w *indexWriter) finishMerged(ctx context.Context) (err error) {
	keep := w.names.mergedIndex()
	if keep == w.names.smallIndex() {
		_, err = w.log.replaceSmall(ctx, w.indexFile(), w.names, w.mode)
		err = errors.Join(err, w.discard())
	} else {
		err = w.place()
	}
	if err != nil {
		return err
	}
	// A killed Merge may have left the other form, and the times may have changed since.
	return w.log.dropOtherIndex(w.names, keep)
}

// CanMerge reports whether Merge takes the segment: its index is complete, and no recovery
// has found damage in it.
func (r *Reader) CanMerge() bool {
	return r.indexDamage() == nil && r.index.header.flags&headerDamaged == 0
}

// removeSuperseded makes the name of a merged segment durable and removes the segments
// that it was merged from.
func (l *Log) removeSuperseded(parts []Segment) error {
	//mutant:merge-its-name-is-not-synced
	if err := l.fs.SyncDir(l.Dir); err != nil {
		return err
	}
	var texts, indexes []string
	for _, s := range parts {
		for _, c := range seekable.Codecs() {
			texts = append(texts, s.stem().text(c))
		}
		indexes = append(indexes, s.stem().index(), s.stem().smallIndex())
	}
	// A text shows the next maintenance that there is something left to remove. So the texts
	// are removed last, and no power cut brings back an index alone.
	for _, names := range [][]string{indexes, texts} {
		err := l.removeFiles(names)
		if err == nil {
			err = l.fs.SyncDir(l.Dir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// finishMerge removes the files that a merged segment supersedes, if it is intact.
func (l *Log) finishMerge(ctx context.Context, s Segment) (c Change, err error) {
	//mutant:merge-the-segment-of-a-killed-run-is-not-verified
	if c.Segment, c.Records, err = l.verifyMerged(ctx, s); err != nil {
		return Change{}, mergeError(s, err)
	}
	if err := l.checkSuperseded(ctx, s); err != nil {
		return Change{}, mergeError(s, err)
	}
	if c.After, err = l.DiskBytes(s); err != nil {
		return Change{}, err
	}
	parts, err := l.supersededBy(s)
	if err == nil {
		c.Before, err = l.diskBytes(parts)
		c.Before += c.After
	}
	if err == nil && len(parts) == 0 { // another process has finished it since it was planned
		c = Change{}
	}
	if err == nil {
		err = l.removeSuperseded(parts)
	}
	if err != nil {
		return Change{}, mergeError(s, err)
	}
	i, _ := l.search(s.Base)
	l.Segments[i].supersedes = 0
	return c, nil
}

// supersededBy returns the segments that a merged one supersedes and whose files are still
// there, in order.
func (l *Log) supersededBy(s Segment) (parts []Segment, err error) {
	files, err := listFiles(l.fs, l.Dir, true)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f listedFile) bool { return !s.hides(f.stem) })
	slices.SortFunc(files, compareListed)
	parts = segmentsOf(l.Dir, files)
	for i := range parts {
		// The next one in the list need not follow it: a killed Merge may have removed that.
		parts[i].Sealed, parts[i].Next = false, 0
	}
	return parts, nil
}

// checkSuperseded returns a *CorruptError if a segment that a merged one supersedes holds
// another record than that one: a copy of the log has gone its own way.
func (l *Log) checkSuperseded(ctx context.Context, s Segment) error {
	parts, err := l.supersededBy(s)
	if err != nil {
		return err
	}
	whole, err := l.OpenReader(s)
	if err != nil {
		return err
	}
	defer whole.Close() // it was only read
	for _, p := range parts {
		if err := l.partsOf().checkPart(ctx, whole, p); err != nil {
			return err
		}
	}
	return nil
}

// checkPart compares the entries of one superseded segment with those of the merged one.
func (l *Log) checkPart(ctx context.Context, whole *Reader, p Segment) error {
	r, err := l.openFile(p)
	if errors.Is(err, ErrCorrupt) {
		// A text that a killed Merge has removed has no record to lose.
		if damage := (*CorruptError)(nil); errors.As(err, &damage) && damage.Kind == KindMissing {
			return nil
		}
	}
	if err != nil {
		return err
	}
	defer r.Close() // it was only read
	for seq := p.Base; seq < r.Next(); seq++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		own, err := r.sum(seq)
		if err != nil {
			return err
		}
		//mutant:merge-a-segment-with-other-records-is-removed
		if there, err := whole.sum(seq); err != nil || own != there {
			return errors.Join(&CorruptError{Kind: KindByHand, Path: r.segment.Path, Seq: seq, Reason: "it differs from the record in " + whole.segment.Name() + ", as if a copy of the log had been appended to: move one of the two and its index out of the log's directory"}, err)
		}
	}
	return nil
}

// A recordSum is what an index proves about the bytes of a record.
type recordSum struct {
	length Offset
	crc    uint32
}

// sum returns the length and the checksum of a record.
func (r *Reader) sum(seq Sequence) (recordSum, error) {
	e, err := r.Entry(seq)
	if err != nil {
		return recordSum{}, err
	}
	start, err := r.start(seq)
	return recordSum{e.End - start, e.CRC}, err
}

// removeSupersededBy removes the segments that a merged one supersedes, if it holds their
// records.
func (l *Log) removeSupersededBy(ctx context.Context, s Segment) error {
	if s.End == 0 {
		return nil
	}
	s.supersedes = s.End
	if err := l.checkSuperseded(ctx, s); err != nil {
		return err
	}
	parts, err := l.supersededBy(s)
	if err != nil || len(parts) == 0 {
		return err
	}
	return l.removeSuperseded(parts)
}

// verifyMerged verifies a merged segment that a killed Merge has left, and makes it
// durable.
func (l *Log) verifyMerged(ctx context.Context, s Segment) (name string, records uint64, err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return "", 0, err
	}
	//mutant:merge-the-segment-of-a-killed-run-is-not-synced
	if err = r.verifyFile(ctx); err == nil {
		err = l.syncFile(r.segment.Path)
	}
	//mutant:merge-a-misnamed-segment-supersedes-files
	if err == nil && r.Next() != s.End+1 {
		err = misnamed(s, r.Next()-1)
	}
	return r.segment.Name(), r.Count(), errors.Join(err, r.Close())
}

// mergeError wraps an error of the disk with the merged segment. Damage and the end of
// the context are returned as they are.
func mergeError(s Segment, err error) error {
	if errors.Is(err, ErrCorrupt) || errors.Is(err, context.Canceled) {
		return err
	}
	return &DiskError{Op: OpMerge, Path: s.Path, Seq: s.Base, Err: err}
}
