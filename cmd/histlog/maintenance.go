package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/histlog/histlog/compactor"
	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// A maintenance is one run of compact or prune.
type maintenance struct {
	c        *cli.Context
	log      *segment.Log
	policy   segment.Upkeep
	now      time.Time
	segments []compactor.Segment
	sealed   *compactor.Segment // the segment sealed by --seal, nil if none was
	plan     compactor.Plan
	bar      *term.Progress
}

// newMaintenance examines the log. flags maps flags to the settings that they override.
func newMaintenance(c *cli.Context, flags map[string]string) (*maintenance, error) {
	dir, err := oneDir(c)
	if err != nil {
		return nil, err
	}
	over := segment.Settings{}
	for flag, key := range flags {
		if !c.IsSet(flag) {
			continue
		}
		over[key] = c.String(flag)
	}
	if err := over.Check(); err != nil {
		return nil, usage(c.Command.Name, "%v", err)
	}
	m := &maintenance{c: c, now: time.Now()}
	if m.bar, err = newProgress(c, c.Command.Name); err != nil {
		return nil, err
	}
	if m.log, err = openLog(c, dir); err != nil {
		return nil, err
	}
	policy, err := m.log.Marker.Settings.With(over).Policy()
	if err != nil {
		return nil, err
	}
	m.policy = policy.Upkeep
	m.segments, err = compactor.Segments(m.log)
	return m, err
}

// guard returns the Guard of automatic retirement by age against a wrong clock.
func (m *maintenance) guard() (compactor.Guard, error) {
	if m.policy.MaxAge == 0 {
		return compactor.Guard{}, nil
	}
	return compactor.Automatic(m.log, m.policy, m.now)
}

// run executes the plan, or prints it if this is a dry run.
func (m *maintenance) run() error {
	if len(m.plan) > 0 && m.plan[0].Kind == compactor.Archive {
		if err := m.checkArchive(); err != nil {
			if !m.c.Bool("dry-run") {
				m.logChanges(nil, err)
			}
			return fmt.Errorf("%s: %w", m.c.Command.Name, err)
		}
	}
	if m.c.Bool("dry-run") {
		changes, err := m.estimate()
		if err != nil && !errors.Is(err, segment.ErrCorrupt) {
			return err
		}
		return m.show(changes, m.diskSize(), errors.Join(m.damage(), err))
	}
	before := m.diskSize()
	changes, err := compactor.Run(m.c.Context, m.log.Dir, m.plan, compactor.Options{
		Options:  segment.Options{FS: m.log.FS(), ID: m.log.Marker.ID},
		Policy:   m.policy,
		Once:     m.c.Bool("due"),
		Progress: func(done, of int) { m.bar.Set(int64(done), int64(of)) },
	})
	m.bar.Finish()
	damage := errors.Join(m.damage(), err)
	m.logChanges(changes, damage)
	if err != nil && !errors.Is(err, segment.ErrCorrupt) {
		return fmt.Errorf("%s: %w", m.c.Command.Name, err)
	}
	return m.show(changes, before, damage)
}

// checkArchive returns an error if the archive of the settings or of --archive-to cannot be
// one, or must not be: the settings may be those of another account.
func (m *maintenance) checkArchive() error {
	if !m.c.IsSet("archive-to") {
		if err := m.log.CheckOwnSettings(); err != nil {
			return fmt.Errorf("archive-to %s: %w", m.policy.ArchiveTo, err)
		}
	}
	return m.log.CheckArchive(m.policy.ArchiveTo)
}

// damage returns the damage because of which segments are skipped.
func (m *maintenance) damage() (all error) {
	for _, s := range m.segments {
		all = errors.Join(all, s.Damage)
	}
	return all
}

// diskSize returns the size of the log on disk.
func (m *maintenance) diskSize() (n int64) {
	for _, s := range m.segments {
		n += s.Bytes
	}
	return n
}

