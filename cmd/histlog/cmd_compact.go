package main

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/histlog/histlog/compactor"
	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/internal/feed"
	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/timespec"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func compactCommand() *cli.Command {
	return &cli.Command{
		Name:      "compact",
		Usage:     "compress sealed segments without loss",
		ArgsUsage: "DIR",
		Description: `Each record is compared with its checksum before compression, and again in the
compressed file; only then is the plain file removed. zstd, zstdcat, gzip, zcat, jq
and DuckDB read the files as they are. The index of a compressed segment is compressed
too, if the segment has more than 124 records.

Small segments that arrived on the same day (UTC) are merged, up to segment-size, once
that day has ended and all of them may be compressed. The setting merge turns it off.

   histlog compact --dry-run step2
   histlog compact step2
   histlog compact --older-than 0s --codec gzip step2

The newest segment is active and is not compressed until it is sealed, that is, until
it is full or old enough. --seal seals it now, under the writer's lock. So a log to
which nothing more is appended can be compressed completely:

   histlog compact --seal --older-than 0s step2`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "older-than", Usage: "only segments whose newest record has at least this `AGE` (default: the setting compress-after, 24h)"},
			&cli.StringFlag{Name: "codec", Usage: seekable.Names() + " (default: the setting codec, zstd)"},
			&cli.BoolFlag{Name: "due", Usage: "run at most one due compression, one due merge and one due retirement (what append starts in the background)"},
			&cli.BoolFlag{Name: "seal", Usage: "seal the newest segment first, unless it is empty"},
			&cli.StringFlag{Name: "log-id", Hidden: true, Usage: "fail if the log has another `ID` (append passes that of the log it has open)"},
			&cli.StringFlag{Name: "lock-wait", Usage: "with --seal: how long to wait for a writer", Value: "10s"},
			dryRunFlag(), progressFlag(), jsonFlag(),
		},
		Action: runCompact,
	}
}

func runCompact(c *cli.Context) error {
	m, err := newMaintenance(c, map[string]string{"older-than": "compress-after", "codec": "codec"})
	if err != nil {
		return err
	}
	//mutant:maintenance-of-another-log-than-the-one-that-append-has-open
	if id := m.log.Marker.ID.String(); c.IsSet("log-id") && c.String("log-id") != id {
		return fmt.Errorf("compact: %s: %w", m.log.Dir, segment.ErrReplaced)
	}
	if c.Bool("seal") {
		if err := m.seal(); err != nil {
			return err
		}
	}
	if c.Bool("due") {
		feed.LowerPriority()
		guard, err := m.guard()
		if err != nil {
			return err
		}
		m.plan = compactor.PlanDue(m.policy, m.segments, m.now, guard)
	} else {
		m.plan = compactor.PlanCompact(m.policy, m.segments, m.now)
	}
	return m.run()
}

// seal seals the newest segment. A dry run plans as if it were sealed.
func (m *maintenance) seal() error {
	wait, err := timespec.ParseDuration(m.c.String("lock-wait"))
	if err != nil {
		return usage("compact", "--lock-wait: %v", err)
	}
	last := &m.segments[len(m.segments)-1]
	if m.c.Bool("dry-run") {
		if !last.Sealed && last.Records > 0 && last.Damage == nil {
			sum, err := m.log.Summary(last.Segment)
			if err != nil {
				return err
			}
			last.Sealed, last.Next, last.Newest = true, last.Base+segment.Sequence(last.Records), sum.Last
			m.sealed = last
		}
		return nil
	}
	sealed, err := segment.Seal(m.c.Context, m.log.Dir, segment.Options{FS: m.log.FS(), ID: m.log.Marker.ID, LockWait: wait})
	if err != nil {
		return fmt.Errorf("compact --seal: %w", err)
	}
	if err := m.log.Refresh(); err != nil {
		return err
	}
	if m.segments, err = compactor.Segments(m.log); err != nil {
		return err
	}
	at := slices.IndexFunc(m.segments, func(s compactor.Segment) bool { return s.Base == sealed.Base })
	if at >= 0 {
		m.sealed = &m.segments[at]
		eventlog.Log(m.log.FS(), m.log.Dir, slog.LevelInfo, "sealed", "segment", filepath.Base(sealed.Path))
	}
	return nil
}
