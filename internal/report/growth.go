package report

import (
	"math"
	"time"

	"github.com/histlog/histlog/segment"
)

const day = 24 * time.Hour

// plainPerDay returns the bytes of text that arrive in a day, by the records' own
// times; 0 means not known.
func (r *Report) plainPerDay() float64 {
	core, _ := r.Survey.Timeline.WithoutOutliers()
	n := len(core.Buckets)
	if r.Survey.Cadence == 0 || n == 0 {
		return 0
	}
	span, size := r.Survey.Last.Sub(r.Survey.First).Seconds(), segment.Offset(0)
	if n < len(r.Survey.Timeline.Buckets) {
		span = float64(core.Buckets[n-1].Start-core.Buckets[0].Start) + core.Step.Seconds()
	}
	for _, b := range core.Buckets {
		size += b.Bytes
	}
	return float64(size) / (span + r.Survey.Cadence.Seconds()) * day.Seconds()
}

// PerDay returns the bytes by which the log grows on disk in a day, after
// compression at the ratio so far.
func (r *Report) PerDay() float64 {
	text, disk := segment.Offset(0), int64(0)
	for _, s := range r.Survey.Segments {
		if s.Codec != segment.Plain {
			text, disk = text+s.Bytes, disk+s.Disk
		}
	}
	if text == 0 || r.Policy.Upkeep.CompressAfter == segment.Never || r.Policy.Upkeep.Manual {
		return r.plainPerDay()
	}
	return r.plainPerDay() * float64(disk) / float64(text)
}

// maxSize returns the size at which retention keeps the log, +Inf without limits.
func (r *Report) maxSize() float64 {
	u, limit := r.Policy.Upkeep, math.Inf(1)
	if u.Manual {
		return limit
	}
	if u.MaxBytes > 0 {
		limit = float64(u.MaxBytes)
	}
	if u.MaxAge > 0 {
		limit = min(limit, r.PerDay()*float64(u.MaxAge)/float64(day))
	}
	if u.MaxRecords > 0 && r.Survey.Cadence > 0 {
		limit = min(limit, r.PerDay()*float64(u.MaxRecords)*float64(r.Survey.Cadence)/float64(day))
	}
	return limit
}

// diskFull returns when the disk will be full if the log keeps growing; zero means not
// within 100 years.
func (r *Report) diskFull() time.Time {
	const horizon = 365.25 * 100
	days := float64(r.Free) / r.PerDay()
	if !(days < horizon) || r.maxSize() < float64(r.Survey.DiskBytes)+float64(r.Free) {
		return time.Time{}
	}
	return r.Now.Add(time.Duration(days * float64(day)))
}
