package main

import (
	"io"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/internal/timezone"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// defaultZone returns the settings of a log that is about to be created: the zone of
// this machine unless s names one. zone is nil if s does.
func defaultZone(s segment.Settings) (settings segment.Settings, zone *timezone.Zone) {
	if _, named := s["time-zone"]; named {
		return s, nil
	}
	found := timezone.Find()
	if found.Name != timezone.UTC { // the default
		s = s.With(segment.Settings{"time-zone": found.Name})
	}
	return s, &found
}

// sayZone says in which zone times without a zone are read; nil says nothing.
func sayZone(stderr io.Writer, z *timezone.Zone) {
	switch {
	case z == nil:
	case z.Doubt != "":
		say(stderr, "warning: %s: times without a zone are read as %s; --time-zone names another", z.Doubt, z.Name)
	default:
		say(stderr, "times without a zone are read as %s, this machine's; --time-zone names another", z.Name)
	}
}

// sayNotableZone is sayZone for a log without records: UTC is worth a message only if
// a record needs it.
func sayNotableZone(stderr io.Writer, z *timezone.Zone) {
	if z != nil && (z.Name != timezone.UTC || z.Doubt != "") {
		sayZone(stderr, z)
	}
}

// holdsZoneless reports whether the time of the first or of the last record of a log
// names no zone.
func holdsZoneless(c *cli.Context, dir string) bool {
	l, err := openLog(c, dir)
	if err != nil {
		return false
	}
	format, err := recordtime.ParseFormat(l.Marker.Settings.Get("time-format"))
	if err != nil {
		return false
	}
	times := recordtime.Parser{Format: format}
	field, err := segment.ParseTimeField(l.Marker.TimeRule(1).Field)
	if err != nil {
		return false
	}
	for _, q := range []reader.Query{{To: l.Marker.FirstSeq}, {Last: 1}} {
		r, err := reader.New(l, q)
		if err != nil {
			return false
		}
		found := r.Next() && times.IsZoneless(scalarAt(r.Record().Text, field))
		if r.Close(); found {
			return true
		}
	}
	return false
}

// scalarAt returns the scalar that field points to in compact JSON, or nil.
func scalarAt(text []byte, field *segment.Pointer) []byte {
	var scan jsonscan.Scanner
	scan.Reset(text, jsonscan.Options{Capture: field, NonFinite: jsonscan.KeepNonFinite})
	out, err := scan.Value(nil)
	if err != nil {
		return nil
	}
	return scan.Captured(out)
}

// warnOfTZ warns before a command that reads or shows local times if TZ is unknown.
func warnOfTZ(c *cli.Context) error {
	if c.Bool("utc") {
		return nil
	}
	if tz, unknown := timezone.UnknownTZ(); unknown {
		say(c.App.ErrWriter, "warning: TZ=%s names no time zone that is known: times are read and shown in UTC", tz)
	}
	return nil
}
