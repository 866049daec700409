package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/segment"
)

// These times say when the writer's lock is released, unless Options.Exclusive is set.
const (
	idleTime      = time.Second            // time without a value after which it is released
	turnTime      = 500 * time.Millisecond // how long it is held while another writer waits
	yieldInterval = 100 * time.Millisecond // time between checks whether another writer waits
)

// open acquires the lock.
func (a *Appender) open(ctx context.Context) (err error) {
	const attempts = 3 // another process may create the log in between
	for range attempts {
		a.writer, err = segment.OpenWriter(ctx, a.dir, a.options.Options)
		if !a.options.Create || !errors.Is(err, segment.ErrNoLog) || isMigration(a.dir) {
			break
		}
		if err = a.createLog(ctx); !errors.Is(err, segment.ErrExists) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("append: %w", err)
	}
	a.nextYield = time.Now().Add(turnTime)
	r := a.writer.Recovery()
	eventlog.LogRecovery(a.writer.FS(), a.dir, r)
	for _, d := range r.Damage {
		a.warn("%v; append continues in a new segment", d)
	}
	for _, name := range r.Quarantined {
		a.warn("a torn tail was moved to %s", name)
	}
	return nil
}

func (a *Appender) warn(format string, args ...any) { a.options.Warn(fmt.Sprintf(format, args...)) }

func (a *Appender) createLog(ctx context.Context) (err error) {
	o := a.options.Options
	o.Settings = a.options.NewSettings(o.Settings)
	if a.writer, err = segment.Create(ctx, a.dir, o); err == nil {
		a.created = true
		eventlog.Log(a.writer.FS(), a.dir, slog.LevelInfo, "created")
	}
	return err
}

// yieldLock releases the lock if another writer waits for it and this one has held it
// for its turn.
func (a *Appender) yieldLock() error {
	now := time.Now()
	if a.options.Exclusive || now.Before(a.nextYield) {
		return nil
	}
	a.nextYield = now.Add(yieldInterval)
	if !a.writer.Wanted() {
		return nil
	}
	return a.releaseLock()
}

func (a *Appender) releaseLock() error {
	if a.writer == nil {
		return nil
	}
	err := a.writer.Close()
	a.writer, a.sealed = nil, 0
	return err
}
