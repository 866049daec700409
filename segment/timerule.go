package segment

import (
	"time"

	"github.com/histlog/histlog/internal/recordtime"
)

// A TimeRule tells where records carry their time, from a sequence on.
type TimeRule struct {
	FromSeq Sequence `json:"from_seq"`
	Field   string   `json:"field"` // JSON pointer
	Zone    string   `json:"zone"`  // IANA name of the zone for times that name none
}

// A stamp is a record's own time, if it has one.
type stamp struct {
	time time.Time
	ok   bool
}

// timeOf returns the time that scalar, the value of a record's time field, stands for.
func timeOf(scalar []byte, zone *time.Location) stamp {
	t, ok := recordtime.Parse(scalar, zone)
	return stamp{t, ok}
}
