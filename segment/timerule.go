package segment

import (
	"time"

	"github.com/histlog/histlog/internal/recordtime"
)

// A TimeRule tells where records carry their time, from a sequence on.
type TimeRule struct {
	FromSeq Sequence `json:"from_seq"`
	Field   string   `json:"field"` // JSON pointer
	Zone    string   `json:"zone"`  // IANA name of the zone of times without one
}

// A stamp is a record's own time, if it has one.
type stamp struct {
	time time.Time
	ok   bool
}

// timeOf returns the time that the scalar at a record's time field is, if it is one.
func timeOf(scalar []byte, zone *time.Location) stamp {
	t, ok := recordtime.Parse(scalar, zone)
	return stamp{t, ok}
}
