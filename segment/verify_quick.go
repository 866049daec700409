package segment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/histlog/histlog/internal/vfs"
)

// A QuickCheck is the result of a check that reads only the index and the size of the
// file. It cannot detect damage inside the text.
type QuickCheck struct {
	Records uint64
	Disk    int64         // size of the file, in bytes
	Damage  *CorruptError // the first damage found; nil means none
	Suspect time.Time     // when the index was last written, if its header says that recovery found damage; else zero
}

// QuickCheck checks a segment by its index and the size of its file. Damage is in the
// result; QuickCheck returns an error only if it could not check, or ErrMerged if the
// segment was merged since the log was listed.
func (l *Log) QuickCheck(s Segment) (g QuickCheck, err error) {
	if s.Copy {
		// If no file of the segment can be opened, the listed one is checked and shows why.
		if r, err := l.openAuthoritative(s); err == nil {
			s = r.segment
			if err := r.Close(); err != nil {
				return g, err
			}
		}
	}
	err = l.followRename(s, func(now Segment) error {
		size, err := vfs.Size(l.fs, now.Path)
		if err == nil {
			s, g.Disk = now, size
		}
		return err
	})
	if missing(err) {
		if err := l.mergedSince(s); err != nil {
			return g, err
		}
		g.Damage = &CorruptError{Kind: KindMissing, Path: s.Path, Seq: s.Base, Reason: "the segment is missing"}
		return g, nil
	}
	if err != nil {
		return g, asDiskError(OpRead, s.Path, err)
	}
	x, reason, err := l.indexOf(s)
	switch {
	case err != nil:
		return g, err
	case x == nil && s.active() && g.Disk == 0: // a power cut came before the name of the index was durable
		return g, nil
	case x == nil:
		if err := l.mergedSince(s); err != nil {
			return g, err
		}
		g.Damage = &CorruptError{Kind: KindIndex, Path: s.Path, Seq: s.Base, Reason: "its index is missing"}
		return g, nil
	}
	defer func() { err = errors.Join(err, x.file.Close()) }()
	return g, g.check(l, s, x, reason)
}

// check compares the index of a segment with the size of its file, g.Disk. reason is
// what is wrong with the header of the index, or "".
func (g *QuickCheck) check(l *Log, s Segment, x *indexFile, reason string) error {
	text := Offset(-1) // unknown: the size of a compressed file does not show it
	if s.Codec == Plain {
		text = Offset(g.Disk)
	}
	trailer, err := x.countEntries(text)
	if err != nil {
		return err
	}
	if s.active() {
		// Readers do not count records that were never synced and that a power cut lost.
		if err := x.dropBeyond(text); err != nil {
			return err
		}
	}
	g.Records = x.count
	if x.header.flags&headerDamaged != 0 {
		if info, err := x.file.Stat(); err == nil {
			g.Suspect = info.ModTime()
		}
	}
	leftByCrash := false
	if !s.Sealed {
		if leftByCrash, err = x.headerLeftByCrash(reason); err != nil {
			return err
		}
	}
	switch {
	case leftByCrash && x.count == 0: // the segment was just begun, so its text is short
		g.Records, err = l.countRecords(s)
		return err
	case reason != "" && !leftByCrash:
		g.Damage = &CorruptError{Kind: KindIndex, Path: x.path, Reason: reason}
		return nil
	}
	if s.Sealed {
		g.Damage = x.sealedDamage(s, trailer, Offset(g.Disk))
	}
	switch {
	case g.Damage != nil:
	case s.Codec != Plain:
		g.Damage, err = l.containerDamage(s, trailer)
	case !s.Sealed:
		g.Damage, err = l.activeDamage(x, s)
	}
	return err
}

