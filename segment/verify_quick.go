package segment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/histlog/histlog/internal/seekable"
)

// A QuickCheck is what the index of a segment and the length of its file show. No
// text is read, so that damage inside it is not seen.
type QuickCheck struct {
	Records uint64
	Disk    int64         // length of the file
	Damage  *CorruptError // the first that was found; nil: none
	Suspect time.Time     // when the index was written whose header says that recovery found damage; zero: it does not
}

// QuickCheck looks at a segment. The error is for what kept it from looking.
func (l *Log) QuickCheck(s Segment) (g QuickCheck, err error) {
	if s.Copy {
		if r, err := l.openAuthoritative(s); err == nil {
			s = r.segment
			if err := r.Close(); err != nil {
				return g, err
			}
		}
	}
	info, err := l.fs.Lstat(s.Path)
	for _, c := range seekable.Codecs() { // it may have been compressed since
		if !missing(err) {
			break
		}
		other := l.withCodec(s, c)
		if info, err = l.fs.Lstat(other.Path); err == nil {
			s = other
		}
	}
	if missing(err) {
		g.Damage = &CorruptError{Path: s.Path, Seq: s.Base, Reason: "the segment is missing"}
		return g, nil
	}
	if err != nil {
		return g, err
	}
	g.Disk = info.Size()
	x, reason, err := l.indexOf(s)
	switch {
	case err != nil:
		return g, err
	case x == nil && !s.Sealed && s.Codec == Plain && g.Disk == 0: // a power cut before its name was durable
		return g, nil
	case x == nil:
		g.Damage = &CorruptError{Path: s.Path, Seq: s.Base, Reason: "its index is missing"}
		return g, nil
	}
	defer func() { err = errors.Join(err, x.file.Close()) }()
	text := Offset(-1)
	if s.Codec == Plain {
		text = Offset(g.Disk)
	}
	trailer, err := x.countEntries(text)
	if err != nil {
		return g, err
	}
	if !s.Sealed && s.Codec == Plain {
		if err := x.dropBeyond(text); err != nil {
			return g, err
		}
	}
	g.Records = x.count
	if x.header.flags&headerDamaged != 0 {
		if info, err := x.file.Stat(); err == nil {
			g.Suspect = info.ModTime()
		}
	}
	left := false // by a power cut
	if !s.Sealed {
		if left, err = x.headerLeftByCrash(reason); err != nil {
			return g, err
		}
	}
	if left && x.count == 0 { // it was just begun: its text is short
		g.Records, err = l.countRecords(s)
		return g, err
	}
	if reason != "" && !left {
		g.Damage = &CorruptError{Path: x.path, Reason: reason}
		return g, nil
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
	return g, err
}

// containerDamage compares the table of frames of a compressed segment with the
// length of the file and with the trailer of its index. It reads no frame.
func (l *Log) containerDamage(s Segment, t *trailer) (*CorruptError, error) {
	f, err := l.fs.OpenFile(s.Path, os.O_RDONLY, 0)
	if missing(err) { // retired, or repaired, since
		return &CorruptError{Path: s.Path, Seq: s.Base, Reason: "the segment is missing"}, nil
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

// countRecords counts the records that readers see in a segment.
func (l *Log) countRecords(s Segment) (n uint64, err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return 0, err
	}
	return r.Count(), r.Close()
}

// sealedDamage compares the trailer of a sealed segment with its place in the
// log and the length of its file, which tells the most where it is plain.
func (x *indexFile) sealedDamage(s Segment, t *trailer, size Offset) *CorruptError {
	at := Offset(headerSize + x.count*entrySize)
	next := s.Base + Sequence(x.count)
	switch {
	case t == nil:
		return &CorruptError{Path: x.path, Offset: at, Reason: "the trailer is missing or unreadable"}
	case next < s.Next:
		return missingSegments(s.Path, t.Plain, next, s.Next)
	case next > s.Next:
		return &CorruptError{Path: x.path, Offset: at, Reason: fmt.Sprintf("it holds %d records, the next segment begins with record %d", x.count, s.Next)}
	case s.Codec == Plain && size != t.Plain, size == 0:
		return &CorruptError{Path: s.Path, Offset: min(size, t.Plain), Reason: fmt.Sprintf("%d bytes long, %d were written", size, t.Plain)}
	}
	return nil
}

// activeDamage compares the last entry of the active segment with the length
// of its file, which may be longer by what is being written or is a torn tail.
// A segment that was begun after it may be gone, and have left its index.
func (l *Log) activeDamage(x *indexFile, s Segment) (*CorruptError, error) {
	end, err := x.end(int64(x.count) - 1)
	if err != nil {
		return nil, err
	}
	info, err := l.fs.Lstat(s.Path) // again: it grows before its index does
	if err != nil {
		return nil, err
	}
	size := Offset(info.Size())
	if size < end {
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
	text := filepath.Join(l.Dir, TextName(next))
	left, err := l.fs.Lstat(filepath.Join(l.Dir, IndexName(next)))
	if next == s.Base || err != nil || left.Size() < headerSize+entrySize {
		return nil, nil
	}
	if _, err := l.fs.Lstat(text); missing(err) { // else it has just been begun
		return &CorruptError{Path: text, Seq: next, Reason: "the segment is missing, its index is there"}, nil
	}
	return nil, nil
}
