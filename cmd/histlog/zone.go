package main

import (
	"io"

	"github.com/histlog/histlog/internal/timezone"
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

// warnOfTZ warns before a command that reads or shows local times if TZ is unknown.
func warnOfTZ(c *cli.Context) error {
	if c.Bool("utc") {
		return nil
	}
	if tz, unknown := timezone.UnknownTZ(); unknown {
		say(c.App.ErrWriter, "warning: TZ=%s names no known time zone: times are read and shown in UTC", tz)
	}
	return nil
}