// containerDamage compares the table of frames of a compressed segment with the
// length of the file and with the trailer of its index. It reads no frame.
func (l *Log) containerDamage(s Segment, t *trailer) (*CorruptError, error) {
	f, err := l.fs.OpenFile(s.Path, os.O_RDONLY, 0)
	if missing(err) { // it was retired, merged or repaired since
		if err := l.mergedSince(s); err != nil {
			return nil, err
		}
		return &CorruptError{Kind: KindMissing, Path: s.Path, Seq: s.Base, Reason: "the segment is missing"}, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := newCompressedText(context.Background(), f, s.Codec)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := c.size(t.length()); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if reason := c.mismatch(); reason != "" {
		return &CorruptError{Path: s.Path, Seq: s.Base, Reason: reason}, c.Close()
	}
	return nil, c.Close()
}

// countRecords returns how many records of a segment readers see.
func (l *Log) countRecords(s Segment) (n uint64, err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return 0, err
	}
	return r.Count(), r.Close()
}

// sealedDamage compares the trailer of a sealed segment with its place in the log,
// and with the size of its file if that is plain.
func (x *indexFile) sealedDamage(s Segment, t *trailer, size Offset) *CorruptError {
	at := Offset(headerSize + x.count*entrySize)
	next := s.Base + Sequence(x.count)
	switch {
	case t == nil:
		return &CorruptError{Kind: KindIndex, Path: x.path, Offset: at, Reason: "the trailer is missing or unreadable"}
	case next < s.Next:
		return missingSegments(s.Path, t.Plain, next, s.Next)
	//mutant:merge-a-name-that-contradicts-the-index-is-not-noticed
	case s.End != 0 && next != s.End+1:
		return misnamed(s, next-1)
	case next > s.Next:
		return &CorruptError{Kind: KindIndex, Path: x.path, Offset: at, Reason: fmt.Sprintf("it holds %d records, the next segment begins with record %d", x.count, s.Next)}
	case s.Codec == Plain && size != t.Plain, size == 0:
		return &CorruptError{Path: s.Path, Offset: min(size, t.Plain), Reason: fmt.Sprintf("%d bytes long, %d were written", size, t.Plain)}
	}
	return nil
}

// misnamed returns the damage of a merged segment whose name has another last record than
// its index.
func misnamed(s Segment, last Sequence) *CorruptError {
	reason := fmt.Sprintf("its name says that it ends with record %d, its index proves record %d: ", s.End, last)
	if last > s.Base {
		reason += fmt.Sprintf("rename it to %s and its index alike, or ", stem{s.Base, last}.text(s.Codec))
	}
	return &CorruptError{Kind: KindByHand, Path: s.Path, Seq: s.Base, Reason: reason + "move both out of the log's directory"}
}

// activeDamage compares the last entry of the active segment with the size of its
// file. The file may be longer by a record that is being written or by a torn tail.
// activeDamage also reports an index after the active segment whose text is missing.
func (l *Log) activeDamage(x *indexFile, s Segment) (*CorruptError, error) {
	end, err := x.end(int64(x.count) - 1)
	if err != nil {
		return nil, err
	}
	// The size is taken after the index was read: the text grows before its index.
	info, err := l.fs.Lstat(s.Path)
	if err != nil {
		return nil, err
	}
	size := Offset(info.Size())
	if size < end { // a power cut may have lost the records that were never synced
		_, durable, err := x.durableCounts()
		if err != nil {
			return nil, err
		}
		if end, err = x.end(int64(durable) - 1); err != nil {
			return nil, err
		}
	}
	if size < end {
		return &CorruptError{Path: s.Path, Offset: size, Reason: fmt.Sprintf("%d bytes long, %d were written", size, end)}, nil
	}
	next := s.Base + Sequence(x.count)
	text := filepath.Join(l.Dir, textName(next))
	left, err := l.fs.Lstat(filepath.Join(l.Dir, indexName(next)))
	// A crash in createActive, before the text exists, leaves an index without an entry. An
	// entry proves that the text existed.
	if next == s.Base || err != nil || left.Size() < headerSize+entrySize {
		return nil, nil
	}
	if _, err := l.fs.Lstat(text); missing(err) { // otherwise the segment has just begun
		return &CorruptError{Kind: KindMissing, Path: text, Seq: next, Reason: "the segment is missing, its index is there"}, nil
	}
	return nil, nil
}
