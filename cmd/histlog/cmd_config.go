package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/internal/report"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func configCommand() *cli.Command {
	return &cli.Command{
		Name:      "config",
		Usage:     "show or set a log's settings",
		ArgsUsage: "DIR [KEY=VALUE…]",
		Description: `Changes take effect when the next segment begins; time-field, time-zone and time-format
apply to later records, with --restamp to all. KEY= resets a setting to its default.

   histlog config step2
   histlog config step2 segment-size=128M sync=interval=1s
   histlog config step2 max-age=365d --dry-run

If the times of a log were read in a wrong zone, or at a wrong member, --restamp reads
all records again and corrects their times. It changes no record. It waits until no
writer holds the lock, and seals the newest segment. If it is interrupted, run it again.

   histlog config step2 time-zone=America/New_York --restamp --dry-run
   histlog config step2 time-zone=America/New_York --restamp

If a limit, or a time that --restamp corrects, would retire existing records, now or when
the next segment begins, config wants --yes.

The settings are in the file HISTLOG, which has a checksum. If you have edited HISTLOG
by hand, or put back a copy of it, --accept-edit writes a new checksum.

   histlog config --accept-edit step2

Sizes are written 64M or 64MB, spans 90s, 24h or 30d. segment-age counts from a segment's
creation, max-age from the time in its newest record, and compress-after from that time
or the arrival of the record, whichever is earlier.
max-age by itself retires no segment whose newest record arrived less than a day ago.
After the clock has jumped ahead, max-age retires nothing until records have arrived for
a day.

` + settingsText(),
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "accept-edit", Usage: "accept a HISTLOG that was edited by hand or put back from a copy"},
			&cli.BoolFlag{Name: "restamp", Usage: "read the times of all records again, by the settings time-field, time-zone and time-format"},
			&cli.StringFlag{Name: "lock-wait", Usage: "with --restamp: how long to wait for a writer", Value: "10s"},
			&cli.BoolFlag{Name: "yes", Usage: "confirm limits, or times, that retire existing records"},
			&cli.BoolFlag{Name: "dry-run", Usage: "show what the settings would be and which segments they would retire; change nothing"},
			progressFlag(), jsonFlag(),
		},
		Action: runConfig,
	}
}

// settingsText describes each setting and its default.
func settingsText() string {
	var b strings.Builder
	for _, key := range segment.SettingKeys() {
		about := segment.SettingAbout(key)
		if fallback := (segment.Settings{}).Get(key); fallback != "" {
			about += " (" + fallback + ")"
		}
		fmt.Fprintf(&b, "   %-14s %s\n", key, about)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func runConfig(c *cli.Context) error {
	if c.NArg() < 1 {
		return usage("config", "DIR, the log's directory, is missing")
	}
	dir := c.Args().First()
	change := segment.Settings{}
	for _, pair := range c.Args().Tail() {
		key, text, ok := strings.Cut(pair, "=")
		if !ok {
			return usage("config", "%q is not KEY=VALUE", pair)
		}
		change[key] = text
	}
	if err := change.Check(); err != nil {
		return badSetting("config", change, err)
	}
	if err := absolute(change); err != nil {
		return err
	}
	if c.Bool("accept-edit") {
		return acceptEdit(c, dir, change)
	}
	l, err := openLog(c, dir)
	if err != nil {
		return err
	}
	settings := l.Marker.Settings
	if to := change["archive-to"]; to != "" {
		if err := l.CheckArchive(to); errors.Is(err, segment.ErrNotArchive) { // it may be missing now and be mounted later
			return fmt.Errorf("archive-to: %w", err)
		}
	}
	if c.Bool("restamp") {
		return restamp(c, l, change)
	}
	if done, err := allowed(c, l, change); done || err != nil {
		return err
	}
	if len(change) > 0 {
		if settings, err = segment.Configure(c.Context, l.Dir, change, l.FS()); err != nil {
			return err
		}
		eventlog.Log(l.FS(), l.Dir, slog.LevelInfo, "configured", "change", change)
	}
	return showSettings(c, settings)
}

// allowed returns an error if a change of the limits would retire records and --yes is
// not given. done reports that this was a dry run, whose result it has printed.
func allowed(c *cli.Context, l *segment.Log, change segment.Settings) (done bool, err error) {
	after := changed(l.Marker.Settings, change)
	var t effect
	if slices.ContainsFunc(append(segment.LimitKeys(), "archive-to"), func(key string) bool { _, is := change[key]; return is }) {
		if t, err = limitsEffect(l, l.Marker.Settings, after, nil); err != nil {
			return false, err
		}
	}
	if c.Bool("dry-run") {
		return true, t.show(c, after)
	}
	return false, t.confirm(c)
}

// changed returns settings with a change, in which an empty text means the default.
func changed(s, change segment.Settings) segment.Settings {
	s = s.With(change)
	for key, text := range change {
		if text == "" {
			delete(s, key)
		}
	}
	return s
}

// acceptEdit accepts an edited HISTLOG and prints its settings.
func acceptEdit(c *cli.Context, dir string, change segment.Settings) error {
	if len(change) > 0 {
		return usage("config", "--accept-edit accepts what HISTLOG says; change settings afterwards")
	}
	if c.Bool("restamp") {
		return usage("config", "--accept-edit accepts what HISTLOG says; use --restamp afterwards")
	}
	settings, err := segment.AcceptEdit(c.Context, dir, nil)
	if err != nil {
		return fmt.Errorf("config --accept-edit: %w", err)
	}
	eventlog.Log(nil, dir, slog.LevelWarn, "edit of HISTLOG accepted", "settings", settings)
	return showSettings(c, settings)
}

func showSettings(c *cli.Context, s segment.Settings) error {
	if c.Bool("json") {
		return term.PrintJSON(c.App.Writer, report.Settings(s))
	}
	for _, key := range segment.SettingKeys() {
		note := ""
		if _, set := s[key]; !set {
			note = "  (default)"
		}
		if _, err := term.Fprintf(c.App.Writer, "%-14s %s%s\n", key, s.Get(key), note); err != nil {
			return err
		}
	}
	return nil
}
