package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/internal/report"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/timespec"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// A restamping is one run of config --restamp.
type restamping struct {
	c      *cli.Context
	log    *segment.Log
	change segment.Settings
	done   segment.RestampResult // or what a dry run would do
	effect effect                // what the new times, and the change of limits, retire
}

// restamp changes settings and reads the times of all records again.
func restamp(c *cli.Context, l *segment.Log, change segment.Settings) error {
	wait, err := timespec.ParseDuration(c.String("lock-wait"))
	if err != nil {
		return usage("config", "--lock-wait: %v", err)
	}
	bar, err := newProgress(c, "reading")
	if err != nil {
		return err
	}
	r := &restamping{c: c, log: l, change: change}
	progress := func(read, total segment.Offset) { bar.Set(int64(read), int64(total)) }
	done, err := r.plan(progress)
	bar.Finish()
	if done || err != nil {
		return err
	}
	r.done, err = segment.Restamp(c.Context, l.Dir, change, progress, segment.Options{FS: l.FS(), ID: l.Marker.ID, LockWait: wait, Memory: maxRecord(c)})
	bar.Finish()
	eventlog.LogRecovery(l.FS(), l.Dir, r.done.Recovery)
	if err != nil {
		if r.done.Settings != nil && !errors.Is(err, segment.ErrRestamped) { // HISTLOG has them
			say(c.App.ErrWriter, "the settings are changed, but not yet all times; to go on: histlog config %s --restamp", l.Dir)
		}
		return fmt.Errorf("config --restamp: %w", err)
	}
	t := r.done.Total()
	eventlog.Log(l.FS(), l.Dir, slog.LevelInfo, "restamped", "change", change, "records", t.After.Records, "changed", t.Changed)
	if err := r.show(); err != nil {
		return err
	}
	r.sayRest()
	return r.damage()
}

// plan returns an error if the new times would retire records, and --yes is not given. done
// reports that this was a dry run, whose result it has printed.
func (r *restamping) plan(progress func(read, total segment.Offset)) (done bool, err error) {
	after := changed(r.log.Marker.Settings, r.change)
	dry := r.c.Bool("dry-run")
	limited := slices.ContainsFunc(append(segment.LimitKeys(), "archive-to"), func(key string) bool { _, is := r.change[key]; return is })
	// Only max-age depends on times. Without it the records need not be read twice.
	if !dry && !limited && after.Get("max-age") == "" {
		return false, nil
	}
	if r.done, err = r.log.PlanRestamp(r.c.Context, r.change, progress); err != nil {
		return false, err
	}
	if r.effect, err = limitsEffect(r.log, r.log.Marker.Settings, after, r.done.Segments); err != nil {
		return false, err
	}
	if !dry {
		return false, r.effect.confirm(r.c)
	}
	if err := r.show(); err != nil {
		return true, err
	}
	r.sayRest()
	return true, r.damage()
}

// show prints the settings and what became of the times.
func (r *restamping) show() error {
	c, t, dry := r.c, r.done.Total(), r.c.Bool("dry-run")
	if c.Bool("json") {
		result := map[string]any{"settings": report.Settings(r.done.Settings), "restamp": restampJSON(t), "dry_run": dry}
		if dry {
			result["retires"] = r.effect.json()
		}
		return term.PrintJSON(c.App.Writer, result)
	}
	if err := showSettings(c, r.done.Settings); err != nil {
		return err
	}
	verb := "changed"
	if dry {
		verb = "would change"
	}
	lines := []string{fmt.Sprintf("%s read again: %s %s", term.Plural(t.After.Records, "record"), term.Plural(t.Changed, "time"), verb)}
	if t.Changed > 0 {
		lines = append(lines, fmt.Sprintf("first time  %s → %s", clockText(t.Before.First), clockText(t.After.First)),
			fmt.Sprintf("last time   %s → %s", clockText(t.Before.Last), clockText(t.After.Last)))
	}
	if dry {
		lines = append(lines, r.effect.dryText())
	}
	for _, line := range lines {
		if _, err := term.Fprintf(c.App.Writer, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// clockText formats a time with its zone, which the correction may be about.
func clockText(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

func restampJSON(t segment.Restamped) map[string]any {
	return map[string]any{
		"records": t.After.Records, "changed": t.Changed, "without_time": t.Untimed, "complete": t.Damage == nil,
		"first_time_before": term.JSONTime(t.Before.First), "last_time_before": term.JSONTime(t.Before.Last),
		"first_time": term.JSONTime(t.After.First), "last_time": term.JSONTime(t.After.Last),
	}
}

// sayRest says which times are not those of the new rule.
func (r *restamping) sayRest() {
	t, field := r.done.Total(), r.done.Settings.Get("time-field")
	switch {
	case t.Untimed > 0 && t.Untimed == t.After.Records:
		say(r.c.App.ErrWriter, "no record has a time at %s: the time of arrival is used instead; name another place with time-field=", field)
	case t.Untimed > 0:
		say(r.c.App.ErrWriter, "%s of %s records have no time at %s: the time of arrival is used instead", term.Count(t.Untimed), term.Count(t.After.Records), field)
	}
	if to := r.done.Settings.Get("archive-to"); to != "" {
		if _, err := segment.Open(to); err == nil {
			say(r.c.App.ErrWriter, "the records in the archive keep their times; to read them again: histlog config %s … --restamp", to)
		}
	}
}

// damage returns the error for segments that are damaged.
func (r *restamping) damage() error {
	found := false
	for _, s := range r.done.Segments {
		if s.Damage != nil {
			say(r.c.App.ErrWriter, "left as it is: %v", s.Damage)
			found = true
		}
	}
	if !found {
		return nil
	}
	term.Fprintf(r.c.App.ErrWriter, "hint: repair it with histlog verify --repair %s, then run histlog config %s --restamp\n", r.log.Dir, r.log.Dir)
	return &exitError{code: exitDamaged, err: errReported}
}
