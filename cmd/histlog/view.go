package main

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/health"
	"github.com/histlog/histlog/internal/memguard"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/migrate"
	"github.com/histlog/histlog/segment"
	"github.com/shirou/gopsutil/v3/process"
)

// view is all that inspect shows of a log.
type view struct {
	log        *segment.Log
	policy     segment.Policy
	unread     error // why the policy is none
	survey     *survey.Survey
	damage     []error
	quarantine []string
	receipt    *migrate.Receipt
	notes      segment.Status
	writer     writer
	free       uint64
	memory     memguard.Figures
	now        time.Time
	zone       *time.Location
}

// damageOf returns the damage that the survey met, what the other segments show as
// a whole, as check sees it, or else what was found before.
func (v *view) damageOf(ctx context.Context) ([]error, error) {
	check, err := health.QuickCheck(ctx, v.log)
	if err != nil {
		return nil, err
	}
	damage, surveyed := slices.Clone(v.survey.Damage), map[string]bool{}
	for _, err := range damage {
		if d := (*segment.CorruptError)(nil); errors.As(err, &d) {
			surveyed[damagedSegment(d)] = true
		}
	}
	for _, d := range check.Damage {
		if !surveyed[damagedSegment(d)] {
			damage = append(damage, d)
		}
	}
	if text := health.FoundBefore(v.notes.Verified, check.Suspect, v.now); text != "" && len(damage) == 0 {
		damage = append(damage, errors.New(text))
	}
	return damage, nil
}

// damagedSegment returns the name of the segment that d is about, without the
// suffix that tells its text from its index; for other files the whole name.
func damagedSegment(d *segment.CorruptError) string {
	name := filepath.Base(d.Path)
	if segment.IsSegmentName(name) {
		name, _, _ = strings.Cut(name, ".")
	}
	return name
}

// writer is who LOCK names, if the process lives; pid is 0 otherwise.
type writer struct {
	pid     int
	command string
	since   time.Time
}

func look(ctx context.Context, l *segment.Log, zone *time.Location) (*view, error) {
	v := &view{log: l, memory: memguard.Memory(), now: time.Now(), zone: zone, notes: l.Status(), writer: writerOf(l)}
	var err error
	if v.survey, err = survey.Of(ctx, l); err != nil {
		return nil, err
	}
	if v.damage, err = v.damageOf(ctx); err != nil {
		return nil, err
	}
	if v.policy, v.unread = l.Marker.Settings.Policy(); v.unread != nil {
		v.policy.Upkeep.CompressAfter = segment.Never
	}
	if v.quarantine, err = l.Quarantine(); err != nil {
		return nil, err
	}
	if v.receipt, err = migrate.ReadReceipt(l); errors.Is(err, fs.ErrPermission) {
		return nil, err
	} else if err != nil {
		v.receipt, v.damage = nil, append(v.damage, &segment.CorruptError{Kind: segment.KindOrigin, Path: l.Dir, Reason: "the receipt of its migration can't be read: " + err.Error()})
	}
	v.free, _, err = memguard.DiskFree(l.Dir)
	return v, err
}

func writerOf(l *segment.Log) (w writer) {
	pid, command, since := l.LockHolder()
	if alive, err := process.PidExists(int32(pid)); pid != 0 && err == nil && alive {
		w = writer{pid, command, since}
	}
	return w
}

// late returns how long nothing has arrived, and whether the next record is late.
func (v *view) late() (time.Duration, bool) {
	s := v.survey
	silence := v.now.Sub(s.LastArrived)
	return silence, s.Records > 0 && health.IsLate(v.log, s.Arrivals, silence)
}

const day = 24 * time.Hour

// plainPerDay returns the bytes of records that come in a day, by their times;
// 0 where that can't be said.
func (v *view) plainPerDay() float64 {
	core, _ := v.survey.Timeline.WithoutOutliers()
	n := len(core.Buckets)
	if v.survey.Cadence == 0 || n == 0 {
		return 0
	}
	span, size := v.survey.Last.Sub(v.survey.First).Seconds(), segment.Offset(0)
	if n < len(v.survey.Timeline.Buckets) {
		span = float64(core.Buckets[n-1].Start-core.Buckets[0].Start) + core.Step.Seconds()
	}
	for _, b := range core.Buckets {
		size += b.Bytes
	}
	return float64(size) / (span + v.survey.Cadence.Seconds()) * day.Seconds()
}

// perDay returns the bytes of disk that are taken in a day, once upkeep has
// compressed them as it did so far.
func (v *view) perDay() float64 {
	text, disk := segment.Offset(0), int64(0)
	for _, s := range v.survey.Segments {
		if s.Codec != segment.Plain {
			text, disk = text+s.Bytes, disk+s.Disk
		}
	}
	if text == 0 || v.policy.Upkeep.CompressAfter == segment.Never || v.policy.Upkeep.Manual {
		return v.plainPerDay()
	}
	return v.plainPerDay() * float64(disk) / float64(text)
}

// most returns how many bytes of disk retention lets the log grow to.
func (v *view) most() float64 {
	u, most := v.policy.Upkeep, math.Inf(1)
	if u.Manual {
		return most
	}
	if u.MaxBytes > 0 {
		most = float64(u.MaxBytes)
	}
	if u.MaxAge > 0 {
		most = min(most, v.perDay()*float64(u.MaxAge)/float64(day))
	}
	if u.MaxRecords > 0 && v.survey.Cadence > 0 {
		most = min(most, v.perDay()*float64(u.MaxRecords)*float64(v.survey.Cadence)/float64(day))
	}
	return most
}

// diskFull returns when the disk is full if growth goes on; zero: not within
// 100 years, or never.
func (v *view) diskFull() time.Time {
	const horizon = 365.25 * 100
	days := float64(v.free) / v.perDay()
	if !(days < horizon) || v.most() < float64(v.survey.DiskBytes)+float64(v.free) {
		return time.Time{}
	}
	return v.now.Add(time.Duration(days * float64(day)))
}