// estimate returns the changes that the plan would make. The compression ratio is taken
// from segments that are already compressed, or else measured on the first one that
// would be. damage reports segments that could not be estimated.
func (m *maintenance) estimate() (changes []compactor.Change, damage error) {
	ratio := m.ratio()
	planned := map[compactor.Kind]bool{}
	for _, a := range m.plan {
		if m.c.Bool("due") && planned[a.Kind] {
			continue
		}
		s := a.Segment
		change := compactor.Change{Kind: a.Kind, Change: segment.Change{Segment: s.Name(), Records: s.Records, Before: s.Bytes}}
		if a.Kind == compactor.Compress && s.Wide && !s.Copy {
			n, err := m.log.EstimateIndex(m.c.Context, s.Segment)
			if errors.Is(err, segment.ErrCorrupt) {
				damage = errors.Join(damage, err)
				continue
			}
			if err != nil {
				return nil, err
			}
			change.Segment, change.Before, change.After = s.SmallIndexName(), s.Bytes-diskBytes(s.Segment), n
		} else if a.Kind == compactor.Compress {
			change.Before = diskBytes(s.Segment)
			if ratio == 0 && m.sealed != nil && m.sealed.Base == s.Base { // an unsealed segment cannot be measured
				change.After = change.Before
				changes = append(changes, change)
				continue
			}
			if ratio == 0 {
				n, err := m.log.Estimate(m.c.Context, s.Segment, m.policy.Codec)
				if errors.Is(err, segment.ErrCorrupt) {
					damage = errors.Join(damage, err)
					continue
				}
				if err != nil {
					return nil, err
				}
				ratio = float64(n) / float64(max(1, change.Before))
			}
			change.After = int64(ratio * float64(change.Before))
		}
		if a.Kind == compactor.Merge && s.Supersedes() { // nothing is left to compress
			n, err := m.log.DiskBytes(s.Segment)
			if err != nil {
				return nil, err
			}
			change.After = n
		} else if a.Kind == compactor.Merge { // at most what they take now: together they are compressed better
			change.After = change.Before
			if ratio > 0 {
				change.After = min(change.Before, int64(ratio*float64(s.Text)))
			}
		}
		changes = append(changes, change)
		planned[a.Kind] = true
	}
	return changes, damage
}

// ratio returns the size of the compressed segments relative to their text, 0 if no
// segment has the codec of the policy.
func (m *maintenance) ratio() float64 {
	var disk, plain int64
	for _, s := range m.segments {
		if s.Codec != m.policy.Codec || s.Damage != nil {
			continue
		}
		if sum, err := m.log.Summary(s.Segment); err == nil {
			disk, plain = disk+diskBytes(s.Segment), plain+int64(sum.Bytes)
		}
	}
	return float64(disk) / float64(max(1, plain))
}

// logChanges writes changes and err to the event log, and updates the status for check.
func (m *maintenance) logChanges(changes []compactor.Change, err error) {
	done := map[compactor.Kind][]string{}
	for _, c := range changes {
		done[c.Kind] = append(done[c.Kind], c.Segment)
	}
	for kind, names := range done {
		eventlog.Log(m.log.FS(), m.log.Dir, slog.LevelInfo, kind.String(), "segments", names)
	}
	if errors.Is(err, context.Canceled) { // interrupted by a signal, which is not a failure
		return
	}
	note := segment.UpkeepStatus{OK: m.now.UTC()}
	if err != nil {
		eventlog.Log(m.log.FS(), m.log.Dir, slog.LevelError, "maintenance failed", "command", m.c.Command.Name, "error", err.Error())
		note = segment.UpkeepStatus{OK: m.log.Status().Upkeep.OK, Failed: m.now.UTC(), Error: err.Error()}
	}
	_ = m.log.UpdateStatus(m.c.Context, func(n *segment.Status) { n.Upkeep = note }) // the status is informational
}

