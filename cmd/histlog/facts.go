package main

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

// A fact is one of the things that inspect says of a log, in a few parts.
type fact struct {
	label string
	said  []term.Span
}

// facts are what is to be known of a log but its times and segments.
func (v *view) facts() []fact {
	facts := []fact{
		{"records", v.recordsSaid()}, {"disk", v.diskSaid()}, {"growth", v.growthSaid()}, {"writer", v.writerSaid()}, {"memory", v.memorySaid()},
		{"upkeep", v.upkeepSaid()}, {"verified", v.verifiedSaid()},
	}
	if v.receipt != nil {
		facts = append(facts, fact{"receipt", v.receiptSaid()})
	}
	return facts
}

func (v *view) recordsSaid() []term.Span {
	s := v.survey
	if s.Records == 0 {
		return []term.Span{term.Spanf("none yet")}
	}
	said := []term.Span{
		term.Spanf("%s", term.Count(s.Records)), term.Spanf("seq %s", term.Range(s.FirstSeq, s.LastSeq)),
		term.Spanf("%s → %s (%s)", term.DateTime(s.First.In(v.zone)), v.timeAfter(s.Last, s.First), term.Duration(s.Last.Sub(s.First))),
	}
	_, outside := s.Timeline.WithoutOutliers()
	for _, odd := range []struct {
		count uint64
		text  string
	}{
		{s.Lost, "lost, their places kept"}, {s.Rebuilt, "with a rebuilt index entry"}, {s.ClockTimes, "without a time of their own"},
		{s.Backwards, "older than the one before"}, {outside, "far from all others in time, not drawn"},
	} {
		if odd.count > 0 {
			said = append(said, term.Warn.Spanf("%s %s", term.Count(odd.count), odd.text))
		}
	}
	return said
}

func (v *view) diskSaid() []term.Span {
	said := []term.Span{term.Spanf("%s for %s of records", term.Bytes(v.survey.DiskBytes), term.Bytes(int64(v.survey.PlainBytes)))}
	if v.receipt != nil {
		name := filepath.Base(v.receipt.Source)
		if v.receipt.Source == "-" {
			name = "standard input"
		}
		said = append(said, term.Spanf("migrated from %s, %s", term.Safe(name), term.Bytes(v.receipt.SourceBytes)))
	}
	return said
}

func (v *view) growthSaid() []term.Span {
	grows := term.Spanf("not known yet")
	if g := v.perDay(); g > 0 {
		grows = term.Spanf("%s/day%s", term.Bytes(int64(g)), v.yetPlain())
	}
	said := []term.Span{grows, term.Spanf("%s free", term.Bytes(int64(v.free)))}
	if g := v.perDay(); g > 0 {
		said = append(said, v.fullSaid())
	}
	return said
}

// yetPlain says that the growth is one of plain text, which will be compressed.
func (v *view) yetPlain() string {
	packed := slices.ContainsFunc(v.survey.Segments, func(s survey.Segment) bool { return s.Codec != segment.Plain })
	if packed || v.policy.Upkeep.CompressAfter == segment.Never || v.policy.Upkeep.Manual {
		return ""
	}
	return " before compression"
}

// fullSaid says when the disk is full.
func (v *view) fullSaid() term.Span {
	const far = 10 * 365 * day
	full := v.diskFull()
	switch left := full.Sub(v.now); {
	case full.IsZero() && v.most() < float64(v.survey.DiskBytes)+float64(v.free):
		return term.Spanf("never full: retention keeps it under %s", term.Bytes(int64(v.most())))
	case full.IsZero() || left > far:
		return term.Spanf("full in over 10 years")
	case left < 7*day:
		return term.Bad.Spanf("full in %s, on %s", term.Duration(left), full.In(v.zone).Format("2006-01-02 15:04"))
	default:
		return term.Spanf("full on %s, in %.0f days", full.In(v.zone).Format("2006-01-02"), left.Hours()/24)
	}
}

func (v *view) writerSaid() []term.Span {
	said := []term.Span{term.Spanf("sync %s", v.log.Marker.Settings.Get("sync"))}
	if v.survey.Records > 0 {
		said = append(said, term.Spanf("last append %s ago", term.Duration(max(0, v.now.Sub(v.survey.LastArrived)))))
	}
	if w := v.writer; w.pid != 0 {
		return append(said, term.Spanf("pid %d (%s) for %s", w.pid, term.Safe(w.command), term.Duration(max(0, v.now.Sub(w.since)))))
	}
	return append(said, term.Spanf("no writer holds the lock"))
}

func (v *view) memorySaid() []term.Span {
	said := []term.Span{term.Spanf("%s of %s available", term.Bytes(int64(v.memory.Available)), term.Bytes(int64(v.memory.Total)))}
	if v.memory.Limit > 0 {
		said = append(said, term.Spanf("limited to %s here", term.Bytes(int64(v.memory.Limit))))
	}
	return said
}

// upkeepSaid says what becomes of sealed segments, and how that last ended.
func (v *view) upkeepSaid() []term.Span {
	settings, u, n := v.log.Marker.Settings, v.policy.Upkeep, v.notes.Upkeep
	compress := "compress never"
	if u.CompressAfter != segment.Never {
		compress = fmt.Sprintf("compress after %s, %s", settings.Get("compress-after"), settings.Get("codec"))
	}
	said := []term.Span{term.Spanf("%s", compress)}
	if u.Manual {
		said = append(said, term.Spanf("only by hand"))
	}
	if !n.OK.IsZero() {
		said = append(said, term.Spanf("last ok %s", v.clock(n.OK)))
	}
	if !n.Failed.IsZero() {
		said = append(said, term.Bad.Spanf("failed %s: %s", v.clock(n.Failed), term.Safe(n.Error)))
	}
	return append(said, term.Spanf("retention: %s", v.retentionText()))
}

func (v *view) retentionText() string {
	settings := v.log.Marker.Settings
	var limits []string
	for _, l := range []struct{ key, unit string }{{"max-records", " records"}, {"max-age", ""}, {"max-bytes", ""}} {
		if text := settings.Get(l.key); text != "" {
			limits = append(limits, text+l.unit)
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

func (v *view) verifiedSaid() []term.Span {
	n := v.notes.Verified
	if n.At.IsZero() {
		return []term.Span{term.Spanf("never: histlog verify reads every byte")}
	}
	said := []term.Span{term.Spanf("%s, %s of %s records", v.clock(n.At), term.Count(min(n.Records, v.survey.Records)), term.Count(v.survey.Records))}
	if n.Damaged > 0 {
		said = append(said, term.Bad.Spanf("%d damaged then", n.Damaged))
	}
	return said
}

func (v *view) receiptSaid() []term.Span {
	r := v.receipt
	proven := term.Warn.Spanf("not proven")
	if r.Verified != "none" {
		proven = term.Spanf("proven by %s", term.Safe(r.Verified))
	}
	said := []term.Span{term.Spanf("%s, %s", term.Plural(r.Records, "record"), v.clock(r.Migrated)), proven, term.Spanf("source sha256 %.12s…", term.Safe(r.SourceSHA256))}
	if r.Salvaged {
		said = append(said, term.Warn.Spanf("salvaged: %s", term.Safe(r.Damage)))
	}
	return said
}

// clock shows when something happened: today's by the time of day.
func (v *view) clock(t time.Time) string {
	now, t := v.now.In(v.zone), t.In(v.zone)
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04")
	}
	if t.Year() == now.Year() {
		return t.Format("01-02 15:04")
	}
	return t.Format("2006-01-02 15:04")
}
