package segment

import (
	"context"
	"errors"
)

// restamp replaces the index of a sealed segment by one with the times that the rules of
// HISTLOG read. The caller holds the maintenance lock.
//
// The new index has the form of the old one. It is written under a temporary name, synced,
// and renamed over the old one: a reader has one of them open, complete. A snapshot that
// shares the old one keeps it. A crash leaves the old index or the new one, and maybe a
// temporary file, which the next maintenance removes.
func (l *Log) restamp(ctx context.Context, s Segment, progress func(Offset)) (t Restamped, err error) {
	read, err := l.OpenReader(s)
	if err != nil {
		return t, err
	}
	defer func() { err = asDiskError(OpRestamp, s.Path, errors.Join(err, read.Close())) }()
	if damage := read.indexDamage(); damage != nil {
		return t, damage
	}
	mode, err := l.mode()
	if err != nil {
		return t, err
	}
	w, err := l.newIndexWriter(s.stem(), read.index.header, mode)
	if err != nil {
		return t, err
	}
	t, err = read.restamp(ctx, w.add, progress)
	if err == nil {
		err = read.Close() // Windows does not replace an open file on every file system
	}
	switch {
	case err != nil || t.Changed == 0:
		return t, errors.Join(err, w.discard())
	case read.index.path == l.path(s.stem().smallIndex()):
		return t, w.finishSmall(ctx)
	}
	return t, w.finish()
}

// note sets the damage of a segment whose index is left as it is. It returns any other
// error.
func (t *Restamped) note(s Segment, err error) error {
	var damage *CorruptError
	if err == nil || !errors.As(err, &damage) {
		return err
	}
	*t = Restamped{Base: s.Base, Damage: damage}
	return nil
}

// indexDamage returns the damage of a sealed segment whose index has no header or no
// trailer. Its entries would be made from the text, and an index of such entries would hide
// that.
func (r *Reader) indexDamage() *CorruptError {
	if r.index == nil || r.reason != "" || r.trailer == nil {
		return &CorruptError{Kind: KindIndex, Path: r.segment.Path, Seq: r.segment.Base, Reason: "its index is missing or unreadable"}
	}
	return nil
}

// restamp reads the time of each record again. It calls add, unless that is nil, with each
// entry. Damage of the index is an error; damage of a record is in the result.
func (r *Reader) restamp(ctx context.Context, add func(Entry) error, progress func(Offset)) (t Restamped, err error) {
	t.Base = r.segment.Base
	if damage := r.indexDamage(); r.segment.Sealed && damage != nil {
		return t, damage
	}
	x := indexer{marker: &r.marker}
	var before, after trailer
	for seq := r.segment.Base; seq < r.Next(); seq++ {
		if err := ctx.Err(); err != nil {
			return t, err
		}
		//mutant:restamp-an-entry-made-from-the-text-is-written
		old, err := r.indexEntry(seq)
		if err != nil {
			return t, err
		}
		e, err := r.restamped(&x, seq, old)
		if err = t.noteRecord(err); err != nil {
			return t, err
		}
		if !e.Time.Equal(old.Time) || e.Flags != old.Flags {
			t.Changed++
		}
		if e.Flags&(ClockTime|Lost) == ClockTime {
			t.Untimed++
		}
		if add != nil {
			if err := add(e); err != nil {
				return t, err
			}
		}
		before.add(old)
		after.add(e)
		progress(e.End)
	}
	t.Before, t.After = before.total(), after.total()
	// A new trailer would hide that the old one does not sum up its entries.
	//mutant:restamp-the-old-trailer-is-not-compared
	if r.segment.Sealed && before != *r.trailer {
		return t, &CorruptError{Kind: KindIndex, Path: r.index.path, Seq: r.segment.Base, Reason: "the trailer does not sum up the entries"}
	}
	return t, nil
}

// restamped returns the entry of a record with the time that its text has. A record that is
// damaged or lost keeps its entry; the error tells of damage.
func (r *Reader) restamped(x *indexer, seq Sequence, e Entry) (Entry, error) {
	rec, err := r.Record(seq)
	if err != nil || rec.Blank {
		return e, err
	}
	own, ok, err := x.stamp(seq, rec.Text)
	switch {
	case err != nil || !ok:
	case own.ok:
		e.Time, e.Flags = own.time, e.Flags&^ClockTime
	case e.Flags&ClockTime == 0: // the index has the arrival, to the second
		e.Time, e.Flags = e.Arrived, e.Flags|ClockTime
	}
	return e, err
}

// noteRecord adds damage of a record, and returns any other error.
func (t *Restamped) noteRecord(err error) error {
	var damage *CorruptError
	if err == nil || !errors.As(err, &damage) {
		return err
	}
	if t.Damage == nil {
		t.Damage = damage
	}
	return nil
}
