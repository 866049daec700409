package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/survey"
	"github.com/histlog/histlog/segment"
)

// A fact is one of the things that inspect says of a log, in a few parts.
type fact struct {
	label string
	said  []span
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

func (v *view) recordsSaid() []span {
	s := v.survey
	if s.Records == 0 {
		return []span{words("none yet")}
	}
	said := []span{
		words("%s", numberText(s.Records)), words("seq %s", seqText(s.FirstSeq, s.LastSeq)),
		words("%s → %s (%s)", s.First.In(v.zone).Format("2006-"+stamp), v.timeAfter(s.Last, s.First), durationText(s.Last.Sub(s.First))),
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
			said = append(said, late.span("%s %s", numberText(odd.count), odd.text))
		}
	}
	return said
}

func (v *view) diskSaid() []span {
	said := []span{words("%s for %s of records", bytesText(v.survey.DiskBytes), bytesText(int64(v.survey.PlainBytes)))}
	if v.receipt != nil {
		name := filepath.Base(v.receipt.Source)
		if v.receipt.Source == "-" {
			name = "standard input"
		}
		said = append(said, words("migrated from %s, %s", safe(name), bytesText(v.receipt.SourceBytes)))
	}
	return said
}

func (v *view) growthSaid() []span {
	grows := words("not known yet")
	if g := v.perDay(); g > 0 {
		grows = words("%s/day%s", bytesText(int64(g)), v.yetPlain())
	}
	said := []span{grows, words("%s free", bytesText(int64(v.free)))}
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
func (v *view) fullSaid() span {
	const far = 10 * 365 * day
	full := v.diskFull()
	switch left := full.Sub(v.now); {
	case full.IsZero() && v.most() < float64(v.survey.DiskBytes)+float64(v.free):
		return words("never full: retention keeps it under %s", bytesText(int64(v.most())))
	case full.IsZero() || left > far:
		return words("full in over 10 years")
	case left < 7*day:
		return bad.span("full in %s, on %s", durationText(left), full.In(v.zone).Format("2006-01-02 15:04"))
	default:
		return words("full on %s, in %.0f days", full.In(v.zone).Format("2006-01-02"), left.Hours()/24)
	}
}

func (v *view) writerSaid() []span {
	said := []span{words("sync %s", v.log.Marker.Settings.Get("sync"))}
	if v.survey.Records > 0 {
		said = append(said, words("last append %s ago", durationText(max(0, v.now.Sub(v.survey.LastArrived)))))
	}
	if w := v.writer; w.pid != 0 {
		return append(said, words("pid %d (%s) for %s", w.pid, safe(w.command), durationText(max(0, v.now.Sub(w.since)))))
	}
	return append(said, words("no writer holds the lock"))
}

func (v *view) memorySaid() []span {
	said := []span{words("%s of %s available", bytesText(int64(v.memory.Available)), bytesText(int64(v.memory.Total)))}
	if v.memory.Limit > 0 {
		said = append(said, words("limited to %s here", bytesText(int64(v.memory.Limit))))
	}
	return said
}

// upkeepSaid says what becomes of sealed segments, and how that last ended.
func (v *view) upkeepSaid() []span {
	settings, u, n := v.log.Marker.Settings, v.policy.Upkeep, v.notes.Upkeep
	compress := "compress never"
	if u.CompressAfter != segment.Never {
		compress = fmt.Sprintf("compress after %s, %s", settings.Get("compress-after"), settings.Get("codec"))
	}
	said := []span{words("%s", compress)}
	if u.Manual {
		said = append(said, words("only by hand"))
	}
	if !n.OK.IsZero() {
		said = append(said, words("last ok %s", v.clock(n.OK)))
	}
	if !n.Failed.IsZero() {
		said = append(said, bad.span("failed %s: %s", v.clock(n.Failed), safe(n.Error)))
	}
	return append(said, words("retention: %s", v.retentionText()))
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
	return safe(text)
}

func (v *view) verifiedSaid() []span {
	n := v.notes.Verified
	if n.At.IsZero() {
		return []span{words("never: histlog verify reads every byte")}
	}
	said := []span{words("%s, %s of %s records", v.clock(n.At), numberText(min(n.Records, v.survey.Records)), numberText(v.survey.Records))}
	if n.Damaged > 0 {
		said = append(said, bad.span("%d damaged then", n.Damaged))
	}
	return said
}

func (v *view) receiptSaid() []span {
	r := v.receipt
	proven := late.span("not proven")
	if r.Verified != "none" {
		proven = words("proven by %s", safe(r.Verified))
	}
	said := []span{words("%s, %s", counted(r.Records, "record"), v.clock(r.Migrated)), proven, words("source sha256 %.12s…", safe(r.SourceSHA256))}
	if r.Salvaged {
		said = append(said, late.span("salvaged: %s", safe(r.Damage)))
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

// numberText shows a count: 14,400.
func numberText(n uint64) string { return humanize.Comma(int64(n)) }

// seqText shows a run of sequences: 17, or 17–20.
func seqText(first, last segment.Sequence) string {
	if first == last {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d–%d", first, last)
}

// are is the verb of a count.
func are(n uint64) string { return english.PluralWord(int(n), "is", "are") }

// counted shows a count of things: 1 stall, 2 stalls.
func counted(n uint64, thing string) string {
	return numberText(n) + " " + english.PluralWord(int(n), thing, "")
}
