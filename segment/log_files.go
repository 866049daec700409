package segment

import (
	"errors"
	"fmt"

	"github.com/histlog/histlog/internal/filename"
)

// leaveRetired removes from Segments those that were retired but are not yet deleted.
//
// Retire and Archive set first_seq to the base of a segment. If no segment begins there,
// HISTLOG is wrong or belongs to another state of the directory. Then all segments are
// kept, and Conflict says why: nothing may be hidden or deleted because of it.
func (l *Log) leaveRetired() {
	l.Conflict = nil
	first := l.Marker.FirstSeq
	i, found := l.search(first)
	// i == 0: all segments begin after first_seq. That is not a conflict: the oldest segments are
	// missing, and MissingOldest reports that.
	switch {
	case found:
		l.Segments = l.Segments[i:]
	//mutant:histlog-first-seq-counts-although-no-segment-begins-there
	case i > 0:
		l.Conflict = &CorruptError{Kind: KindMarkerDiffers, Path: l.path(filename.Marker),
			Reason: fmt.Sprintf("first_seq is %d, but no segment begins there", first)}
		l.Marker.FirstSeq = l.Segments[0].Base
	}
}

// MissingOldest returns the damage of a log whose oldest records are missing: its
// first segment begins after first_seq. nil means that no record is missing there.
func (l *Log) MissingOldest() *CorruptError {
	//mutant:retire-missing-oldest-records-are-not-noticed
	if base := l.Segments[0].Base; base > l.Marker.FirstSeq {
		return missingSegments(l.Dir, 0, l.Marker.FirstSeq, base)
	}
	return nil
}

// missingSegments returns the damage of missing segments, those of the records
// [from, next). path and at say where the damage was noticed.
func missingSegments(path string, at Offset, from, next Sequence) *CorruptError {
	return &CorruptError{Kind: KindMissing, Path: path, Seq: from, Offset: at, Reason: fmt.Sprintf("missing: the segments of records %d to %d", from, next-1)}
}

// sealLast marks the last segment of an archive as sealed. Its index says how many records
// it holds.
func (l *Log) sealLast() error {
	last := &l.Segments[len(l.Segments)-1]
	if l.Marker.Role != roleArchive {
		return nil
	}
	last.Sealed = true
	next, err := l.indexedUpTo(last.stem())
	// Only a segment with records is sealed, so there is at least one even if the index is
	// lost.
	last.Next = max(next, last.Base+1)
	return err
}

// indexedUpTo returns the sequence after the last record in the index of a segment, or its
// base if the index is missing or empty.
func (l *Log) indexedUpTo(n stem) (next Sequence, err error) {
	x, _, err := l.openIndex(n)
	if x == nil || err != nil {
		return n.base, err
	}
	x.header = header{id: l.Marker.ID, base: n.base}
	_, err = x.countEntries(-1)
	return n.base + Sequence(x.count), errors.Join(err, x.file.Close())
}
