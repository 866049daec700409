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
	for _, d := range l.Foreign {
		if damage := (*CorruptError)(nil); errors.As(l.checkReplaceable(d, l.Segments), &damage) {
			d = damage // Repair does not move it
		}
		f.add(d)
	}
	p := l.newTextProgress(l.Segments, progress)
	err = l.Each(0, func(s Segment, from Sequence) error {
		one, err := l.verifyFrom(ctx, s, from, p.report)
		p.next()
		if errors.Is(err, ErrRetired) {
			return nil
		}
		if err == nil {
			f.include(one)
		}
		if err == nil && s.Supersedes() && len(one.Damage) == 0 {
			err = f.note(l.checkSuperseded(ctx, s))
		}
		return err
	})
	return f, err
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

// A textProgress reports how much of the text of several segments was read.
type textProgress struct {
	before, total Offset
	sizes         []Offset                 // of the current segment and those after it
	fn            func(read, total Offset) // may be nil
}

func (l *Log) newTextProgress(segments []Segment, fn func(read, total Offset)) *textProgress {
	p := &textProgress{fn: fn}
	for _, s := range segments {
		size := l.textSize(s)
		p.sizes = append(p.sizes, size)
		p.total += size
	}
	return p
}

// report reports how much of the current segment was read.
func (p *textProgress) report(read Offset) {
	if p.fn != nil {
		p.fn(min(p.before+read, p.total), p.total)
	}
}

// next makes the next segment the current one. The one before is done, even if damage, or a
// concurrent run that has retired it, ended the reading.
func (p *textProgress) next() {
	// There are none left if the log was listed again and has more segments since.
	if len(p.sizes) > 0 {
		p.before += p.sizes[0]
		p.sizes = p.sizes[1:]
	}
	p.report(0)
}
