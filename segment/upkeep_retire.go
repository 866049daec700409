package segment

import (
	"context"
	"errors"
	"fmt"
)

// Retire removes the sealed segments whose records all come before a sequence, holding
// the maintenance lock. Before the first file is removed, first_seq in HISTLOG is moved
// past them, durably; a reader that asks for one of their records gets ErrRetired. Other
// processes may read and write the log while Retire runs. After a crash Retire can be run
// again; the next maintenance removes the files that it left.
//
// Retire stops at a damaged segment and returns a *CorruptError: the segments before it
// are removed, the damaged one and all later ones stay.
func Retire(ctx context.Context, dir string, before Sequence, o Options) ([]Change, error) {
	m := NewMaintenance(dir, o)
	defer m.Close()
	return m.Retire(ctx, before)
}

// Retire is one step of maintenance, see the function Retire.
func (m *Maintenance) Retire(ctx context.Context, before Sequence) (changes []Change, err error) {
	err = m.step(ctx, func(l *Log) error {
		segments := l.segmentsBefore(before)
		damage := l.checkOldestPresent()
		for i, s := range segments {
			var c Change
			if damage == nil {
				c, _, damage = l.verifyRetired(ctx, s)
			}
			if damage != nil {
				// first_seq is one number, so only the beginning of a log can be retired.
				//mutant:retire-segments-after-a-damaged-one-are-removed
				segments = segments[:i]
				break
			}
			changes = append(changes, c)
		}
		err := l.retire(segments)
		if err != nil {
			// It is unknown whether HISTLOG was replaced, so nothing is reported as retired.
			changes = nil
		}
		return errors.Join(err, damage)
	})
	return changes, err
}

// checkOldestPresent returns the damage if the oldest records are missing: retiring the
// next records would hide that.
func (l *Log) checkOldestPresent() error {
	if damage := l.MissingOldest(); damage != nil {
		return damage
	}
	return nil
}

// segmentsBefore returns the segments whose records all come before a sequence, without
// the last segment of the log.
func (l *Log) segmentsBefore(seq Sequence) []Segment {
	n := 0
	for n < len(l.Segments)-1 && l.Segments[n].Next <= seq {
		n++
	}
	return l.Segments[:n]
}

// verifyRetired is verifySegment for a segment that is about to be retired. Damage is an
// error, and so is that the segment after it has no file.
func (l *Log) verifyRetired(ctx context.Context, s Segment) (c Change, file Segment, err error) {
	s, err = l.filesNow(s)
	if err != nil {
		return c, s, err
	}
	// first_seq is about to be the base of the next segment. The listing may be an old one.
	i, found := l.search(s.Next)
	if !found {
		return c, s, l.missingSegmentError(Segment{Base: s.Next, Path: l.path(textName(s.Next))})
	}
	next := l.Segments[i]
	err = l.followRename(next, func(now Segment) error {
		_, err := l.fs.Lstat(now.Path)
		return err
	})
	if missing(err) {
		err = l.missingSegmentError(next)
	}
	if err != nil {
		return c, s, asDiskError(OpRead, next.Path, err)
	}
	return l.verifySegment(ctx, s)
}

// verifySegment reads a segment that is about to be removed. It returns the Change of its
// removal, and the file of the segment that was read. Damage is an error.
func (l *Log) verifySegment(ctx context.Context, s Segment) (c Change, file Segment, err error) {
	r, err := l.OpenReader(s)
	if err != nil {
		return c, s, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	//mutant:retire-a-damaged-segment-is-removed
	if err := r.verifyFile(ctx); err != nil {
		return c, s, err
	}
	c.Segment, c.Records = r.segment.Name(), r.Count()
	c.Before, err = l.DiskBytes(s)
	return c, r.segment, err
}

// retire moves first_seq past the given segments, the oldest of the log, and removes them.
func (l *Log) retire(segments []Segment) error {
	if len(segments) == 0 {
		return nil
	}
	first, last := segments[0], segments[len(segments)-1]
	fail := func(err error) error {
		return &DiskError{Op: OpRetire, Path: first.Path, Seq: first.Base, Err: err}
	}
	m := l.Marker
	m.FirstSeq = max(m.FirstSeq, last.Next)
	// HISTLOG is replaced first: if the files were removed first, a crash would leave a log
	// whose oldest records are missing, which is damage. replaceMarker has made it durable.
	//mutant:retire-segments-are-removed-before-histlog-is-replaced
	if err := l.replaceMarker(m); err != nil {
		return fail(fmt.Errorf("move first_seq to %d: %w", m.FirstSeq, err))
	}
	l.Segments = l.Segments[len(segments):]
	if err := l.removeFiles(namesOf(segments)); err != nil {
		return fail(err)
	}
	// A power cut before this sync may bring back files below first_seq, which the next
	// maintenance removes.
	if err := l.fs.SyncDir(l.Dir); err != nil {
		return fail(err)
	}
	return nil
}

// namesOf returns all names that the files of segments may have.
func namesOf(segments []Segment) (names []string) {
	for _, s := range segments {
		names = append(names, s.stem().all()...)
	}
	return names
}
