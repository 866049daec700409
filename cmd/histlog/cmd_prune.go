package main

import (
	"path/filepath"

	"github.com/histlog/histlog/compactor"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

func pruneCommand() *cli.Command {
	return &cli.Command{
		Name:      "prune",
		Usage:     "retire old segments, or archive them",
		ArgsUsage: "DIR",
		Description: `Removes whole sealed segments, oldest first. With several limits, a segment is removed if
any one of them allows it. Limits that are given as flags need --yes or --dry-run; limits
in the settings do not. With --archive-to the segments are moved to another directory,
which is a log that every command can read.

   histlog prune --max-age 90d --dry-run step2
   histlog prune --max-records 500 --archive-to old --yes step2
   histlog config step2 max-bytes=5GB`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "max-records", Usage: "keep at least the newest `N` records"},
			&cli.StringFlag{Name: "max-age", Usage: "retire segments older than this `AGE`: 90d"},
			&cli.StringFlag{Name: "max-bytes", Usage: "keep at least this `SIZE` on disk: 5GB"},
			&cli.StringFlag{Name: "archive-to", TakesFile: true, Usage: "move the segments to `DIR` instead"},
			&cli.BoolFlag{Name: "yes", Usage: "confirm that records may be deleted"},
			dryRunFlag(), progressFlag(), jsonFlag(),
		},
		Action: runPrune,
	}
}

func runPrune(c *cli.Context) error {
	flags, given := map[string]string{"archive-to": "archive-to"}, false
	for _, name := range segment.LimitKeys() {
		flags[name] = name
		given = given || c.IsSet(name)
	}
	if given && !c.Bool("yes") && !c.Bool("dry-run") {
		e := usage("prune", "limits given as flags remove records for good")
		e.hint = "list the segments with --dry-run, then confirm with --yes"
		return e
	}
	m, err := newMaintenance(c, flags)
	if err != nil {
		return err
	}
	if !m.policy.Limited() {
		e := usage("prune", "no limit is set: the log keeps everything")
		e.hint = "give one, such as --max-age 90d, or set it: histlog config DIR max-age=90d"
		return e
	}
	guard := compactor.Guard{}
	if !given { // only the settings apply, as from cron
		if guard, err = m.guard(); err != nil {
			return err
		}
	}
	m.plan = compactor.PlanRetention(m.policy, m.segments, m.now, guard)
	return m.run()
}

// absolute makes the directory of a setting independent of the working directory.
func absolute(change segment.Settings) (err error) {
	if to := change["archive-to"]; to != "" {
		change["archive-to"], err = filepath.Abs(to)
	}
	return err
}
