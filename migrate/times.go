package migrate

import (
	"unicode/utf8"

	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/segment"
)

// Times says where the records have their times, and how many of them were read. A record
// without a time that can be read has the time of the migration.
type Times struct {
	TimeField  string   `json:"time_field"`               // JSON pointer, as in the log's settings
	TimeFormat string   `json:"time_format"`              // as in the log's settings
	TimeZone   *string  `json:"time_zone"`                // of times that name no zone; nil means that there is none among the first times and the last one
	ClockTimes uint64   `json:"clock_times"`              // records that have the time of the migration
	NoTime     uint64   `json:"missing_times"`            // of these, the records with nothing, null, an array or an object at the time field
	Unread     uint64   `json:"unread_times"`             // records whose scalar there is not a time
	UnreadTime string   `json:"unread_example,omitempty"` // such a scalar
	Formats    []string `json:"unread_formats,omitempty"` // values of time-format that read UnreadTime and those that came shortly after it
}

// formatChecks is the maximum number of unread times for which formats are tried, as there
// are thousands of formats.
const formatChecks = 16

// zonelessChecks is the number of times that are asked whether they name a zone, in
// addition to the last one. Asking costs as much as reading a record's time twice.
const zonelessChecks = 8

// A timeCounter collects Times while the records are read.
type timeCounter struct {
	Times
	format   *recordtime.Format
	read     uint64 // number of times that were read
	zoneless bool   // a time that names no zone was found
	last     []byte // the last time that was read
}

// add counts a record by the scalar at its time field, which is nil if there is none. ok
// means that the scalar was read as a time.
func (c *timeCounter) add(scalar []byte, ok bool) {
	if ok {
		if c.read++; c.read <= zonelessChecks && !c.zoneless {
			c.zoneless = c.isZoneless(scalar)
		}
		c.last = append(c.last[:0], scalar...)
		return
	}
	c.ClockTimes++
	if scalar == nil || string(scalar) == "null" {
		c.NoTime++
		return
	}
	if c.Unread++; c.Unread <= formatChecks {
		c.addUnread(scalar)
	}
}

// addUnread looks for the formats of a scalar that is not read as a time.
func (c *timeCounter) addUnread(scalar []byte) {
	if c.Formats == nil {
		c.Formats = formatsOf(scalar)
		if c.UnreadTime == "" || c.Formats != nil {
			const longest = 256
			end := min(len(scalar), longest)
			for end < len(scalar) && !utf8.RuneStart(scalar[end]) {
				end--
			}
			c.UnreadTime = string(scalar[:end])
		}
		return
	}
	var both []string
	for _, f := range c.Formats {
		format, err := recordtime.ParseFormat(f)
		if _, ok := (&recordtime.Parser{Format: format}).Parse(scalar); err == nil && ok {
			both = append(both, f)
		}
	}
	if both != nil { // otherwise it may not be a time at all
		c.Formats = both
	}
}

// formatsOf returns the values of time-format that read a scalar.
func formatsOf(scalar []byte) []string {
	if _, ok := recordtime.Parse(scalar, nil); ok { // the settings name another format
		return []string{"auto"}
	}
	return recordtime.Suggest(scalar)
}

func (c *timeCounter) isZoneless(scalar []byte) bool {
	return (&recordtime.Parser{Format: c.format}).IsZoneless(scalar)
}

// result returns what was counted in a log with settings.
func (c *timeCounter) result(settings segment.Settings) Times {
	c.TimeField, c.TimeFormat = settings.Get(timeFieldKey), settings.Get(timeFormatKey)
	if c.zoneless || c.isZoneless(c.last) {
		zone := settings.Get("time-zone")
		c.TimeZone = &zone
	}
	return c.Times
}
