package segment

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/histlog/histlog/internal/timespec"
)

// Sync tells when a record is acknowledged.
type Sync struct {
	Mode     SyncMode
	Interval time.Duration // for SyncInterval only
}

// SyncMode is a kind of sync policy. Only the functions of this file distinguish the
// modes: each of them needs a case for a new mode.
type SyncMode uint8

const (
	SyncAlways   SyncMode = iota // after an fdatasync
	SyncInterval                 // after one fdatasync for all records of an interval
	SyncNone                     // after the write: a power cut may lose the record
)

// syncForms are the forms of a sync policy in settings, for help and errors.
const syncForms = "always, interval=1s or none"

// parseSync reads a sync policy.
func parseSync(s string) (Sync, error) {
	interval, isInterval := strings.CutPrefix(s, "interval=")
	switch {
	case s == "always":
		return Sync{}, nil
	case s == "none":
		return Sync{Mode: SyncNone}, nil
	case isInterval:
		d, err := timespec.ParseDuration(interval)
		if err == nil && d < time.Millisecond {
			err = errors.New("at least 1ms")
		}
		return Sync{SyncInterval, d}, err
	}
	return Sync{}, fmt.Errorf("%q is not a sync policy: write %s", s, syncForms)
}

func (s Sync) String() string {
	switch s.Mode {
	case SyncInterval:
		return "interval=" + s.Interval.String()
	case SyncNone:
		return "none"
	}
	return "always"
}

// CommitDelay returns how long a written record waits for others, so that one sync
// makes all of them durable; 0 means that it does not wait.
func (s Sync) CommitDelay() time.Duration {
	if s.Mode == SyncInterval {
		return s.Interval
	}
	return 0
}

// Durable reports whether a record is durable when it is acknowledged.
func (s Sync) Durable() bool { return s.Mode != SyncNone }

// single reports whether a record that is committed alone is durable before the next one
// is written.
func (s Sync) single() bool { return s.Mode == SyncAlways }
