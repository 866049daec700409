package report

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/segment"
)

// findDamage returns the damage that the survey met and the damage that a quick check
// finds in other segments, as check does. If there is none, it returns damage that
// was found before and shows only in the text.
func (r *Report) findDamage(ctx context.Context) ([]error, error) {
	check, err := health.QuickCheck(ctx, r.Log)
	if err != nil {
		return nil, err
	}
	damage, surveyed := slices.Clone(r.Survey.Damage), map[string]bool{}
	for _, err := range damage {
		if d := (*segment.CorruptError)(nil); errors.As(err, &d) {
			surveyed[damagedSegment(d)] = true
		}
	}
	for _, d := range check.Damage {
		if !surveyed[damagedSegment(d)] {
			damage = append(damage, d)
		}
	}
	if text := health.FoundBefore(r.Status.Verified, check.Suspect, r.Now); text != "" && len(damage) == 0 {
		damage = append(damage, errors.New(text))
	}
	return damage, nil
}

// damagedSegment returns the name of the damaged segment without its extension, which
// text and index do not share; for other files it returns the full name.
func damagedSegment(d *segment.CorruptError) string {
	name := filepath.Base(d.Path)
	if filename.IsSegment(name) {
		name, _, _ = strings.Cut(name, ".")
	}
	return name
}
