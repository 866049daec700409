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

// An upkeep is one run of compact or prune.
type upkeep struct {
	c        *cli.Context
	log      *segment.Log
	policy   segment.Upkeep
	now      time.Time
	segments []compactor.Segment
	sealed   *compactor.Segment // by --seal; nil: none
	plan     compactor.Plan
	bar      *term.Progress
}

// newUpkeep looks at the log. Flags hold before the settings that they are named after.
func newUpkeep(c *cli.Context, flags map[string]string) (*upkeep, error) {
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
	u := &upkeep{c: c, now: time.Now()}
	if u.bar, err = newProgress(c, c.Command.Name); err != nil {
		return nil, err
	}
	if u.log, err = openLog(c, dir); err != nil {
		return nil, err
	}
	policy, err := u.log.Marker.Settings.With(over).Policy()
	if err != nil {
		return nil, err
	}
	u.policy = policy.Upkeep
	u.segments, err = compactor.Segments(u.log)
	return u, err
}

// guard keeps automatic retirement by age from acting on a wrong clock.
func (u *upkeep) guard() (compactor.Guard, error) {
	if u.policy.MaxAge == 0 {
		return compactor.Guard{}, nil
	}
	return compactor.Automatic(u.log, u.policy, u.now)
}

// do runs the plan, or says what it would do.
func (u *upkeep) do() error {
	if len(u.plan) > 0 && u.plan[0].Kind == compactor.Archive {
		if err := u.log.CheckArchive(u.policy.ArchiveTo); err != nil {
			if !u.c.Bool("dry-run") {
				u.record(nil, err)
			}
			return fmt.Errorf("%s: %w", u.c.Command.Name, err)
		}
	}
	if u.c.Bool("dry-run") {
		changes, err := u.estimate()
		if err != nil && !errors.Is(err, segment.ErrCorrupt) {
			return err
		}
		return u.show(changes, u.bytes(), errors.Join(u.damage(), err))
	}
	before := u.bytes()
	changes, err := compactor.Run(u.c.Context, u.log.Dir, u.plan, compactor.Options{
		Options:  segment.Options{ID: u.log.Marker.ID},
		Policy:   u.policy,
		Once:     u.c.Bool("due"),
		Progress: func(done, of int) { u.bar.Set(int64(done), int64(of)) },
	})
	u.bar.Finish()
	damage := errors.Join(u.damage(), err)
	u.record(changes, damage)
	if err != nil && !errors.Is(err, segment.ErrCorrupt) {
		return fmt.Errorf("%s: %w", u.c.Command.Name, err)
	}
	return u.show(changes, before, damage)
}

// damage returns why segments are left alone.
func (u *upkeep) damage() (all error) {
	for _, s := range u.segments {
		all = errors.Join(all, s.Damage)
	}
	return all
}

// bytes returns what the log takes on disk.
func (u *upkeep) bytes() (n int64) {
	for _, s := range u.segments {
		n += s.Bytes
	}
	return n
}

