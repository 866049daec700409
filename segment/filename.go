package segment

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/histlog/histlog/internal/seekable"
)

// Sequence is the number of a record in its log. Numbers begin with 1 and have no gaps.
type Sequence uint64

// Offset is a number of bytes from the start of the plain text of a segment.
type Offset int64

// The names in the directory of a log other than those of segments and indexes.
const (
	markerName     = "HISTLOG"
	lockName       = "LOCK"
	upkeepName     = "UPKEEP"
	draftName      = ".HISTLOG.draft" // marks a log that is being made
	probeName      = ".probe"         // written to test fsync
	waitingName    = ".waiting"       // locked by the first of the waiting writers
	EventsName     = "events.log"
	OriginName     = "origin"
	QuarantineName = "quarantine"
)

const (
	textSuffix  = ".ndjson"
	indexSuffix = ".index"
	smallSuffix = ".index.zst"
	baseDigits  = 20
)

// Codec is how the text of a segment is stored.
type Codec = seekable.Codec

const (
	Plain = seekable.Plain // as it is
	Zstd  = seekable.Zstd  // the zstd seekable format
	Gzip  = seekable.Gzip  // members of gzip
)

// ParseCodec returns the codec that compresses and has that name.
func ParseCodec(name string) (Codec, error) { return seekable.ParseCodec(name) }

// CodecNames lists the codecs that compress for a message: "zstd or gzip".
func CodecNames() string { return seekable.Names() }

// FileName returns the name of the file that holds the segment that begins with base.
func FileName(base Sequence, c Codec) string { return TextName(base) + c.Extension() }

// TextName returns the name of the plain segment that begins with base.
func TextName(base Sequence) string { return fmt.Sprintf("%0*d%s", baseDigits, base, textSuffix) }

// IndexName returns the name of that segment's index.
func IndexName(base Sequence) string { return fmt.Sprintf("%0*d%s", baseDigits, base, indexSuffix) }

// SmallIndexName returns the name of the small form of that index.
func SmallIndexName(base Sequence) string {
	return fmt.Sprintf("%0*d%s", baseDigits, base, smallSuffix)
}

// IsSegmentName reports whether a file of that name is a segment of a log, or the
// index of one.
func IsSegmentName(name string) bool {
	_, _, ok := parseName(name)
	return ok
}

// fileNames returns all names that the files of a segment may have, those of its
// text before those of its index.
func fileNames(base Sequence) (names []string) {
	for _, c := range seekable.Codecs() {
		names = append(names, FileName(base, c))
	}
	return append(names, IndexName(base), SmallIndexName(base))
}

// parseName divides the name of a segment or an index into its parts. ok is false for
// any other file, which is ignored.
func parseName(name string) (base Sequence, suffix string, ok bool) {
	if len(name) <= baseDigits {
		return 0, "", false
	}
	digits, suffix := name[:baseDigits], name[baseDigits:]
	if _, text := codecOf(suffix); !text && suffix != indexSuffix && suffix != smallSuffix {
		return 0, "", false
	}
	if strings.Trim(digits, "0123456789") != "" {
		return 0, "", false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return Sequence(n), suffix, err == nil && n > 0
}

// isTemporary reports whether a file is a segment or an index that is being written, or
// that a crash left unfinished.
func isTemporary(name string) bool {
	name, dot := strings.CutPrefix(name, ".")
	name, tmp := strings.CutSuffix(name, ".tmp")
	return dot && tmp && IsSegmentName(name)
}

// codecOf returns the codec of a segment with that suffix. ok is false for any other
// file.
func codecOf(suffix string) (c Codec, ok bool) {
	extension, text := strings.CutPrefix(suffix, textSuffix)
	c, ok = seekable.CodecOf(extension)
	return c, text && ok
}
