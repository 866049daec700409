package health

import (
	"time"

	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// JSON returns the assessment for programs. What is not known is null.
func (a Assessment) JSON() map[string]any {
	problems := make([]map[string]any, len(a.problems))
	for i, p := range a.problems {
		problems[i] = map[string]any{"status": p.status.String(), "text": p.text}
	}
	out := map[string]any{"status": a.Status().String(), "code": int(a.Status()), "problems": problems}
	names := []string{"records", "first_seq", "next_seq", "last_seq", "last_time", "last_arrived", "age_seconds", "gap_seconds", "stale_warning_seconds", "stale_critical_seconds",
		"damaged", "quarantine", "disk_bytes", "disk_free_bytes", "verified_at", "verified_records", "upkeep_ok_at", "upkeep_failed_at", "upkeep_error"}
	for _, name := range names {
		out[name] = nil
	}
	c := a.Condition
	if c == nil {
		return out
	}
	damaged := make([]string, len(c.Damage))
	for i, d := range c.Damage {
		damaged[i] = d.Error()
	}
	out["records"], out["damaged"], out["quarantine"], out["disk_bytes"], out["disk_free_bytes"] = c.Records, damaged, append([]string{}, c.quarantine...), c.Disk, c.free
	if c.next > 0 {
		out["first_seq"], out["next_seq"] = c.first, c.next
	}
	if a.late > 0 {
		out["stale_warning_seconds"] = a.late.Seconds()
	}
	if a.tooLate > 0 {
		out["stale_critical_seconds"] = a.tooLate.Seconds()
	}
	if r := c.latest; r.LastSeq > 0 {
		out["last_seq"], out["last_time"], out["last_arrived"], out["age_seconds"] = r.LastSeq, term.JSONTime(r.LastTime), term.JSONTime(r.LastArrived), float64(a.age)/float64(time.Second)
	}
	if c.latest.Gap > 0 {
		out["gap_seconds"] = c.latest.Gap.Seconds()
	}
	if v := c.notes.Verified; v != (segment.VerifyStatus{}) {
		out["verified_at"], out["verified_records"] = term.JSONTime(v.At), v.Records
	}
	u := c.notes.Upkeep
	out["upkeep_ok_at"], out["upkeep_failed_at"] = term.JSONTime(u.OK), term.JSONTime(u.Failed)
	if u.Error != "" {
		out["upkeep_error"] = u.Error
	}
	return out
}