// estimate says what the plan comes to. How far segments shrink, those tell that
// are compressed already, or else the first that would be. Damage that this
// meets is the error, beside what the others come to.
func (u *upkeep) estimate() (changes []compactor.Change, damage error) {
	ratio := u.ratio()
	for _, a := range u.plan {
		s := a.Segment
		change := compactor.Change{Kind: a.Kind, Change: segment.Change{Segment: segment.FileName(s.Base, s.Codec), Records: s.Records, Before: s.Bytes}}
		if a.Kind == compactor.Compress && s.Wide && !s.Copy {
			n, err := u.log.EstimateIndex(u.c.Context, s.Segment)
			if errors.Is(err, segment.ErrCorrupt) {
				damage = errors.Join(damage, err)
				continue
			}
			if err != nil {
				return nil, err
			}
			change.Segment, change.Before, change.After = segment.SmallIndexName(s.Base), s.Bytes-diskBytes(s.Segment), n
		} else if a.Kind == compactor.Compress {
			change.Before = diskBytes(s.Segment)
			if ratio == 0 && u.sealed != nil && u.sealed.Base == s.Base { // it has no trailer yet to be read by
				change.After = change.Before
				changes = append(changes, change)
				continue
			}
			if ratio == 0 {
				n, err := u.log.Estimate(u.c.Context, s.Segment, u.policy.Codec)
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
		changes = append(changes, change)
		if u.c.Bool("due") && a.Kind == compactor.Compress {
			break
		}
	}
	return changes, damage
}

// ratio returns how large the log's compressed segments are beside their plain
// text; 0 where there are none of the codec.
func (u *upkeep) ratio() float64 {
	var disk, plain int64
	for _, s := range u.segments {
		if s.Codec != u.policy.Codec || s.Damage != nil {
			continue
		}
		if sum, err := u.log.Summary(s.Segment); err == nil {
			disk, plain = disk+diskBytes(s.Segment), plain+int64(sum.Bytes)
		}
	}
	return float64(disk) / float64(max(1, plain))
}

// record notes in the log's diary, and in UPKEEP, what was done.
func (u *upkeep) record(changes []compactor.Change, err error) {
	done := map[compactor.Kind][]string{}
	for _, c := range changes {
		done[c.Kind] = append(done[c.Kind], c.Segment)
	}
	for kind, names := range done {
		eventlog.Log(u.log.Dir, slog.LevelInfo, kind.String(), "segments", names)
	}
	if errors.Is(err, context.Canceled) { // it was told to end, which is no failure
		return
	}
	note := segment.UpkeepStatus{OK: u.now.UTC()}
	if err != nil {
		eventlog.Log(u.log.Dir, slog.LevelError, "upkeep failed", "command", u.c.Command.Name, "error", err.Error())
		note = segment.UpkeepStatus{OK: u.log.Status().Upkeep.OK, Failed: u.now.UTC(), Error: err.Error()}
	}
	_ = u.log.UpdateStatus(u.c.Context, func(n *segment.Status) { n.Upkeep = note }) // for messages only
}

// show prints what was done, or would be, to a log of so many bytes.
func (u *upkeep) show(changes []compactor.Change, before int64, damage error) error {
	after := before
	for _, c := range changes {
		after += c.After - c.Before
		if c.Kind == compactor.Archive {
			after -= c.After
		}
	}
	var err error
	if u.c.Bool("json") {
		err = u.showJSON(changes, before, after)
	} else {
		err = u.showText(changes, before, after)
	}
	if err == nil && damage != nil {
		say(u.c.App.ErrWriter, "left as it is: %v", damage)
		return &exitError{code: exitDamaged, err: errReported}
	}
	return err
}

func (u *upkeep) showJSON(changes []compactor.Change, before, after int64) error {
	actions := make([]map[string]any, len(changes))
	for i, c := range changes {
		actions[i] = map[string]any{"action": c.Kind.String(), "segment": c.Segment, "records": c.Records, "bytes_before": c.Before, "bytes_after": c.After}
	}
	done := map[string]any{"actions": actions, "bytes_before": before, "bytes_after": after, "dry_run": u.c.Bool("dry-run")}
	if u.c.Command.Name == "compact" {
		done["sealed"] = u.sealedName()
	}
	return term.PrintJSON(u.c.App.Writer, done)
}

func (u *upkeep) showText(changes []compactor.Change, before, after int64) error {
	out := u.c.App.Writer
	if s := u.sealed; s != nil {
		if _, err := term.Fprintf(out, "%-8s  %s  %s, %s\n", "seal", segment.FileName(s.Base, s.Codec), term.Plural(s.Records, "record"), term.Bytes(s.Bytes)); err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		_, err := term.Fprintf(out, "nothing to do: %s\n", u.idle())
		return err
	}
	for _, c := range changes {
		what := fmt.Sprintf("%-8s  %s  %s, %s", c.Kind, c.Segment, term.Plural(c.Records, "record"), term.Bytes(c.Before))
		switch c.Kind {
		case compactor.Compress:
			after := term.Bytes(c.After)
			if u.c.Bool("dry-run") && c.After == c.Before {
				after = "not known before it is sealed"
			}
			what += " → " + after
		case compactor.Archive:
			what += " → " + term.Safe(u.policy.ArchiveTo)
		}
		if _, err := term.Fprintf(out, "%s\n", what); err != nil {
			return err
		}
	}
	said := "the log took %s on disk and takes %s\n"
	if u.c.Bool("dry-run") {
		said = "the log takes %s on disk and would take about %s; nothing was done\n"
	}
	_, err := term.Fprintf(out, said, term.Bytes(before), term.Bytes(after))
	return err
}

// idle says why there is nothing to do.
func (u *upkeep) idle() string {
	if u.c.Command.Name == "prune" {
		return "no whole sealed segment is past a limit"
	}
	if u.policy.CompressAfter == segment.Never {
		return "compress-after is never"
	}
	return "no plain sealed segment is older than " + term.Duration(u.policy.CompressAfter) + u.aboutActive()
}

// aboutActive says why the newest segment is not compressed, and what seals it.
func (u *upkeep) aboutActive() string {
	s := u.segments[len(u.segments)-1]
	if s.Sealed || s.Records == 0 || s.Codec != segment.Plain {
		return ""
	}
	set := u.log.Marker.Settings
	return fmt.Sprintf("; the newest segment (%s) is active until it holds %s or is %s old: --seal seals it now", term.Bytes(diskBytes(s.Segment)), set.Get("segment-size"), set.Get("segment-age"))
}

// sealedName names the segment that was sealed, for JSON; nil: none was.
func (u *upkeep) sealedName() *string {
	if u.sealed == nil {
		return nil
	}
	name := segment.FileName(u.sealed.Base, u.sealed.Codec)
	return &name
}

// diskBytes returns the length of a segment's file, 0 if it is gone.
func diskBytes(s segment.Segment) int64 {
	info, err := os.Lstat(s.Path)
	if err != nil {
		return 0
	}
	return info.Size()
}
