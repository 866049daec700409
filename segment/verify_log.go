package segment

import (
	"context"
	"errors"
)

// VerifyAll lists the log again and verifies every segment as Verify does. It also
// reports damage of the log as a whole: a HISTLOG that contradicts the segments, missing
// oldest segments, and files with a segment's name that are not part of the log. The
// Finding has the totals of all segments. A segment that is retired before its turn is
// skipped. progress, unless nil, is called with the bytes of text read so far and their
// total.
func (l *Log) VerifyAll(ctx context.Context, progress func(read, total Offset)) (f Finding, err error) {
	if err := l.RefreshAll(); err != nil {
		return f, err
	}
	if err := f.note(l.Conflict); err != nil {
		return f, err
	}
	if missing := l.MissingOldest(); missing != nil {
		missing.Path = l.path(textName(missing.Seq))
		f.add(missing)
	}
	f.Damage = append(f.Damage, l.Foreign...)
	var total Offset
	for _, s := range l.Segments {
		total += l.textSize(s)
	}
	for _, s := range l.Segments {
		before := f.Summary.Bytes
		one, err := l.Verify(ctx, s, func(read Offset) {
			if progress != nil {
				progress(before+read, total)
			}
		})
		if errors.Is(err, ErrRetired) {
			continue
		}
		if err != nil {
			return f, err
		}
		f.include(one)
	}
	return f, nil
}

// include adds what Verify found in the next segment.
func (f *Finding) include(next Finding) {
	f.Records += next.Records
	f.Blank += next.Blank
	f.Rebuilt += next.Rebuilt
	f.Summary.Add(next.Summary)
	f.Damage = append(f.Damage, next.Damage...)
}

// textSize returns how much text a segment has, or, if its index is lost, the size
// of its file.
func (l *Log) textSize(s Segment) Offset {
	// The size serves progress only, so an error yields an estimate: Verify reports the damage.
	if sum, err := l.Summary(s); err == nil {
		return sum.Bytes
	}
	info, err := l.fs.Lstat(s.Path)
	if err != nil {
		return 0
	}
	return Offset(info.Size())
}
