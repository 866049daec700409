package compactor

import (
	"context"
	"errors"

	"github.com/histlog/histlog/segment"
)

// A Change is what an action came to.
type Change struct {
	Kind Kind
	segment.Change
}

// Options say how a plan is run.
type Options struct {
	segment.Options
	Policy   segment.Upkeep
	Once     bool               // one segment is compressed, the first that is not damaged
	Progress func(done, of int) // told of the actions done; nil: nobody is
}

// Run does what a plan says to the log at dir, which Options.ID names, after it has removed what a run
// that was killed has left, and returns what was done, also beside an error. A damaged segment is left as it is, the others are gone on
// with, and the error holds its *segment.CorruptError; retiring ends there, for what is
// behind it must not go before it. Any other error ends the run.
func Run(ctx context.Context, dir string, plan Plan, o Options) (changes []Change, err error) {
	//mutant:retire-what-a-killed-run-has-left-stays
	if err := segment.Sweep(ctx, dir, o.Options); err != nil {
		return nil, err
	}
	var damage error
	for i, a := range plan {
		if damage != nil && a.Kind != Compress {
			continue
		}
		done, err := do(ctx, dir, a, o)
		for _, c := range done {
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
		if o.Once && a.Kind == Compress && len(done) > 0 {
			break
		}
	}
	return changes, damage
}

// overtaken says whether another run has done something with the segment since it was planned.
func overtaken(err error) bool {
	return errors.Is(err, segment.ErrRetired)
}

// do does one action. What was done already is no change.
func do(ctx context.Context, dir string, a Action, o Options) ([]segment.Change, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch a.Kind {
	case Retire:
		return segment.Retire(ctx, dir, a.Segment.Next, o.Options)
	case Archive:
		return segment.Archive(ctx, dir, o.Policy.ArchiveTo, a.Segment.Next, o.Options)
	}
	c, err := segment.Compress(ctx, dir, a.Segment.Base, o.Policy.Codec, o.Options)
	if err != nil || c == (segment.Change{}) {
		return nil, err
	}
	return []segment.Change{c}, nil
}
