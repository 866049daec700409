package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// line is one line: what is wrong, the worst first, what else there is to know,
// and after a bar the figures, as Nagios and Icinga read them.
func (a assessment) line() string {
	status := a.status()
	var parts []string
	for _, worst := range []bool{true, false} {
		for _, p := range a.problems {
			if (p.status == status) == worst {
				parts = append(parts, p.text)
			}
		}
	}
	figures := ""
	if a.health != nil {
		parts = append(parts, a.facts()...)
		figures = " | " + a.figures()
	}
	text := strings.NewReplacer("|", "/", "\n", "; ").Replace(strings.Join(parts, ", ")) // a bar would begin the figures
	return term.Safe(status.String() + " - " + text + figures)
}

// facts say how the log is.
func (a assessment) facts() (facts []string) {
	if r := a.recent; r.LastSeq > 0 {
		facts = append(facts, "last record "+term.Duration(a.age.Truncate(time.Second))+" ago")
		if r.Gap > 0 {
			facts = append(facts, "usual gap "+term.Duration(r.Gap))
		}
	}
	facts = append(facts, english.Plural(int(a.records), "record", ""))
	last := "never was"
	if v := a.notes.Verified; !v.At.IsZero() {
		last = fmt.Sprintf("last was on %s (%s)", v.At.UTC().Format(time.RFC3339), english.Plural(int(v.Records), "record", ""))
	}
	return append(facts, "data was not verified, "+last)
}

// figures are value;warn;crit;min;max by name.
func (a assessment) figures() string {
	age, late, tooLate, most := "U", "", "", ""
	if a.late > 0 {
		late = secondsOf(a.late)
	}
	if a.recent.LastSeq > 0 {
		age = seconds(a.age)
	}
	if a.tooLate > 0 {
		tooLate = secondsOf(a.tooLate)
	}
	if a.bounds.maxDisk > 0 {
		most = strconv.FormatInt(a.bounds.maxDisk, 10)
	}
	return fmt.Sprintf("age=%s;%s;%s;0 gap=%s;;;0 records=%d;;;0 damaged=%d;;0;0 quarantine=%d;0;;0 disk=%dB;%s;;0 free=%dB;%d:;%d:;0",
		age, late, tooLate, seconds(a.recent.Gap), a.records, a.damaged(),
		len(a.quarantine), a.disk, most, a.free, a.bounds.minFree, a.recent.MaxSize)
}

func seconds(d time.Duration) string { return secondsOf(d.Truncate(time.Millisecond)) + "s" }

// secondsOf writes d in seconds, exactly: a sum of two floats, as d.Seconds() is,
// would show 1.364 as 1.3639999999999999.
func secondsOf(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Second), 'f', -1, 64)
}

// damaged counts what can be seen, or what verify found where that is more.
func (a assessment) damaged() int { return max(len(a.damage), a.notes.Verified.Damaged) }

// json is the same for programs; without health only the status is known.
func (a assessment) json() map[string]any {
	problems := make([]map[string]any, len(a.problems))
	for i, p := range a.problems {
		problems[i] = map[string]any{"status": p.status.String(), "text": p.text}
	}
	out := map[string]any{"status": a.status().String(), "code": int(a.status()), "problems": problems}
	names := []string{"records", "last_seq", "last_time", "last_arrived", "age_seconds", "gap_seconds", "stale_warning_seconds", "stale_critical_seconds",
		"damaged", "quarantine", "disk_bytes", "disk_free_bytes", "verified_at", "verified_records", "upkeep_ok_at", "upkeep_failed_at", "upkeep_error"}
	for _, name := range names {
		out[name] = nil
	}
	h := a.health
	if h == nil {
		return out
	}
	damaged := make([]string, len(h.damage))
	for i, d := range h.damage {
		damaged[i] = d.Error()
	}
	out["records"], out["damaged"], out["quarantine"], out["disk_bytes"], out["disk_free_bytes"] = h.records, damaged, nonNil(h.quarantine), h.disk, h.free
	if a.late > 0 {
		out["stale_warning_seconds"] = a.late.Seconds()
	}
	if a.tooLate > 0 {
		out["stale_critical_seconds"] = a.tooLate.Seconds()
	}
	if r := h.recent; r.LastSeq > 0 {
		out["last_seq"], out["last_time"], out["last_arrived"], out["age_seconds"] = r.LastSeq, term.JSONTime(r.LastTime), term.JSONTime(r.LastArrived), float64(a.age)/float64(time.Second)
	}
	if h.recent.Gap > 0 {
		out["gap_seconds"] = h.recent.Gap.Seconds()
	}
	if v := h.notes.Verified; v != (segment.VerifyStatus{}) {
		out["verified_at"], out["verified_records"] = term.JSONTime(v.At), v.Records
	}
	u := h.notes.Upkeep
	out["upkeep_ok_at"], out["upkeep_failed_at"] = term.JSONTime(u.OK), term.JSONTime(u.Failed)
	if u.Error != "" {
		out["upkeep_error"] = u.Error
	}
	return out
}
