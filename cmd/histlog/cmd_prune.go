package main

import (
	"path/filepath"

	"github.com/histlog/histlog/compactor"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// limits are the settings that retire segments.
var limits = []string{"max-records", "max-age", "max-bytes"}

func pruneCommand() *cli.Command {
	return &cli.Command{
		Name:      "prune",
		Usage:     "retire old segments, or archive them",
		ArgsUsage: "DIR",
		Description: `Removes whole sealed segments, oldest first, if any limit allows it. At least as much
as each limit says is kept. Limits that are given as flags need --yes or --dry-run;
limits in the settings do not. With --archive-to the segments are moved to another
directory, which is a log that every command can read.

   histlog prune --max-age 90d --dry-run step2
   histlog prune --max-records 500 --archive-to old --yes step2
   histlog config step2 max-bytes=5GB`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "max-records", Usage: "keep at least the newest `N` records"},
			&cli.StringFlag{Name: "max-age", Usage: "retire what is older than this `AGE`: 90d"},
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
	for _, name := range limits {
		flags[name] = name
		given = given || c.IsSet(name)
	}
	if given && !c.Bool("yes") && !c.Bool("dry-run") {
		e := usage("prune", "limits given as flags remove records for good")
		e.hint = "look first with --dry-run, then say --yes"
		return e
	}
	m, err := newMaintenance(c, flags)
	if err != nil {
		return err
	}
	if m.policy.MaxRecords == 0 && m.policy.MaxAge == 0 && m.policy.MaxBytes == 0 {
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
