package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/internal/size"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// limitMemory gives a command that works on a log a memory budget. The command learns how
// large a record may be; if it still comes close to the budget, its context is
// cancelled, before the kernel would kill it.
func limitMemory(c *cli.Command) {
	if !strings.Contains(c.ArgsUsage, "DIR") {
		return
	}
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "memory", Usage: "memory budget, as `SIZE` (default: three quarters of the available memory)", EnvVars: []string{"HISTLOG_MEMORY"}})
	action := c.Action
	c.Action = func(c *cli.Context) error {
		budget, err := budgetOf(c)
		if err != nil {
			return err
		}
		budget.Apply(os.Getenv)
		ctx, stop := memguard.Watch(context.WithValue(c.Context, budgetKey{}, budget), budget, memguard.RSS, func(used uint64) {
			say(c.App.ErrWriter, "warning: %s of memory are in use; %s", term.Bytes(int64(used)), budgetText(c, budget))
			recordMemory(c, budget, used)
		})
		c.Context = ctx
		err = action(c)
		stop()
		var over *memguard.OverError
		switch {
		case errors.As(context.Cause(ctx), &over) && (err == nil || errors.Is(err, context.Canceled)):
			return fmt.Errorf("%s: %w: %s", c.Command.Name, over, budgetText(c, budget))
		case errors.Is(err, jsonscan.ErrMemory), errors.Is(err, segment.ErrMemory):
			return fmt.Errorf("%w: %s", err, budgetText(c, budget))
		}
		return err
	}
}

// budgetText describes the budget, as the user wrote it too, and the memory of the machine.
func budgetText(c *cli.Context, b memguard.Budget) string {
	f := memguard.Memory()
	budget := term.Bytes(int64(b))
	if typed := c.String("memory"); typed != "" {
		budget = fmt.Sprintf("%s (%s)", typed, budget)
	}
	return fmt.Sprintf("the budget is %s, available are %s of %s", budget, term.Bytes(int64(f.Available)), term.Bytes(int64(f.Total)))
}

type budgetKey struct{}

// maxRecord returns the maximum size of a record under the budget; 0 means no limit.
func maxRecord(c *cli.Context) int64 {
	if b, ok := c.Context.Value(budgetKey{}).(memguard.Budget); ok {
		return b.Record()
	}
	return 0
}

func budgetOf(c *cli.Context) (memguard.Budget, error) {
	text := c.String("memory")
	if text == "" {
		return memguard.Memory().Safe(), nil
	}
	n, err := size.Parse(text)
	if err != nil {
		return 0, usage(c.Command.Name, "--memory: %v", err)
	}
	if b := memguard.Budget(n); b >= memguard.MinBudget {
		return b, nil
	}
	return 0, usage(c.Command.Name, "--memory %s: want at least %dM", text, memguard.MinBudget>>20)
}

// recordMemory writes to the event log that a command came close to its budget, if the
// command writes to the log.
func recordMemory(c *cli.Context, budget memguard.Budget, used uint64) {
	if !slices.Contains([]string{"append", "migrate", "compact", "prune"}, c.Command.Name) {
		return
	}
	for _, dir := range c.Args().Slice() {
		if _, err := segment.Open(dir); err == nil {
			eventlog.Log(nil, dir, slog.LevelWarn, "memory is short", "command", c.Command.Name, "used", used, "budget", budget)
		}
	}
}
