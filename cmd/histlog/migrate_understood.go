package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/term"
	"github.com/histlog/histlog/internal/timezone"
	"github.com/histlog/histlog/migrate"
)

// understood is what a migration took for the records and their times. A dry run knows the
// same as the migration.
type understood struct {
	source  string
	records uint64
	at      string // as Receipt.RecordsAt
	share   float64
	named   bool // --records names the place
	times   migrate.Times
	zone    *timezone.Zone // this machine's; nil if --time-zone names another
}

// print prints the place of the records and their times on one line.
func (u understood) print(w io.Writer) error {
	_, err := term.Fprintf(w, "records: %s · time: %s\n", u.recordsText(), u.timeText())
	return err
}

func (u understood) recordsText() string {
	place := "each value of the file"
	switch u.at {
	case "":
		place = "the root array"
	case "files":
		return fmt.Sprintf("each file (%d)", u.records)
	case "stream": // all of it, whatever is between the values
		return fmt.Sprintf("%s (%d)", place, u.records)
	default:
		place = jsonscan.ShortPointer(u.at)
	}
	text := fmt.Sprintf("%s (%d, %s of the file", place, u.records, percent(u.share))
	if u.share < 0.5 {
		text += ", less than half"
	}
	return text + ")"
}

// percent formats a share, rounded down: only all is 100 %.
func percent(share float64) string {
	switch {
	case share >= 1:
		return "100 %"
	case share < 0.001 && share > 0:
		return "less than 0.1 %"
	}
	return fmt.Sprintf("%.1f %%", float64(int(share*1000))/10)
}

func (u understood) timeText() string {
	t := u.times
	switch {
	case u.records > 0 && t.NoTime == u.records:
		return fmt.Sprintf("that of the migration, as no record has a %s; --time-field names another member", u.field())
	case u.records > 0 && t.ClockTimes == u.records:
		return fmt.Sprintf("that of the migration, as no %s can be read", u.field())
	}
	text := u.field()
	if t.TimeFormat != "auto" {
		text += ", " + t.TimeFormat
	}
	if t.TimeZone != nil {
		text += ", " + *t.TimeZone
		if u.zone != nil && u.zone.Doubt == "" {
			text += " (this machine's)"
		}
	}
	return text
}

// field returns the time field, for a sentence.
func (u understood) field() string {
	if strings.HasPrefix(u.times.TimeField, "*") {
		return "key (" + u.times.TimeField + ")"
	}
	return jsonscan.ShortPointer(u.times.TimeField)
}

// warn warns if the values taken for records, or their times, may be the wrong ones.
func (u understood) warn(w io.Writer) {
	t := u.times
	if u.records == 1 && u.at == "stream" && !u.named {
		say(w, "%s holds one value, which is one record; if its records are in an array, name that array with --records", u.source)
	}
	if t.NoTime > 0 && t.NoTime < u.records {
		say(w, "%d of %d records %s no %s: the time of migration is used instead", t.NoTime, u.records, hasHave(t.NoTime), u.field())
	}
	if t.Unread > 0 {
		say(w, "%d of %d records %s a %s that can't be read, such as %s: the time of migration is used instead%s", t.Unread, u.records, hasHave(t.Unread), u.field(), term.Truncate(t.UnreadTime, 60), formatHint(t.Formats))
	}
}

// warnZone warns if this machine's zone, which the times need, is not known.
func (u understood) warnZone(w io.Writer) {
	if u.times.TimeZone != nil && u.zone != nil && u.zone.Doubt != "" {
		sayZone(w, u.zone)
	}
}

func hasHave(n uint64) string { return english.PluralWord(int(n), "has", "have") }

// formatHint names the formats that read a time, if there are any.
func formatHint(formats []string) string {
	if len(formats) == 0 {
		return ""
	}
	return "; " + formatFlags(formats) + " " + english.PluralWord(len(formats), "reads", "read") + " it"
}

// formatFlags returns the flags for formats of times.
func formatFlags(formats []string) string {
	var flags []string
	for _, f := range formats {
		flags = append(flags, "--time-format "+shellWord(f))
	}
	return english.WordSeries(flags, "or")
}
