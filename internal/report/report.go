// Package report collects all that inspect shows of a log, or of one record, and
// prints it as text or JSON. Package html, below it, makes a page of the same Report.
package report

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/segment"
	"github.com/shirou/gopsutil/v3/process"
)

// A Report is all that inspect shows of a log.
type Report struct {
	Log        *segment.Log
	Policy     segment.Policy
	PolicyErr  error // why the settings cannot be read; Policy never compresses then
	Survey     *survey.Survey
	Damage     []error
	Quarantine []string         // names of the files in quarantine/
	Receipt    *migrate.Receipt // nil if the log was not migrated
	Status     segment.Status
	Writer     LockHolder
	Free       uint64 // free bytes of the disk
	Memory     memguard.Figures
	Now        time.Time
	Zone       *time.Location // zone in which times are shown
}

// LockHolder is the process that holds the writer's lock.
type LockHolder struct {
	PID     int // 0 if no writer holds the lock
	Command string
	Since   time.Time
}

// New collects the Report of a log; its times are shown in zone.
func New(ctx context.Context, l *segment.Log, zone *time.Location) (*Report, error) {
	r := &Report{Log: l, Memory: memguard.Memory(), Now: time.Now(), Zone: zone, Status: l.Status(), Writer: lockHolder(l)}
	var err error
	if r.Survey, err = survey.Of(ctx, l); err != nil {
		return nil, err
	}
	if r.Damage, err = r.findDamage(ctx); err != nil {
		return nil, err
	}
	if r.Policy, r.PolicyErr = l.Marker.Settings.Policy(); r.PolicyErr != nil {
		r.Policy.Upkeep.CompressAfter = segment.Never
	}
	if r.Quarantine, err = l.Quarantine(); err != nil {
		return nil, err
	}
	if r.Receipt, err = migrate.ReadReceipt(l); errors.Is(err, fs.ErrPermission) {
		return nil, err
	} else if err != nil {
		r.Receipt, r.Damage = nil, append(r.Damage, &segment.CorruptError{Kind: segment.KindOrigin, Path: l.Dir, Reason: "the receipt of its migration can't be read: " + err.Error()})
	}
	r.Free, _, err = memguard.DiskFree(l.Dir)
	return r, err
}

// lockHolder returns the process that LOCK names, if it is alive.
func lockHolder(l *segment.Log) (h LockHolder) {
	pid, command, since := l.LockHolder()
	if alive, err := process.PidExists(int32(pid)); pid != 0 && err == nil && alive {
		h = LockHolder{pid, command, since}
	}
	return h
}

// late returns how long nothing has arrived, and whether the next record is late.
func (r *Report) late() (time.Duration, bool) {
	silence := r.Now.Sub(r.Survey.LastArrived)
	return silence, r.Survey.Records > 0 && health.IsLate(r.Log, r.Survey.Arrivals, silence)
}
