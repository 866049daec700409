package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/histlog/histlog/compactor"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/report"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// An effect lists the segments that a change of the limits retires and that the previous
// settings would keep.
type effect struct {
	now   compactor.Plan // retired by the next maintenance
	later compactor.Plan // retired once the next segment begins
}

// limitsEffect returns the effect of a change of settings.
func limitsEffect(l *segment.Log, before, after segment.Settings) (t effect, err error) {
	at := time.Now()
	segments, err := compactor.Segments(l)
	if err != nil {
		return t, err
	}
	next, err := rolled(l, segments, at)
	if err != nil {
		return t, err
	}
	for _, s := range []struct {
		settings segment.Settings
		plans    func(compactor.Plan, compactor.Plan)
	}{
		{after, func(now, later compactor.Plan) { t.now, t.later = now, without(later, now) }},
		{before, func(now, later compactor.Plan) { t.now, t.later = without(t.now, now), without(t.later, later) }},
	} {
		p, err := s.settings.Policy()
		if err != nil {
			return t, err
		}
		s.plans(compactor.PlanRetention(p.Upkeep, segments, at, compactor.Guard{}), compactor.PlanRetention(p.Upkeep, next, at, compactor.Guard{}))
	}
	return t, nil
}

// rolled returns the segments as they will be when the active one is sealed and the next
// one has its first record.
func rolled(l *segment.Log, segments []compactor.Segment, at time.Time) ([]compactor.Segment, error) {
	last := segments[len(segments)-1]
	if last.Sealed || last.Records == 0 || last.Damage != nil {
		return segments, nil
	}
	sum, err := l.Summary(last.Segment)
	if err != nil && !errors.Is(err, segment.ErrCorrupt) {
		return nil, err
	}
	last.Sealed, last.Next, last.Newest, last.Arrived = true, last.Base+segment.Sequence(last.Records), sum.Last, at
	next := compactor.Segment{Segment: segment.Segment{Base: last.Next}, Records: 1, Bytes: last.Bytes / int64(last.Records), Newest: at, Arrived: at}
	return append(slices.Clone(segments[:len(segments)-1]), last, next), nil
}

func without(plan, other compactor.Plan) compactor.Plan {
	return slices.DeleteFunc(slices.Clone(plan), func(a compactor.Action) bool {
		return slices.ContainsFunc(other, func(b compactor.Action) bool { return a.Kind == b.Kind && a.Segment.Base == b.Segment.Base })
	})
}

func (t effect) isEmpty() bool { return len(t.now)+len(t.later) == 0 }

// text describes the effect in one line.
func (t effect) text() string {
	var parts []string
	for _, p := range []struct {
		plan compactor.Plan
		when string
	}{{t.now, "now"}, {t.later, "when the next segment begins"}} {
		if len(p.plan) == 0 {
			continue
		}
		records, size := uint64(0), int64(0)
		for _, a := range p.plan {
			records, size = records+a.Segment.Records, size+a.Segment.Bytes
		}
		verb := map[compactor.Kind]string{compactor.Retire: "retire", compactor.Archive: "archive"}[p.plan[0].Kind]
		parts = append(parts, fmt.Sprintf("%s %s of %s (%s) %s", verb, term.Plural(records, "record"), term.Plural(uint64(len(p.plan)), "segment"), term.Bytes(size), p.when))
	}
	return strings.Join(parts, " and ")
}

func (t effect) json() map[string]any {
	list := func(plan compactor.Plan) []map[string]any {
		actions := make([]map[string]any, len(plan))
		for i, a := range plan {
			actions[i] = map[string]any{"action": a.Kind.String(), "segment": filename.Segment(uint64(a.Segment.Base), a.Segment.Codec), "records": a.Segment.Records, "bytes": a.Segment.Bytes}
		}
		return actions
	}
	return map[string]any{"now": list(t.now), "later": list(t.later)}
}

// show prints the result of a dry run: the settings and the effect.
func (t effect) show(c *cli.Context, after segment.Settings) error {
	if c.Bool("json") {
		return term.PrintJSON(c.App.Writer, map[string]any{"settings": report.Settings(after), "retires": t.json(), "dry_run": true})
	}
	text := "these settings retire no existing record"
	if !t.isEmpty() {
		text = "these settings would " + t.text()
	}
	if err := showSettings(c, after); err != nil {
		return err
	}
	_, err := term.Fprintf(c.App.Writer, "%s; nothing was changed\n", text)
	return err
}
