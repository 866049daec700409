package segment

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// maxSequence is the highest sequence that a segment may begin with, so that
// adding a number of records to it never overflows.
const maxSequence Sequence = math.MaxInt64

// separateForeign sets Segments to the segments of the log, and Foreign to the files that
// have the name of a segment but are not part of it. A segment that was found to
// be the log's own is not checked again. One that could not be checked is kept, so
// that the others can be read, and unsure says why.
//
// The cost of opening a log must not grow with the number of segments. So only the segments
// after the newest one that its index proves are checked, unless RefreshAll was called. A
// foreign file before that segment is found when it is read, because no index proves it.
func (l *Log) separateForeign(segments []Segment) {
	segments, l.Foreign, l.unsure = l.withoutSuperseded(segments)
	// With another id in HISTLOG the same files belong to another log or to none.
	if l.knownID != l.Marker.ID {
		l.known, l.knownID = nil, l.Marker.ID
	}
	proven := 0
	if !l.thorough {
		proven = l.proven(segments)
	}
	own, known := segments[:proven], []Sequence(nil)
	for _, s := range segments[proven:] {
		reason, err := "", error(nil)
		if _, found := slices.BinarySearch(l.known, s.Base); !found {
			reason, err = l.foreignReason(s, own)
		}
		if reason != "" {
			l.Foreign = append(l.Foreign, &CorruptError{Kind: KindForeign, Path: s.Path, Reason: reason})
			continue
		}
		own = append(own, s) // overwrites segments, no further than it was read
		// An error is no proof: the next Refresh checks this segment again.
		l.unsure = errors.Join(l.unsure, err)
		if err == nil {
			known = append(known, s.Base)
		}
	}
	l.known = known
	l.Segments = chain(own)
}

// proven returns the number of segments up to the newest one whose index proves it. They
// are part of the log.
func (l *Log) proven(segments []Segment) int {
	proven := len(segments)
	// Invariant: no index of segments[proven:] proves its segment. The newest segment, or the
	// one before it, usually ends the loop.
	for ; proven > 0; proven-- {
		s := segments[proven-1]
		if h, bound, err := l.boundTo(s); s.Base <= maxSequence && !s.irregular && err == nil && bound && h.id == l.Marker.ID && h.base == s.Base {
			break
		}
	}
	return proven
}

// foreignDamage checks all segments again and returns the damage if s is a file with the
// name of a segment that is not part of the log; nil means that it is part of it.
func (l *Log) foreignDamage(s Segment) error {
	if err := l.RefreshAll(); err != nil {
		return err
	}
	for _, d := range l.Foreign {
		if d.Path == s.Path {
			return d
		}
	}
	return nil
}

// chain sets Next and Sealed of all segments but the last. The last one may be active, so
// its plain file is read whatever copies of it there are.
func chain(segments []Segment) []Segment {
	for i := 1; i < len(segments); i++ {
		segments[i-1].Sealed, segments[i-1].Next = true, segments[i].Base
	}
	if n := len(segments); n > 0 {
		last := &segments[n-1]
		last.Sealed, last.Next, last.Copy = false, 0, last.Copy && last.Codec != Plain
	}
	return segments
}

// foreignReason returns why a segment is not part of the log, given the log's
// segments before it; "" means that it is, or that nothing contradicts it.
//
// A good index of this log proves a segment. A good index of another log, or of
// another segment, disproves it if the text is the one that it describes, and a
// segment before it has a good index of this log: otherwise HISTLOG may be the
// foreign file. Without an index the base decides: it must follow the last record
// before it.
func (l *Log) foreignReason(s Segment, before []Segment) (reason string, err error) {
	if max(s.Base, s.End) > maxSequence {
		return "not a segment of this log: no record has so high a number", nil
	}
	if s.irregular {
		return "", nil // reading the segment reports the error
	}
	switch h, bound, err := l.boundTo(s); {
	case err != nil || bound && h.id == l.Marker.ID && h.base == s.Base:
		return "", err
	case bound && !l.anyBound(before):
		return "", nil
	//mutant:read-another-logs-segment-is-shown
	case bound && h.id != l.Marker.ID:
		return "not a segment of this log: its index is another log's", nil
	case bound:
		return fmt.Sprintf("a copy of the segment that begins with record %d: its index says so", h.base), nil
	}
	// The first segment may begin anywhere: those before it may be retired or lost.
	if len(before) == 0 {
		return "", nil
	}
	next, ok, err := l.follows(before[len(before)-1])
	//mutant:read-a-foreign-segment-after-a-gap-is-shown
	if ok && next != s.Base {
		reason = fmt.Sprintf("not a segment of this log: it has no index, and the segment before it ends with record %d", next-1)
	}
	return reason, err
}

