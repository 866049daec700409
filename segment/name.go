package segment

import (
	"fmt"
	"strconv"
	"strings"
)

// Sequence is a record's number in its log, from 1, without gaps.
type Sequence uint64

// Offset counts bytes from the start of a segment's plain text.
type Offset int64

// The names in a log's directory that are not segments or their indexes.
const (
	markerName     = "HISTLOG"
	lockName       = "LOCK"
	upkeepName     = "UPKEEP"
	draftName      = ".HISTLOG.draft"
	probeName      = ".probe"
	EventsName     = "events.log"
	OriginName     = "origin"
	QuarantineName = "quarantine"
)

const (
	textSuffix  = ".ndjson"
	indexSuffix = ".index"
	baseDigits  = 20
)

// TextName returns the name of the plain segment that begins with base.
func TextName(base Sequence) string { return fmt.Sprintf("%0*d%s", baseDigits, base, textSuffix) }

// IndexName returns the name of that segment's index.
func IndexName(base Sequence) string { return fmt.Sprintf("%0*d%s", baseDigits, base, indexSuffix) }

// parseName splits the name of a segment or an index; ok is false for every
// other file, which is none of ours.
func parseName(name string) (base Sequence, suffix string, ok bool) {
	if len(name) <= baseDigits {
		return 0, "", false
	}
	digits, suffix := name[:baseDigits], name[baseDigits:]
	switch suffix {
	case textSuffix, indexSuffix, textSuffix + ".zst", textSuffix + ".gz":
	default:
		return 0, "", false
	}
	if strings.Trim(digits, "0123456789") != "" {
		return 0, "", false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return Sequence(n), suffix, err == nil && n > 0
}
