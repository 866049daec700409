package main

import (
	"io"
	"time"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/reader"
	"github.com/histlog/histlog/segment"
	"github.com/urfave/cli/v2"
)

// defaultZone returns settings in which the zone of a log that is about to be made
// is this machine's, and what is to be said about that; nil: the command named one.
func defaultZone(s segment.Settings) (segment.Settings, *zoneName) {
	if _, named := s["time-zone"]; named {
		return s, nil
	}
	zone := thisMachine().find()
	if zone.name != utcName { // the default
		s = s.With(segment.Settings{"time-zone": zone.name})
	}
	return s, &zone
}

// say says how times without a zone are read.
func (z *zoneName) say(stderr io.Writer) {
	switch {
	case z == nil:
	case z.doubt != "":
		say(stderr, "warning: %s: times without a zone are read as %s; --time-zone names another", z.doubt, z.name)
	default:
		say(stderr, "times without a zone are read as %s, this machine's; --time-zone names another", z.name)
	}
}

// matters reports whether the zone has to be mentioned although no time is known
// that has none.
func (z *zoneName) matters() bool { return z != nil && (z.name != utcName || z.doubt != "") }

// zoneless reports whether a scalar is a time that names no zone.
func zoneless(scalar []byte) bool {
	here, ok := segment.ParseTime(scalar, time.UTC)
	there, _ := segment.ParseTime(scalar, time.FixedZone("", 3600))
	return ok && !here.Equal(there)
}

// holdsZoneless reports whether the first or the last record of a log has a time
// that names no zone.
func holdsZoneless(c *cli.Context, dir string) bool {
	l, err := openLog(c, dir)
	if err != nil {
		return false
	}
	field, err := segment.ParsePointer(l.Marker.TimeRule(1).Field)
	if err != nil {
		return false
	}
	for _, q := range []reader.Query{{To: l.Marker.FirstSeq}, {Last: 1}} {
		r, err := reader.New(l, q)
		if err != nil {
			return false
		}
		found := r.Next() && zoneless(scalarAt(r.Record().Text, field))
		if r.Close(); found {
			return true
		}
	}
	return false
}

// scalarAt returns the scalar that a pointer names in a compact value, or nil.
func scalarAt(text []byte, field *segment.Pointer) []byte {
	var scan jsonscan.Scanner
	scan.Reset(text, jsonscan.Options{Capture: field, NonFinite: jsonscan.KeepNonFinite})
	out, err := scan.Value(nil)
	if err != nil {
		return nil
	}
	return scan.Captured(out)
}

// warnOfTZ has a command that reads and shows local times say that TZ names no
// zone, for Go takes UTC then without a word.
func warnOfTZ(c *cli.Context) error {
	if c.Bool("utc") {
		return nil
	}
	if z := thisMachine(); z.isSet && z.local.String() == utcName {
		if zone := z.find(); zone.doubt != "" || zone.name != utcName {
			say(c.App.ErrWriter, "warning: TZ=%s names no time zone that is known: times are read and shown in UTC", z.tz)
		}
	}
	return nil
}
