// Command histlog keeps a history of JSON batches as an append-only log of
// NDJSON segments, and turns the monolithic file that it was into one.
//
// One file a command; ui.go says how messages look, exit.go what exit codes
// mean, args.go where flags may stand.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"syscall"
	_ "time/tzdata" // a log's zone must be known on machines without zoneinfo, too

	"github.com/urfave/cli/v2"
)

func main() {
	os.Exit(run(os.Args))
}

// run runs the program and returns its exit code, unless a signal ends it.
func run(args []string) int {
	signals := endingSignals()
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, signals...)
	err := runApp(ctx, args)
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		dieOf(<-caught)
	}
	return report(os.Stdout, os.Stderr, err)
}

// endingSignals are those that end the program.
func endingSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGTERM}
	if !signal.Ignored(os.Interrupt) { // as a shell has it for what runs in the background
		signals = append(signals, os.Interrupt)
	}
	return signals
}

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
		Commands: []*cli.Command{
			migrateCommand(), appendCommand(), tailCommand(), catCommand(), inspectCommand(), checkCommand(), verifyCommand(),
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
		guard(c)
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