// show prints the changes that were made, or would be, to a log of before bytes.
func (m *maintenance) show(changes []compactor.Change, before int64, damage error) error {
	after := before
	for _, c := range changes {
		after += c.After - c.Before
		if c.Kind == compactor.Archive {
			after -= c.After
		}
	}
	var err error
	if m.c.Bool("json") {
		err = m.showJSON(changes, before, after)
	} else {
		err = m.showText(changes, before, after)
	}
	if err == nil && damage != nil {
		say(m.c.App.ErrWriter, "skipped a damaged segment: %v", damage)
		return &exitError{code: exitDamaged, err: errReported}
	}
	return err
}

func (m *maintenance) showJSON(changes []compactor.Change, before, after int64) error {
	actions := make([]map[string]any, len(changes))
	for i, c := range changes {
		actions[i] = map[string]any{"action": c.Kind.String(), "segment": c.Segment, "records": c.Records, "bytes_before": c.Before, "bytes_after": c.After}
	}
	done := map[string]any{"actions": actions, "bytes_before": before, "bytes_after": after, "dry_run": m.c.Bool("dry-run")}
	if m.c.Command.Name == "compact" {
		done["sealed"] = m.sealedName()
	}
	return term.PrintJSON(m.c.App.Writer, done)
}

func (m *maintenance) showText(changes []compactor.Change, before, after int64) error {
	out := m.c.App.Writer
	if s := m.sealed; s != nil {
		if _, err := term.Fprintf(out, "%-8s  %s  %s, %s\n", "seal", s.Name(), term.Plural(s.Records, "record"), term.Bytes(s.Bytes)); err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		_, err := term.Fprintf(out, "nothing to do: %s\n", m.whyNothing())
		return err
	}
	for _, c := range changes {
		what := fmt.Sprintf("%-8s  %s  %s, %s", c.Kind, c.Segment, term.Plural(c.Records, "record"), term.Bytes(c.Before))
		switch c.Kind {
		case compactor.Compress:
			after := term.Bytes(c.After)
			if m.c.Bool("dry-run") && c.After == c.Before {
				after = "unknown until it is sealed"
			}
			what += " → " + after
		case compactor.Merge:
			what += " → " + term.Bytes(c.After)
		case compactor.Archive:
			what += " → " + term.Safe(m.policy.ArchiveTo)
		}
		if _, err := term.Fprintf(out, "%s\n", what); err != nil {
			return err
		}
	}
	said := "the log took %s on disk and takes %s\n"
	if m.c.Bool("dry-run") {
		said = "the log takes %s on disk and would take about %s; nothing was done\n"
	}
	_, err := term.Fprintf(out, said, term.Bytes(before), term.Bytes(after))
	return err
}

// whyNothing returns why the plan is empty.
func (m *maintenance) whyNothing() string {
	if m.c.Command.Name == "prune" {
		return "no sealed segment exceeds a limit"
	}
	if m.policy.CompressAfter == segment.Never {
		return "compress-after is never"
	}
	return "no plain sealed segment is older than " + term.Duration(m.policy.CompressAfter) + m.aboutActive()
}

// aboutActive returns why the newest segment is not compressed, and when it will be.
func (m *maintenance) aboutActive() string {
	s := m.segments[len(m.segments)-1]
	if s.Sealed || s.Records == 0 || s.Codec != segment.Plain {
		return ""
	}
	set := m.log.Marker.Settings
	return fmt.Sprintf("; the newest segment (%s) is active until it holds %s or is %s old: --seal seals it now", term.Bytes(diskBytes(s.Segment)), set.Get("segment-size"), set.Get("segment-age"))
}

// sealedName returns the name of the segment that was sealed, nil if none was.
func (m *maintenance) sealedName() *string {
	if m.sealed == nil {
		return nil
	}
	name := m.sealed.Name()
	return &name
}

// diskBytes returns the size of the file of a segment, 0 if it is gone.
func diskBytes(s segment.Segment) int64 {
	info, err := os.Lstat(s.Path)
	if err != nil {
		return 0
	}
	return info.Size()
}
