package compactor

import (
	"context"
	"errors"
	"fmt"

	"github.com/histlog/histlog/segment"
)

// A Change is the result of an action.
type Change struct {
	Kind Kind
	segment.Change
}

// Options say how a plan is run.
type Options struct {
	segment.Options
	Policy   segment.Upkeep     // its Codec and ArchiveTo are used
	Once     bool               // compress one segment only, and merge one group, the first that is not damaged
	Progress func(done, of int) // called after each action; may be nil
}

// Run executes a plan on the log at dir, which must be the one that Options.ID names.
// It first removes what a killed run has left. It returns the changes made even if err
// is not nil.
//
// A damaged segment is skipped, the others are processed, and err includes its
// *segment.CorruptError. No segment after a damaged one is retired, because the log
// would have a gap. Any other error ends the run.
func Run(ctx context.Context, dir string, plan Plan, o Options) (changes []Change, err error) {
	// A run that was killed while it replaced or retired a segment may leave superseded or
	// partial files. The log needs none of their records, but the actions below may need
	// their space.
	//mutant:retire-files-that-a-killed-run-left-stay
	if err := segment.Sweep(ctx, dir, o.Options); err != nil {
		return nil, err
	}
	steps := segment.NewMaintenance(dir, o.Options)
	defer steps.Close()
	var damage error
	done := map[Kind]bool{}
	for i, a := range plan {
		retires := a.Kind == Retire || a.Kind == Archive
		if damage != nil && retires || o.Once && done[a.Kind] && !retires {
			continue
		}
		// Each action is complete before the next one begins. After a kill the next run
		// removes its files (Sweep) and does the rest of the plan.
		made, err := do(ctx, steps, a, o.Policy)
		for _, c := range made {
			done[a.Kind] = true
			changes = append(changes, Change{a.Kind, c})
		}
		switch {
		case errors.Is(err, segment.ErrCorrupt):
			damage = errors.Join(damage, err)
		case err != nil && !overtaken(err):
			return changes, errors.Join(damage, err)
		}
		if o.Progress != nil {
			o.Progress(i+1, len(plan))
		}
	}
	return changes, damage
}

// overtaken reports whether err means that a concurrent run has retired or merged the
// segment since it was planned.
func overtaken(err error) bool {
	return errors.Is(err, segment.ErrRetired) || errors.Is(err, segment.ErrMerged)
}

// do executes one action. It returns no change if there was nothing left to do.
func do(ctx context.Context, steps *segment.Maintenance, a Action, p segment.Upkeep) ([]segment.Change, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch a.Kind {
	case Retire:
		return steps.Retire(ctx, a.Segment.Next)
	case Archive:
		return steps.Archive(ctx, p.ArchiveTo, a.Segment.Next)
	case Compress, Merge:
		var c segment.Change
		var err error
		if a.Kind == Compress {
			c, err = steps.Compress(ctx, a.Segment.Base, p.Codec)
		} else {
			c, err = steps.Merge(ctx, a.Segment.Base, a.Segment.Next, p.Codec)
		}
		if err != nil || c == (segment.Change{}) {
			return nil, err
		}
		return []segment.Change{c}, nil
	}
	return nil, fmt.Errorf("no way to %v a segment", a.Kind)
}
