package main

import (
	"time"

	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// json gives all that inspect knows. Absent values are null.
func (v *view) json() map[string]any {
	s := v.survey
	damaged := make([]string, len(v.damage))
	for i, d := range v.damage {
		damaged[i] = d.Error()
	}
	some, gaps := s.Records > 0, s.Cadence > 0
	return map[string]any{
		"id": v.log.Marker.ID, "role": v.log.Marker.Role, "records": s.Records, "first_seq": only(some, s.FirstSeq), "last_seq": only(some, s.LastSeq),
		"first_time": term.JSONTime(s.First), "last_time": term.JSONTime(s.Last), "last_arrived": term.JSONTime(s.LastArrived),
		"plain_bytes": s.PlainBytes, "disk_bytes": s.DiskBytes, "disk_free_bytes": v.free, "disk_full_at": term.JSONTime(v.diskFull()),
		"median_bytes": only(some, s.MedianSize), "greatest_bytes": only(some, s.MaxSize),
		"cadence_seconds": only(gaps, s.Cadence.Seconds()), "bytes_per_day": only(gaps, v.perDay()), "plain_bytes_per_day": only(gaps, v.plainPerDay()),
		"stalls": stallsJSON(s.Stalls), "stall_count": s.StallCount, "segments": segmentsJSON(s.Segments),
		"backwards": s.Backwards, "clock_times": s.ClockTimes, "rebuilt": s.Rebuilt, "lost": s.Lost,
		"damaged": damaged, "quarantine": append([]string{}, v.quarantine...),
		"verified_at": term.JSONTime(v.notes.Verified.At), "verified": v.verifiedJSON(), "upkeep": v.upkeepJSON(), "writer": v.writer.json(),
		"settings": allSettings(v.log.Marker.Settings), "receipt": v.receipt,
		"memory": map[string]any{"total_bytes": v.memory.Total, "available_bytes": v.memory.Available, "limit_bytes": only(v.memory.Limit > 0, v.memory.Limit)},
	}
}

// only gives a value where it is known.
func only[T any](known bool, value T) *T {
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
			"name": segment.FileName(s.Base, s.Codec), "state": state(s.Segment), "codec": s.Codec.String(), "records": s.Records,
			"first_seq": only(some, s.Base), "last_seq": only(some, s.Base+segment.Sequence(s.Records)-1),
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

func (v *view) verifiedJSON() map[string]any {
	n := v.notes.Verified
	if n.At.IsZero() {
		return nil
	}
	return map[string]any{"at": term.JSONTime(n.At), "records": n.Records, "damaged": n.Damaged}
}

func (v *view) upkeepJSON() map[string]any {
	n := v.notes.Upkeep
	return map[string]any{"ok_at": term.JSONTime(n.OK), "failed_at": term.JSONTime(n.Failed), "error": only(n.Error != "", n.Error)}
}

func (w writer) json() map[string]any {
	if w.pid == 0 {
		return nil
	}
	return map[string]any{"pid": w.pid, "command": w.command, "since": w.since.UTC().Format(time.RFC3339)}
}
