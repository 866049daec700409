package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/segment"
)

// A Fact is a label and the texts beside it.
type Fact struct {
	Label string
	Parts []term.Span
}

// Facts returns the facts of a log, except its times and segments.
func (r *Report) Facts() []Fact {
	facts := []Fact{
		{"records", r.recordParts()}, {"disk", r.diskParts()}, {"growth", r.growthParts()}, {"writer", r.writerParts()}, {"memory", r.memoryParts()},
		{"maintenance", r.maintenanceParts()}, {"verified", r.verifiedParts()},
	}
	if r.Receipt != nil {
		facts = append(facts, Fact{"receipt", r.receiptParts()})
	}
	return facts
}

func (r *Report) recordParts() []term.Span {
	s := r.Survey
	if s.Records == 0 {
		return []term.Span{term.Spanf("none yet")}
	}
	parts := []term.Span{
		term.Spanf("%s", term.Count(s.Records)), term.Spanf("seq %s", term.Range(s.FirstSeq, s.LastSeq)),
		term.Spanf("%s → %s (%s)", term.DateTime(s.First.In(r.Zone)), r.timeAfter(s.Last, s.First), term.Duration(s.Last.Sub(s.First))),
	}
	_, outside := s.Timeline.WithoutOutliers()
	for _, odd := range []struct {
		count uint64
		text  string
	}{
		{s.Lost, "lost, their places kept"}, {s.Rebuilt, "with a rebuilt index entry"}, {s.ClockTimes, "without a time of their own"},
		{s.Backwards, "older than the record before"}, {outside, "far from all others in time, not drawn"},
	} {
		if odd.count > 0 {
			parts = append(parts, term.Warn.Spanf("%s %s", term.Count(odd.count), odd.text))
		}
	}
	if r.Log.Marker.Restamping() {
		parts = append(parts, term.Warn.Spanf("some times by an earlier rule: config --restamp is not complete"))
	}
	return parts
}

func (r *Report) diskParts() []term.Span {
	parts := []term.Span{term.Spanf("%s for %s of records", term.Bytes(r.Survey.DiskBytes), term.Bytes(int64(r.Survey.PlainBytes)))}
	if r.Receipt != nil {
		name := filepath.Base(r.Receipt.Source)
		switch {
		case r.Receipt.Source == "-":
			name = "standard input"
		case r.Receipt.Sources > 0:
			name = fmt.Sprintf("%s and %d more", name, r.Receipt.Sources-1)
		case r.Receipt.Files > 0:
			name = fmt.Sprintf("%d files", r.Receipt.Files)
		}
		parts = append(parts, term.Spanf("migrated from %s, %s", term.Safe(name), term.Bytes(r.Receipt.SourceBytes)))
	}
	return parts
}

func (r *Report) growthParts() []term.Span {
	grows := term.Spanf("not known yet")
	if g := r.PerDay(); g > 0 {
		grows = term.Spanf("%s/day%s", term.Bytes(int64(g)), r.yetPlain())
	}
	parts := []term.Span{grows, term.Spanf("%s free", term.Bytes(int64(r.Free)))}
	if g := r.PerDay(); g > 0 {
		parts = append(parts, r.fullSpan())
	}
	return parts
}

// yetPlain annotates a growth of plain text that will be compressed later.
func (r *Report) yetPlain() string {
	packed := slices.ContainsFunc(r.Survey.Segments, func(s survey.Segment) bool { return s.Codec != segment.Plain })
	if packed || r.Policy.Upkeep.CompressAfter == segment.Never || r.Policy.Upkeep.Manual {
		return ""
	}
	return " before compression"
}

// fullSpan returns when the disk will be full.
func (r *Report) fullSpan() term.Span {
	const far = 10 * 365 * day
	full := r.diskFull()
	switch left := full.Sub(r.Now); {
	case full.IsZero() && r.maxSize() < float64(r.Survey.DiskBytes)+float64(r.Free):
		return term.Spanf("never full: retention keeps it under %s", term.Bytes(int64(r.maxSize())))
	case full.IsZero() || left > far:
		return term.Spanf("full in over 10 years")
	case left < 7*day:
		return term.Bad.Spanf("full in %s, on %s", term.Duration(left), full.In(r.Zone).Format("2006-01-02 15:04"))
	default:
		return term.Spanf("full on %s, in %.0f days", full.In(r.Zone).Format("2006-01-02"), left.Hours()/24)
	}
}

