package survival

import (
	"context"
	"errors"
	"fmt"

	"github.com/histlog/histlog/internal/faultfs"
	"github.com/histlog/histlog/segment"
)

// checkUnrecovered checks what check, verify and readers report of the disk that a crash has
// left, before a writer has recovered it: a crash is no damage, and every record that is
// shown was submitted. If the crash was a kill, no acknowledged record is missing.
func (r *run) checkUnrecovered(disk *faultfs.Disk, ops int, killed bool) error {
	if len(r.damaged) > 0 || r.damagedBefore { // damage that the crash has not caused
		return nil
	}
	next := r.nextProcess(disk, ops)
	l, err := segment.OpenContext(context.Background(), next.dir, disk)
	if errors.Is(err, segment.ErrNoLog) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open for reading: %w", err)
	}
	for _, s := range l.Segments {
		g, err := l.QuickCheck(s)
		switch {
		case err != nil:
			return fmt.Errorf("check: %w", err)
		case g.Damage != nil:
			return fmt.Errorf("check: a crash is no damage, and yet: %w", g.Damage)
		case !g.Suspect.IsZero():
			return fmt.Errorf("check: %s is taken for damaged", s.Path)
		}
		f, err := l.Verify(context.Background(), s, nil)
		if err == nil && len(f.Damage) > 0 {
			err = f.Damage[0]
		}
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	}
	found, at := map[segment.Sequence]string{}, 0
	for _, s := range l.Segments {
		if err := next.readSegment(l, s, found, &at); err != nil && !next.neverDurable(err) {
			return fmt.Errorf("read: %w", err)
		}
	}
	return next.checkShown(found, killed)
}

// neverDurable reports whether an error is about a record that was acknowledged with
// sync=none and was never durable: readers may report that it is damaged.
func (r *run) neverDurable(err error) bool {
	var damage *segment.CorruptError
	if !errors.As(err, &damage) || damage.Seq == 0 || r.settings["sync"] != "none" && r.nextSync == "" {
		return false
	}
	for _, a := range r.acks {
		if a.Seq >= damage.Seq {
			return false
		}
	}
	return true
}

// checkShown compares the records that readers show with the acknowledged ones.
func (r *run) checkShown(found map[segment.Sequence]string, killed bool) error {
	for _, a := range r.durableAt(len(r.disk.Ops())) {
		text, shown := found[a.Seq]
		switch {
		case a.Seq < r.retired || r.archive != "" && !shown:
		case shown && text != a.text:
			return fmt.Errorf("read: record %d was acknowledged as %q, shown is %q", a.Seq, a.text, text)
		case !shown && killed:
			return fmt.Errorf("read: record %d was acknowledged and is not shown", a.Seq)
		}
	}
	return nil
}
