package main

import (
	"github.com/histlog/histlog/compactor"
	"github.com/urfave/cli/v2"
)

func compactCommand() *cli.Command {
	return &cli.Command{
		Name:      "compact",
		Usage:     "compress sealed segments; loses nothing",
		ArgsUsage: "DIR",
		Description: `Every record is compared with its checksum before, and again in what was
compressed, before the plain file goes. zstd, zstdcat, gzip, zcat, jq and DuckDB
read the files as they are.

   histlog compact --dry-run step2
   histlog compact step2
   histlog compact --older-than 0s --codec gzip step2`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "older-than", Usage: "only segments whose records are of this `AGE` (default: the setting compress-after, 24h)"},
			&cli.StringFlag{Name: "codec", Usage: "zstd or gzip (default: the setting codec, zstd)"},
			&cli.BoolFlag{Name: "due", Usage: "do what the settings say is due, retiring too, for one segment of each at most"},
			dryRunFlag(), progressFlag(), jsonFlag(),
		},
		Action: runCompact,
	}
}

func dryRunFlag() cli.Flag {
	return &cli.BoolFlag{Name: "dry-run", Usage: "say what would be done, and what it comes to; do nothing"}
}

func runCompact(c *cli.Context) error {
	u, err := newUpkeep(c, map[string]string{"older-than": "compress-after", "codec": "codec"})
	if err != nil {
		return err
	}
	if c.Bool("due") {
		beGentle()
		guard, err := u.guard()
		if err != nil {
			return err
		}
		u.plan = compactor.Due(u.policy, u.segments, u.now, guard)
	} else {
		u.plan = compactor.Compressing(u.policy, u.segments, u.now)
	}
	return u.do()
}
