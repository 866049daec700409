package report

import (
	"time"

	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// JSON returns the report for programs. What is not known is null.
func (r *Report) JSON() map[string]any {
	s := r.Survey
	damaged := make([]string, len(r.Damage))
	for i, d := range r.Damage {
		damaged[i] = d.Error()
	}
	some, gaps := s.Records > 0, s.Cadence > 0
	return map[string]any{
		"id": r.Log.Marker.ID, "role": r.Log.Marker.Role, "records": s.Records, "first_seq": optional(some, s.FirstSeq), "last_seq": optional(some, s.LastSeq),
		"first_time": term.JSONTime(s.First), "last_time": term.JSONTime(s.Last), "last_arrived": term.JSONTime(s.LastArrived),
		"plain_bytes": s.PlainBytes, "disk_bytes": s.DiskBytes, "disk_free_bytes": r.Free, "disk_full_at": term.JSONTime(r.diskFull()),
		"median_bytes": optional(some, s.MedianSize), "greatest_bytes": optional(some, s.MaxSize),
		"cadence_seconds": optional(gaps, s.Cadence.Seconds()), "bytes_per_day": optional(gaps, r.PerDay()), "plain_bytes_per_day": optional(gaps, r.plainPerDay()),
		"stalls": stallsJSON(s.Stalls), "stall_count": s.StallCount, "segments": segmentsJSON(s.Segments),
		"backwards": s.Backwards, "clock_times": s.ClockTimes, "rebuilt": s.Rebuilt, "lost": s.Lost,
		"damaged": damaged, "quarantine": append([]string{}, r.Quarantine...),
		"verified_at": term.JSONTime(r.Status.Verified.At), "verified": r.verifiedJSON(), "upkeep": r.upkeepJSON(), "writer": r.Writer.json(),
		"settings": Settings(r.Log.Marker.Settings), "restamping": r.Log.Marker.Restamping(), "receipt": r.Receipt,
		"memory": map[string]any{"total_bytes": r.Memory.Total, "available_bytes": r.Memory.Available, "limit_bytes": optional(r.Memory.Limit > 0, r.Memory.Limit)},
	}
}

// optional returns a pointer to value, or nil if it is not known.
func optional[T any](known bool, value T) *T {
	if known {
		return &value
	}
	return nil
}

func segmentsJSON(all []survey.Segment) []map[string]any {
	out := make([]map[string]any, len(all))
	for i, s := range all {
		some := s.Records > 0
		out[i] = map[string]any{
			"name": s.Name(), "state": state(s.Segment), "codec": s.Codec.String(), "records": s.Records,
			"first_seq": optional(some, s.Base), "last_seq": optional(some, s.Base+segment.Sequence(s.Records)-1),
			"plain_bytes": s.Bytes, "disk_bytes": s.Disk, "first_time": term.JSONTime(s.First), "last_time": term.JSONTime(s.Last),
		}
	}
	return out
}

func state(s segment.Segment) string {
	if s.Sealed {
		return "sealed"
	}
	return "active"
}

func stallsJSON(all []survey.Stall) []map[string]any {
	out := make([]map[string]any, len(all))
	for i, g := range all {
		out[i] = map[string]any{"after_seq": g.After, "from": term.JSONTime(g.From), "to": term.JSONTime(g.To), "seconds": g.Length().Seconds()}
	}
	return out
}

func (r *Report) verifiedJSON() map[string]any {
	n := r.Status.Verified
	if n.At.IsZero() {
		return nil
	}
	return map[string]any{"at": term.JSONTime(n.At), "records": n.Records, "damaged": n.Damaged}
}

func (r *Report) upkeepJSON() map[string]any {
	n := r.Status.Upkeep
	return map[string]any{"ok_at": term.JSONTime(n.OK), "failed_at": term.JSONTime(n.Failed), "error": optional(n.Error != "", n.Error)}
}

func (h LockHolder) json() map[string]any {
	if h.PID == 0 {
		return nil
	}
	return map[string]any{"pid": h.PID, "command": h.Command, "since": h.Since.UTC().Format(time.RFC3339)}
}
