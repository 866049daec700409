// Package filename has the names of the files in the directory of a log.
// docs/FORMAT.md specifies them.
package filename

import (
	"strconv"
	"strings"

	"github.com/histlog/histlog/internal/seekable"
)

// The names in the directory of a log other than those of segments and indexes.
const (
	Marker     = "HISTLOG"
	Lock       = "LOCK"
	Upkeep     = "UPKEEP"
	Draft      = ".HISTLOG.draft" // marks a log that is being made
	Probe      = ".probe"         // written to test fsync
	Waiting    = ".waiting"       // locked by the first of the waiting writers
	Events     = "events.log"
	Origin     = "origin"     // a directory
	Quarantine = "quarantine" // a directory
)

// Sums is the file in origin/ with the checksums of all others there, in the format
// of sha256sum -c.
const Sums = "SHA256SUMS"

// The name of a segment or an index is a base, the sequence of the first record, of
// Digits digits, and a suffix. The extension of the codec follows TextSuffix.
const (
	Digits      = 20
	TextSuffix  = ".ndjson"
	IndexSuffix = ".index"
	SmallSuffix = ".index.zst"
)

// Segment returns the name of the segment that begins with base and is stored as c.
func Segment(base uint64, c seekable.Codec) string { return Text(base) + c.Extension() }

// Text returns the name of the plain segment that begins with base.
func Text(base uint64) string { return withSuffix(base, TextSuffix) }

// Index returns the name of that segment's index.
func Index(base uint64) string { return withSuffix(base, IndexSuffix) }

// SmallIndex returns the name of the small form of that index.
func SmallIndex(base uint64) string { return withSuffix(base, SmallSuffix) }

func withSuffix(base uint64, suffix string) string {
	const zeros = "00000000000000000000" // Digits of them
	digits := strconv.FormatUint(base, 10)
	return zeros[len(digits):] + digits + suffix
}

// All returns all names that the files of a segment may have, those of its text before
// those of its index.
func All(base uint64) (names []string) {
	for _, c := range seekable.Codecs() {
		names = append(names, Segment(base, c))
	}
	return append(names, Index(base), SmallIndex(base))
}

// Parse divides the name of a segment or an index into its parts. ok is false for any
// other file, which is ignored.
func Parse(name string) (base uint64, suffix string, ok bool) {
	if len(name) <= Digits {
		return 0, "", false
	}
	digits, suffix := name[:Digits], name[Digits:]
	if _, text := CodecOf(suffix); !text && suffix != IndexSuffix && suffix != SmallSuffix {
		return 0, "", false
	}
	if strings.Trim(digits, "0123456789") != "" {
		return 0, "", false
	}
	base, err := strconv.ParseUint(digits, 10, 64)
	return base, suffix, err == nil && base > 0
}

// CodecOf returns the codec of a segment with that suffix. ok is false for any other
// file.
func CodecOf(suffix string) (c seekable.Codec, ok bool) {
	extension, text := strings.CutPrefix(suffix, TextSuffix)
	c, ok = seekable.CodecOf(extension)
	return c, text && ok
}

// IsSegment reports whether a file of that name is a segment of a log, or the index of
// one.
func IsSegment(name string) bool {
	_, _, ok := Parse(name)
	return ok
}

// IsTemporary reports whether a file is a segment or an index that is being written, or
// that a crash left unfinished.
func IsTemporary(name string) bool {
	name, dot := strings.CutPrefix(name, ".")
	name, tmp := strings.CutSuffix(name, ".tmp")
	return dot && tmp && IsSegment(name)
}
