package migrate

import (
	"github.com/histlog/histlog/internal/recordtime"
	"github.com/histlog/histlog/segment"
)

// Times says where the records have their times, and how many of them were read. A record
// without a time that can be read has the time of the migration.
type Times struct {
	TimeField  string  `json:"time_field"`               // JSON pointer, as in the log's settings
	TimeZone   *string `json:"time_zone"`                // of the times that name none, which are looked for in the first records and the last; nil means that there are none
	ClockTimes uint64  `json:"clock_times"`              // records that have the time of the migration
	NoTime     uint64  `json:"missing_times"`            // of these, the records with nothing, null, an array or an object at the time field
	Unread     uint64  `json:"unread_times"`             // of these, the records with a scalar there that is no time
	UnreadTime string  `json:"unread_example,omitempty"` // the first such scalar
}

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
	if c.Unread++; c.Unread == 1 {
		const longest = 256
		c.UnreadTime = string(scalar[:min(len(scalar), longest)])
	}
}

func (c *timeCounter) isZoneless(scalar []byte) bool {
	return (&recordtime.Parser{Format: c.format}).IsZoneless(scalar)
}

// result returns what was counted in a log with settings.
func (c *timeCounter) result(settings segment.Settings) Times {
	c.TimeField = settings.Get("time-field")
	if c.zoneless || c.isZoneless(c.last) {
		zone := settings.Get("time-zone")
		c.TimeZone = &zone
	}
	return c.Times
}
