package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/vfs"
)

// withoutSuperseded returns the segments that count of those that a directory lists, in
// order: all but those that a merged segment has superseded and that a killed Merge, or
// one at work, has not removed. The name of a merged segment says which these are.
//
// A name alone hides no record: if there are files that it supersedes, its index must
// prove which records it holds. If there is no proof, the merged segment is in foreign, and
// the other files count.
func (l *Log) withoutSuperseded(segments []Segment) (left []Segment, foreign []*CorruptError, err error) {
	left = segments[:0]    // overwrites segments, no further than it was read
	covered := Sequence(0) // up to here the last merged segment in left supersedes others
	begins := false        // a superseded file begins where that one does
	for i, s := range segments {
		reason := ""
		switch {
		case s.Base <= covered && s.End <= covered:
			last := &left[len(left)-1]
			last.supersedes, begins = covered, begins || s.Base == last.Base
			continue
		//mutant:merge-a-segment-that-overlaps-a-merged-one-is-hidden
		case s.Base <= covered:
			reason = overlap(left[len(left)-1], covered, s, segments[i+1:], begins)
		case i+1 < len(segments) && segments[i+1].Base <= s.End:
			var e error
			begins = false
			if covered, e = l.provenEnd(s); covered == 0 {
				reason = "not a segment of this log: files beside it hold records that its name claims, and no index proves that it holds them"
			}
			err = errors.Join(err, e)
		}
		if reason != "" {
			foreign = append(foreign, &CorruptError{Kind: KindForeign, Path: s.Path, Reason: reason})
			continue
		}
		left = append(left, s)
	}
	return left, foreign, err
}

const overlaps = "not a segment of this log: it overlaps "

// overlap returns what is wrong with a file that holds some of the records that a merged
// segment proves, up to covered, and some after them, and which of the two to move away:
// the one whose records the other files hold, by their names. begins means that they hold
// the first ones of the merged segment; after are the files after this one.
func overlap(merged Segment, covered Sequence, s Segment, after []Segment, begins bool) string {
	advice := "each may hold records that no other file has; move one of the two"
	switch {
	case slices.ContainsFunc(after, func(o Segment) bool { return o.Base == covered+1 }):
		advice = "move " + s.Name()
	case begins:
		advice = "move " + merged.Name()
	}
	return overlaps + merged.Name() + ": " + advice + " and its index out of the log's directory"
}

// provenEnd returns the last record that a merged segment holds, by its name and by its
// index; 0 if no index of this log and this base says so.
func (l *Log) provenEnd(s Segment) (end Sequence, err error) {
	//mutant:merge-a-merged-segment-hides-others-without-a-proof
	if s.irregular {
		return 0, nil
	}
	x, reason, err := l.openIndex(s.stem())
	if x == nil || err != nil {
		return 0, err
	}
	defer x.file.Close() // it was only read
	t, err := x.countEntries(-1)
	if reason != "" || err != nil || t == nil {
		return 0, err
	}
	return min(s.End, s.Base+Sequence(t.Count)-1), nil
}

// mergedSince returns ErrMerged if a segment that was listed has been merged into a larger
// one since; nil if not.
//
// A name alone does not prove that: otherwise a file of that name would turn each missing
// file into a listing that is out of date for ever.
func (l *Log) mergedSince(s Segment) error {
	if l.partsOnly {
		return nil
	}
	var larger []Segment
	err := vfs.EachEntry(l.fs, l.Dir, func(e fs.DirEntry) {
		n, suffix, ours := parseName(e.Name())
		if _, text := filename.CodecOf(suffix); ours && text && e.Type().IsRegular() && n != s.stem() && n.covers(s.Base) {
			larger = append(larger, Segment{Base: n.base, End: n.end})
		}
	})
	if err != nil {
		return nil // the caller reports that the file is missing
	}
	for _, m := range larger {
		if end, err := l.provenEnd(m); err == nil && end >= s.Base {
			return fmt.Errorf("%s: %w into %s", s.Path, ErrMerged, m.Name())
		}
	}
	return nil
}

