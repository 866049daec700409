package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/histlog/histlog/internal/eventlog"
	"github.com/histlog/histlog/internal/timezone"
	"github.com/histlog/histlog/segment"
)

// When append gives up the writer's lock, unless it is exclusive.
const (
	idle      = time.Second            // no value came for so long
	turn      = 500 * time.Millisecond // another writer waits, and this one has had the lock for so long
	lookEvery = 100 * time.Millisecond // how often it looks whether one waits
)

// open takes the lock.
func (f *feeder) open(ctx context.Context) (err error) {
	const attempts = 3 // for another process may make the log between two steps
	for range attempts {
		f.writer, err = segment.OpenWriter(ctx, f.dir, f.options)
		if !f.create || !errors.Is(err, segment.ErrNoLog) || migrationAt(f.dir) {
			break
		}
		if err = f.createLog(); !errors.Is(err, segment.ErrExists) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("append: %w", err)
	}
	f.look = time.Now().Add(turn)
	r := f.writer.Recovery()
	eventlog.LogRecovery(f.dir, r)
	for _, d := range r.Damage {
		say(f.stderr, "warning: %v; appending goes on in a new segment", d)
	}
	for _, name := range r.Quarantined {
		say(f.stderr, "warning: a torn write was set aside in %s", name)
	}
	return nil
}

// createLog makes the log, with this machine's time zone unless a flag names another.
func (f *feeder) createLog() (err error) {
	o := f.options
	var zone *timezone.Zone
	o.Settings, zone = defaultZone(o.Settings)
	if f.writer, err = segment.Create(f.dir, o); err == nil {
		f.zone = zone
		eventlog.Log(f.dir, slog.LevelInfo, "created")
	}
	return err
}

// giveWay gives up the lock for a while if another writer waits for it.
func (f *feeder) giveWay() error {
	now := time.Now()
	if f.exclusive || now.Before(f.look) {
		return nil
	}
	f.look = now.Add(lookEvery)
	if !f.writer.Wanted() {
		return nil
	}
	return f.giveUp()
}

// giveUp lets other writers have the lock.
func (f *feeder) giveUp() error {
	if f.writer == nil {
		return nil
	}
	err := f.writer.Close()
	f.writer, f.sealed = nil, 0
	return err
}
