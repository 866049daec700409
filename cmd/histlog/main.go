// Command histlog keeps a history of JSON batches as an append-only log of NDJSON
// segments, and makes such a log of a monolithic JSON file.
//
// Each command has a file cmd_NAME.go. app.go lists the commands, args.go parses
// arguments, exit.go defines the exit codes, and hints.go maps errors to hints.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // machines without zoneinfo need the rules of a log's zone, too
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
	return printError(os.Stdout, os.Stderr, err)
}

// endingSignals returns the signals that end the program.
func endingSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGTERM}
	if !signal.Ignored(os.Interrupt) { // a shell ignores SIGINT for its background jobs
		signals = append(signals, os.Interrupt)
	}
	return signals
}