// partsOf returns the log for reading segments that a merged one supersedes: what is missing
// of them was not merged since.
func (l *Log) partsOf() *Log {
	c := *l
	c.partsOnly, c.thorough = true, true
	return &c
}

// checkReplaceable returns an error if the records of a merged file that is not part of the
// log are not all in segments of the log: it may be the only place of some.
func (l *Log) checkReplaceable(f *CorruptError, segments []Segment) error {
	n, suffix, _ := parseName(filepath.Base(f.Path))
	if n.end == 0 {
		return nil
	}
	refuse := &CorruptError{Kind: KindByHand, Path: f.Path, Seq: f.Seq, Reason: f.Reason}
	if !strings.Contains(f.Reason, overlaps) { // which says what to do
		refuse.Reason += ", and it may hold records that no other file has: put its index back, or move the other files of its range out of the log's directory"
	}
	codec, _ := filename.CodecOf(suffix)
	s := Segment{Base: n.base, End: n.end, Path: f.Path, Codec: codec, Sealed: true}
	if info, err := l.fs.Lstat(f.Path); missing(err) || err == nil && !info.Mode().IsRegular() {
		return nil // it is never read
	} else if err != nil {
		return err
	}
	lines, err := l.partsOf().countLines(s, 0)
	if err != nil {
		return refuse
	}
	last := min(n.end, n.base+Sequence(lines)-1)
	//mutant:merge-a-cut-text-holds-no-records
	if codec != Plain { // without its table of frames, the lines of a text are not all found
		last = n.end
	}
	for next := n.base; next <= last; {
		i := slices.IndexFunc(segments, func(s Segment) bool { return s.Base <= next && (s.Next == 0 || next < s.Next) })
		if i < 0 {
			return refuse
		}
		end, err := l.indexedUpTo(segments[i].stem())
		if err != nil || end <= next {
			return refuse
		}
		next = end
	}
	return nil
}

// Each calls fn with the segments of the log that hold records from a sequence on, in
// order, until fn returns an error. from is the first record that no call has had.
//
// If a segment was merged into a larger one since the log was listed, fn returns ErrMerged,
// as OpenReader does. Each then lists the log again and goes on with the larger one, whose
// first records fn may have had before, with another segment.
func (l *Log) Each(first Sequence, fn func(s Segment, from Sequence) error) error {
	const attempts = 100 // a listing that is out of date as soon as it was made
	next, failed := first, 0
	for i := l.position(first); i < len(l.Segments); i++ {
		s := l.Segments[i]
		from := max(next, s.Base)
		err := fn(s, from)
		if errors.Is(err, ErrMerged) && failed < attempts {
			failed++
			if err := l.Refresh(); err != nil {
				return err
			}
			i, next = l.position(from)-1, from
			continue
		}
		if err != nil {
			return err
		}
		next, failed = s.Next, 0
	}
	return nil
}

// OpenReaderAt opens the segment that holds a record, like OpenReader. If segments were
// merged since the log was listed, it lists the log again.
func (l *Log) OpenReaderAt(seq Sequence) (r *Reader, err error) {
	err = l.Each(seq, func(s Segment, _ Sequence) error {
		i, err := l.Find(seq)
		if err == nil {
			r, err = l.OpenReader(l.Segments[i])
		}
		if err == nil {
			err = errStop
		}
		return err
	})
	if err == errStop {
		return r, nil
	}
	if err == nil { // no segment begins at it or after it
		_, err = l.Find(seq)
	}
	return nil, err
}

// position returns the index in Segments of the segment that holds seq or, if none does,
// of the first one after it.
func (l *Log) position(seq Sequence) int {
	i, found := l.search(seq)
	if !found && i > 0 && (l.Segments[i-1].Next == 0 || seq < l.Segments[i-1].Next) {
		return i - 1
	}
	return i
}