// anyBound reports whether the index of a segment is good and of this log.
func (l *Log) anyBound(segments []Segment) bool {
	// From the newest on, where the first index usually decides.
	for i := len(segments) - 1; i >= 0; i-- {
		x, reason, err := l.openIndex(segments[i].stem())
		// An index that cannot be read proves nothing.
		if x == nil || err != nil {
			continue
		}
		x.file.Close() // which was only read
		if reason == "" {
			return true
		}
	}
	return false
}

// boundTo returns the header of the index that the segment's text belongs to. bound is false
// if no index shows to which log the text belongs.
func (l *Log) boundTo(s Segment) (h header, bound bool, err error) {
	x, reason, err := l.openIndex(s.stem())
	if x == nil || err != nil {
		return h, false, err
	}
	defer x.file.Close() // which was only read
	if reason == "" {
		return x.header, true, nil
	}
	// x.header has this log's id and this base, which the checksum of each entry covers: one
	// intact entry proves the index.
	if _, err := x.countEntries(-1); err != nil || x.count > 0 { // the header alone was lost
		return x.header, err == nil, err
	}
	b := make([]byte, headerSize)
	if _, err := x.file.ReadAt(b, 0); err != nil && err != io.EOF {
		return h, false, err
	}
	if h, reason = parseHeader(b); reason != "" {
		return h, false, nil
	}
	// The entries are checked again, this time with the header's own id: that shows whether
	// they belong to the log that the header names.
	x.header = h
	t, err := x.countEntries(-1)
	if err != nil || x.count == 0 {
		return h, false, err
	}
	bound, err = l.describes(x, t, s)
	return h, bound, err
}

// describes reports whether the first record of a segment is the one that an
// index describes.
func (l *Log) describes(x *indexFile, t *trailer, s Segment) (is bool, err error) {
	e, err := x.entry(0)
	if errors.Is(err, ErrCorrupt) {
		return false, nil // the entry of the first record is damaged, so there is nothing to compare
	}
	if err != nil {
		return false, err
	}
	text, _, err := l.openText(&s)
	if err != nil {
		return false, err
	}
	defer text.Close() // which was only read
	if size, err := text.size(t.length()); err != nil || e.End > size {
		return false, err
	}
	// The first record is enough. To read them all would make opening a log as slow as
	// verifying it.
	sum := crc32.New(castagnoli)
	_, err = io.Copy(sum, io.NewSectionReader(text, 0, int64(e.End)))
	if frameDamage(err, s, s.Base, 0) != nil {
		return false, nil
	}
	return sum.Sum32() == e.CRC, err
}

// follows returns the sequence of the record after a segment. ok is false if the index of the
// segment is lost: only reading the whole segment would show that sequence.
func (l *Log) follows(s Segment) (next Sequence, ok bool, err error) {
	x, reason, err := l.openIndex(s.stem())
	if x == nil || err != nil {
		return 0, false, err
	}
	defer x.file.Close()
	t, err := x.countEntries(-1)
	next = s.Base + Sequence(x.count)
	// A trailer has the number of records. Without a trailer, only the lines of a plain text
	// with a good index show it.
	if err != nil || t != nil || s.Codec != Plain || reason != "" {
		return next, t != nil, err
	}
	end, err := x.end(int64(x.count) - 1)
	if err != nil {
		return 0, false, err
	}
	lines, err := l.countLines(s, end) // the lines that the writer did not index before it was killed
	return next + Sequence(lines), err == nil, err
}

// countLines counts the complete lines of a plain segment from an offset on.
func (l *Log) countLines(s Segment, from Offset) (n int, err error) {
	text, _, err := l.openText(&s)
	if err != nil {
		return 0, err
	}
	defer text.Close() // which was only read
	b := make([]byte, readAhead)
	for at := int64(from); ; {
		// The last bytes may come together with io.EOF, so they are counted before the error is
		// examined.
		m, err := text.ReadAt(b, at)
		n += bytes.Count(b[:m], []byte{'\n'})
		if at += int64(m); err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// isForeign reports whether the file of a segment or an index that retention
// seems to have left is bound to another log.
func (l *Log) isForeign(n stem) bool {
	if !l.anyBound(l.Segments[:1]) { // HISTLOG may be the foreign file
		return false
	}
	x, _, err := l.openIndex(n)
	if x == nil || err != nil {
		return false
	}
	defer x.file.Close()
	// The header is read again from the file, because x.header is this log's where the file's
	// is another's: see readIndexHeader.
	b := make([]byte, headerSize)
	if n, _ := x.file.ReadAt(b, 0); n < headerSize {
		return false
	}
	h, reason := parseHeader(b)
	return reason == "" && h.id != l.Marker.ID
}
