package main

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/internal/filename"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func snapshotCommand() *cli.Command {
	return &cli.Command{
		Name:      "snapshot",
		Usage:     "copy a log as it is now, while it is written",
		ArgsUsage: "DIR DEST",
		Description: `DEST becomes a log of its own with the same records, sequences, settings and id;
it must be missing or empty. It holds every record that was acknowledged before
the command began. On the same file system sealed segments are not copied but get
a second name, which takes milliseconds and no room. To protect the log against a
broken disk, copy DEST to another disk. See docs/BACKUP.md.

   histlog snapshot step2 step2-copy
   histlog snapshot step2 step2-$(date +%F)`,
		Flags:  []cli.Flag{progressFlag(), jsonFlag()},
		Action: runSnapshot,
	}
}

func runSnapshot(c *cli.Context) error {
	if c.NArg() != 2 {
		return usage("snapshot", "want two arguments, the log's directory and the snapshot's, not %d", c.NArg())
	}
	dir, dest := c.Args().Get(0), c.Args().Get(1)
	if filename.IsSegment(filepath.Base(dir)) {
		return usage("snapshot", "%s is one segment of a log; name the log's directory", dir)
	}
	bar, err := newProgress(c, "copying")
	if err != nil {
		return err
	}
	started := time.Now()
	done, err := segment.Snapshot(c.Context, dir, dest, bar.Set, segment.Options{})
	bar.Finish()
	if err != nil {
		return snapshotError(err)
	}
	eventlog.Log(nil, dir, slog.LevelInfo, "snapshot", "to", dest, "first_seq", done.First, "last_seq", done.Next-1)
	if err := showSnapshot(c, dest, done, time.Since(started)); err != nil {
		return err
	}
	return reportDamage(c, done)
}

// snapshotError adds a hint to errors about DEST.
func snapshotError(err error) error {
	switch {
	case errors.Is(err, segment.ErrExists):
		return &exitError{code: exitFailure, err: err, hint: "name a directory that does not exist, with the date in its name for example; remove snapshots that are no longer needed"}
	case errors.Is(err, segment.ErrInside):
		return &exitError{code: exitFailure, err: err, hint: "name a directory outside the log"}
	}
	return err
}

func showSnapshot(c *cli.Context, dest string, done segment.SnapshotResult, elapsed time.Duration) error {
	records := uint64(done.Next - done.First)
	if c.Bool("json") {
		var first, last *segment.Sequence
		if records > 0 {
			first, last = seqOrNil(done.First), seqOrNil(done.Next-1)
		}
		return term.PrintJSON(c.App.Writer, map[string]any{
			"snapshot": dest, "records": records, "first_seq": first, "last_seq": last, "segments": done.Segments,
			"linked_bytes": done.Linked, "copied_bytes": done.Copied, "damaged": len(done.Damage), "elapsed_s": elapsed.Seconds(),
		})
	}
	what := term.Plural(records, "record")
	if records > 0 {
		what += " (seq " + term.Range(done.First, done.Next-1) + ")"
	}
	_, err := term.Fprintf(c.App.Writer, "%s %s in %s, in %s; %s copied, %s shared with the log\n",
		what, term.IsAre(records), term.Safe(dest), term.Duration(elapsed), term.Bytes(done.Copied), term.Bytes(done.Linked))
	return err
}

// reportDamage prints the damage of the log, which its snapshot shares.
func reportDamage(c *cli.Context, done segment.SnapshotResult) error {
	damage := append(done.Damage, done.Recovery.Damage...)
	if len(damage) == 0 {
		return nil
	}
	for _, d := range damage {
		say(c.App.ErrWriter, "the log is damaged, and so is the snapshot: %v", d)
	}
	fmt.Fprintln(c.App.ErrWriter, "hint: histlog verify lists every damaged record of the log; an older snapshot may have them intact")
	return &exitError{code: exitDamaged, err: errReported}
}
