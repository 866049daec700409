package health

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/compactor"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// Condition is the state of a log, as far as the indexes and file sizes show it.
type Condition struct {
	Check
	log        *segment.Log
	first      segment.Sequence // sequence of the oldest record; next, if the log has no records
	next       segment.Sequence // the sequence after that of the newest record; 0 if the newest segment cannot be opened
	latest     survey.Latest
	quarantine []string // names of the files in quarantine/
	free       uint64   // free bytes of the disk
	notes      segment.Status
	clockJump  time.Duration // how far the clock seems to have jumped ahead, see clockJump
}

// Examine finds out the Condition of a log.
func Examine(ctx context.Context, l *segment.Log) (*Condition, error) {
	c := &Condition{log: l, notes: l.Status()}
	var err error
	if c.Check, err = QuickCheck(ctx, l); err != nil {
		return nil, err
	}
	if c.next, err = l.NextSeq(); err != nil && !errors.Is(err, segment.ErrCorrupt) { // QuickCheck reports the damage
		return nil, err
	}
	c.first = l.Segments[0].Base
	if c.latest, err = survey.Recent(l); err != nil {
		return nil, err
	}
	if c.quarantine, err = l.Quarantine(); err != nil {
		return nil, err
	}
	if c.clockJump, err = clockJump(l, time.Now()); err != nil {
		return nil, err
	}
	c.free, _, err = memguard.DiskFree(l.Dir)
	return c, err
}

// clockJump returns by how much the clock has jumped ahead, if that keeps records from
// being retired by their age; else 0.
func clockJump(l *segment.Log, now time.Time) (time.Duration, error) {
	policy, err := l.Marker.Settings.Policy()
	if err != nil || policy.Upkeep.MaxAge == 0 || policy.Upkeep.Manual {
		return 0, nil // settings that cannot be read retire nothing
	}
	return compactor.ClockJump(l, now)
}

// A Check is the result of a quick check of all segments.
type Check struct {
	Records uint64
	Damage  []*segment.CorruptError
	Suspect time.Time // when a recovery last found damage and left it in place; zero means never
	Disk    int64     // size of the log in bytes, see segment.Log.Size
}

// QuickCheck checks every segment of a log by its index and file size. Damage is
// confirmed by a second check, because a segment that is sealed, compressed or
// retired concurrently looks damaged.
func QuickCheck(ctx context.Context, l *segment.Log) (Check, error) {
	if err := l.RefreshAll(); err != nil {
		return Check{}, err
	}
	c, err := quickCheck(ctx, l)
	if err != nil || len(c.Damage) == 0 {
		return c, err
	}
	if err := l.Refresh(); err != nil {
		return Check{}, err
	}
	return quickCheck(ctx, l)
}

func quickCheck(ctx context.Context, l *segment.Log) (Check, error) {
	c := Check{Damage: slices.Clone(l.Foreign)}
	if conflict := (*segment.CorruptError)(nil); errors.As(l.Conflict, &conflict) {
		c.Damage = append(c.Damage, conflict)
	}
	if missing := l.MissingOldest(); missing != nil {
		c.Damage = append(c.Damage, missing)
	}
	err := l.Each(0, func(s segment.Segment, from segment.Sequence) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		g, err := l.QuickCheck(s)
		if err != nil {
			return err
		}
		c.Records += g.Records - min(g.Records, uint64(from-s.Base)) // those before from were counted
		if g.Damage != nil {
			c.Damage = append(c.Damage, g.Damage)
		}
		if g.Suspect.After(c.Suspect) {
			c.Suspect = g.Suspect
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	c.Disk, err = l.Size()
	return c, err
}

// FoundBefore describes damage that was found earlier and not repaired since. It may be
// damage that only reading the text shows. "" means that there is none.
func FoundBefore(verified segment.VerifyStatus, suspect, now time.Time) string {
	switch {
	case verified.Damaged > 0:
		return fmt.Sprintf("verify found %s %s ago", english.Plural(verified.Damaged, "damaged place", ""), term.Duration(now.Sub(verified.At)))
	case suspect.After(verified.At):
		return fmt.Sprintf("a writer found damage %s ago and left it as it was: run histlog verify", term.Duration(now.Sub(suspect)))
	}
	return ""
}
