package segment

import (
	"context"
	"errors"
)

// VerifyAll lists the log again and verifies it: every segment as Verify does, and
// what only the whole log shows. That is a HISTLOG that contradicts the segments,
// missing oldest segments, and files with a segment's name that are not part of the
// log. Of the sums of the Finding, the digest runs over all segments. Segments that
// are retired before their turn are passed over. progress, unless nil, is called with
// the bytes of text that were read and their total.
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
