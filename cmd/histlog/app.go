package main

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"
)

func runApp(ctx context.Context, args []string) error {
	app := newApp()
	args, err := normalize(app.Commands, args)
	if err != nil {
		return err
	}
	return app.RunContext(ctx, args)
}

func newApp() *cli.App {
	app := &cli.App{
		Name:            "histlog",
		Usage:           "keep a history of JSON batches in an append-only log, in constant memory",
		UsageText:       "histlog COMMAND [FLAGS] DIR …",
		HideVersion:     true,
		HideHelpCommand: true,

		DisableSliceFlagSeparator: true, // a comma may be part of a pointer; --fields divides its list itself

		Commands: []*cli.Command{
			migrateCommand(), appendCommand(), tailCommand(), catCommand(), diffCommand(), changesCommand(), inspectCommand(), plotCommand(), checkCommand(), verifyCommand(),
			compactCommand(), pruneCommand(), snapshotCommand(),
			exportCommand(), configCommand(), completionCommand(), versionCommand(), helpCommand(),
		},
		CommandNotFound: func(*cli.Context, string) {},
		ExitErrHandler:  func(*cli.Context, error) {},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return cli.ShowAppHelp(c)
			}
			return unknownCommand(c.App.Commands, c.Args().First())
		},
	}
	for _, c := range app.Commands {
		name := c.Name
		c.HideHelpCommand = true
		limitMemory(c)
		if slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return f.Names()[0] == "utc" }) {
			c.Before = warnOfTZ
		}
		if name == checkName {
			monitor(c)
		}
		c.OnUsageError = func(_ *cli.Context, err error, _ bool) error { return usage(name, "%v", err) }
	}
	return app
}
