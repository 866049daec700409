package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/histlog/histlog/compactor"
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

// limitsEffect returns the effect of a change of settings. If the times of records change
// too, restamped holds the segments as they will be; nil means that they do not.
func limitsEffect(l *segment.Log, before, after segment.Settings, restamped []segment.Restamped) (t effect, err error) {
	at := time.Now()
	segments, err := compactor.Segments(l)
	if err != nil {
		return t, err
	}
	next, err := rolled(l, segments, at)
	if err != nil {
		return t, err
	}
	was, err := before.Policy()
	if err != nil {
		return t, err
	}
	is, err := after.Policy()
	if err != nil {
		return t, err
	}
	plan := func(p segment.Policy, segments []compactor.Segment) compactor.Plan {
		return compactor.PlanRetention(p.Upkeep, segments, at, compactor.Guard{})
	}
	wasNow, wasLater := plan(was, segments), plan(was, next)
	if restamped != nil { // which seals the newest segment, so that the next one begins now
		t.now = without(without(plan(is, withTimes(next, restamped)), wasNow), wasLater)
		return t, nil
	}
	now := plan(is, segments)
	t.now, t.later = without(now, wasNow), without(without(plan(is, next), now), wasLater)
	return t, nil
}

// withTimes returns the segments with the times that they will have.
func withTimes(segments []compactor.Segment, restamped []segment.Restamped) []compactor.Segment {
	segments = slices.Clone(segments)
	for _, r := range restamped {
		at := slices.IndexFunc(segments, func(s compactor.Segment) bool { return s.Base == r.Base && s.Sealed })
		if at >= 0 && r.After.Records > 0 {
			segments[at].Newest = r.After.Last
		}
	}
	return segments
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
			actions[i] = map[string]any{"action": a.Kind.String(), "segment": a.Segment.Name(), "records": a.Segment.Records, "bytes": a.Segment.Bytes}
		}
		return actions
	}
	return map[string]any{"now": list(t.now), "later": list(t.later)}
}

// confirm returns an error if there is an effect and --yes is not given.
func (t effect) confirm(c *cli.Context) error {
	switch {
	case t.isEmpty():
		return nil
	case c.Bool("yes"):
		say(c.App.ErrWriter, "these settings %s", t.text())
		return nil
	}
	e := usage("config", "these settings would %s", t.text())
	e.hint = "list the segments with --dry-run --json; if these records may go, repeat the command with --yes"
	return e
}

// show prints the result of a dry run: the settings and the effect.
func (t effect) show(c *cli.Context, after segment.Settings) error {
	if c.Bool("json") {
		return term.PrintJSON(c.App.Writer, map[string]any{"settings": report.Settings(after), "retires": t.json(), "dry_run": true})
	}
	if err := showSettings(c, after); err != nil {
		return err
	}
	_, err := term.Fprintf(c.App.Writer, "%s\n", t.dryText())
	return err
}

// dryText describes the effect in one line, for a dry run.
func (t effect) dryText() string {
	text := "these settings retire no existing record"
	if !t.isEmpty() {
		text = "these settings would " + t.text()
	}
	return text + "; nothing was changed"
}