func (r *Report) writerParts() []term.Span {
	parts := []term.Span{term.Spanf("sync %s", r.Log.Marker.Settings.Get("sync"))}
	if r.Survey.Records > 0 {
		parts = append(parts, term.Spanf("last append %s ago", term.Duration(max(0, r.Now.Sub(r.Survey.LastArrived)))))
	}
	if w := r.Writer; w.PID != 0 {
		return append(parts, term.Spanf("pid %d (%s) for %s", w.PID, term.Safe(w.Command), term.Duration(max(0, r.Now.Sub(w.Since)))))
	}
	return append(parts, term.Spanf("no writer holds the lock"))
}

func (r *Report) memoryParts() []term.Span {
	parts := []term.Span{term.Spanf("%s of %s available", term.Bytes(int64(r.Memory.Available)), term.Bytes(int64(r.Memory.Total)))}
	if r.Memory.Limit > 0 {
		parts = append(parts, term.Spanf("limited to %s here", term.Bytes(int64(r.Memory.Limit))))
	}
	return parts
}

// maintenanceParts returns when segments are compressed and retired, and how the last run
// ended.
func (r *Report) maintenanceParts() []term.Span {
	settings, u, n := r.Log.Marker.Settings, r.Policy.Upkeep, r.Status.Upkeep
	compress := "compress never"
	if u.CompressAfter != segment.Never {
		compress = fmt.Sprintf("compress after %s, %s", settings.Get("compress-after"), settings.Get("codec"))
	}
	parts := []term.Span{term.Spanf("%s", compress)}
	if u.Manual {
		parts = append(parts, term.Spanf("only manual"))
	}
	if !n.OK.IsZero() {
		parts = append(parts, term.Spanf("last ok %s", r.clock(n.OK)))
	}
	if !n.Failed.IsZero() {
		parts = append(parts, term.Bad.Spanf("failed %s: %s", r.clock(n.Failed), term.Safe(n.Error)))
	}
	return append(parts, term.Spanf("retention: %s", r.retentionText()))
}

func (r *Report) retentionText() string {
	settings := r.Log.Marker.Settings
	var limits []string
	for _, key := range segment.LimitKeys() {
		text := settings.Get(key)
		if text != "" && key == "max-records" {
			text += " records"
		}
		if text != "" {
			limits = append(limits, text)
		}
	}
	if len(limits) == 0 {
		return "keeps everything"
	}
	text := "keeps " + strings.Join(limits, ", ")
	if to := settings.Get("archive-to"); to != "" {
		text += ", then archives to " + to
	}
	return term.Safe(text)
}

func (r *Report) verifiedParts() []term.Span {
	n := r.Status.Verified
	if n.At.IsZero() {
		return []term.Span{term.Spanf("never: histlog verify reads every byte")}
	}
	parts := []term.Span{term.Spanf("%s, %s of %s records", r.clock(n.At), term.Count(min(n.Records, r.Survey.Records)), term.Count(r.Survey.Records))}
	if n.Damaged > 0 {
		parts = append(parts, term.Bad.Spanf("%d damaged then", n.Damaged))
	}
	return parts
}

func (r *Report) receiptParts() []term.Span {
	receipt := r.Receipt
	proven := term.Warn.Spanf("not proven")
	if receipt.Verified != "none" {
		proven = term.Spanf("proven by %s", term.Safe(receipt.Verified))
	}
	parts := []term.Span{term.Spanf("%s, %s", term.Plural(receipt.Records, "record"), r.clock(receipt.Migrated)), proven}
	if receipt.Sources > 0 {
		parts = append(parts, term.Spanf("%d sources", receipt.Sources))
	} else if receipt.Files == 0 {
		parts = append(parts, term.Spanf("source sha256 %.12s…", term.Safe(receipt.SourceSHA256)))
	}
	if receipt.Salvaged {
		parts = append(parts, term.Warn.Spanf("salvaged: %s", term.Safe(receipt.Damage)))
	}
	return parts
}

// clock formats a time of the past: only the time of day if it was today.
func (r *Report) clock(t time.Time) string {
	now, t := r.Now.In(r.Zone), t.In(r.Zone)
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04")
	}
	if t.Year() == now.Year() {
		return t.Format("01-02 15:04")
	}
	return t.Format("2006-01-02 15:04")
}
