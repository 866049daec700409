package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/shirou/gopsutil/v3/process"
)

// screen shows a log at a glance, the verdict first.
func (v *view) screen(w io.Writer, zone *time.Location, now time.Time) error {
	out := bufio.NewWriter(w)
	s := v.survey
	name, offset := now.In(zone).Format("MST"), now.In(zone).Format("-07:00")
	word := "OK"
	if len(s.Damage) > 0 {
		word = "DAMAGED"
	}
	fmt.Fprintf(out, "%s  %s · %d damaged · quarantine %s    times: %s (%s)\n", word, v.lastRecord(now), len(s.Damage), v.quarantineText(), name, offset)
	for _, d := range s.Damage {
		fmt.Fprintf(out, "    %v\n", d)
	}
	fmt.Fprintln(out)
	v.facts(out, zone, now)
	v.stalls(out, zone)
	v.segments(out)
	return out.Flush()
}

func (v *view) lastRecord(now time.Time) string {
	s := v.survey
	if s.Records == 0 {
		return "no records yet"
	}
	text := "last record arrived " + durationText(now.Sub(s.LastArrived)) + " ago"
	if s.Cadence > 0 {
		text += ", one every " + durationText(s.Cadence)
	}
	return text
}

func (v *view) quarantineText() string {
	if len(v.quarantine) == 0 {
		return "empty"
	}
	return fmt.Sprintf("%d files", len(v.quarantine))
}

const stamp = "01-02 15:04:05"

// facts prints the lines that begin with a word.
func (v *view) facts(out io.Writer, zone *time.Location, now time.Time) {
	s := v.survey
	if s.Records > 0 {
		fmt.Fprintf(out, "records   %d  seq %d–%d  %s → %s  (%s)\n", s.Records, s.FirstSeq, s.LastSeq,
			s.First.In(zone).Format("2006-"+stamp), s.Last.In(zone).Format(stamp), durationText(s.Last.Sub(s.First)))
		fmt.Fprintf(out, "size      median %s · max %s\n", bytesText(int64(s.MedianSize)), bytesText(int64(s.GreatestSize)))
	}
	fmt.Fprintf(out, "disk      %s for %s of records", bytesText(v.disk), bytesText(int64(s.PlainBytes)))
	if v.receipt != nil {
		fmt.Fprintf(out, " · migrated from %s, %s", safe(v.receipt.Source), bytesText(v.receipt.SourceBytes))
	}
	fmt.Fprintf(out, "\ngrowth    %s · %s free%s\n", v.growthText(), bytesText(int64(v.free)), v.fullText(now))
	fmt.Fprintf(out, "writer    sync %s · %s\n", v.log.Marker.Settings.Get("sync"), v.writerText(now))
	fmt.Fprintf(out, "memory    %s of %s available%s\n", bytesText(int64(v.memory.Available)), bytesText(int64(v.memory.Total)), v.limitText())
	if r := v.receipt; r != nil {
		fmt.Fprintf(out, "receipt   %d records, verified by %s on %s, source sha256 %s\n", r.Records, r.Verified, r.Migrated.In(zone).Format("2006-01-02 15:04"), r.SourceSHA256)
	}
}

func (v *view) growthText() string {
	if g := v.growth(); g > 0 {
		return bytesText(int64(g)) + "/day"
	}
	return "not known yet"
}

func (v *view) fullText(now time.Time) string {
	full := v.diskFull(now)
	if full.IsZero() {
		return ""
	}
	return " · full in " + durationText(full.Sub(now))
}

func (v *view) limitText() string {
	if v.memory.Limit == 0 {
		return ""
	}
	return ", limited to " + bytesText(int64(v.memory.Limit)) + " here"
}

func (v *view) writerText(now time.Time) string {
	pid, command, since := v.log.Holder()
	if alive, err := process.PidExists(int32(pid)); pid != 0 && err == nil && alive {
		return fmt.Sprintf("pid %d (%s) since %s", pid, safe(command), durationText(now.Sub(since)))
	}
	return "not running"
}

func (v *view) stalls(out io.Writer, zone *time.Location) {
	s := v.survey
	if len(s.Stalls) == 0 {
		return
	}
	const most = 10
	fmt.Fprintf(out, "stalls    %d (over %s)\n", len(s.Stalls), durationText(reader.StallFactor*s.Cadence))
	longest := slices.SortedFunc(slices.Values(s.Stalls), func(a, b reader.Stall) int { return cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From)) })
	for _, g := range longest[:min(most, len(longest))] {
		fmt.Fprintf(out, "          %s → %s  %s  after seq %d\n", g.From.In(zone).Format(stamp), g.To.In(zone).Format(stamp), durationText(g.To.Sub(g.From)), g.After)
	}
}

func (v *view) segments(out io.Writer) {
	fmt.Fprintf(out, "\n%-13s %8s %8s %8s\n", "SEGMENT", "RECORDS", "PLAIN", "DISK")
	for i, s := range v.survey.Segments {
		const ends = 8 // so many at either end are shown
		if n := len(v.survey.Segments); i == ends && n > 2*ends+1 {
			fmt.Fprintf(out, "…             %d more\n", n-2*ends)
		}
		if i >= ends && i < len(v.survey.Segments)-ends && len(v.survey.Segments) > 2*ends+1 {
			continue
		}
		name := fmt.Sprintf("%d–", s.Base)
		if s.Sealed {
			name = fmt.Sprintf("%d–%d", s.Base, s.Next-1)
		}
		mark := ""
		if !s.Sealed {
			mark = "  active"
		}
		fmt.Fprintf(out, "%-13s %8d %8s %8s%s\n", name, s.Records, bytesText(int64(s.Bytes)), bytesText(diskBytes(s.Segment)), mark)
	}
}

// diskBytes returns the length of a segment's file, 0 if it is gone.
func diskBytes(s segment.Segment) int64 {
	info, err := os.Lstat(s.Path)
	if err != nil {
		return 0
	}
	return info.Size()
}
