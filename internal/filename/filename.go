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
// Digits digits, and a suffix; the name of a merged one has a hyphen and the sequence of
// the last record between them. The extension of the codec follows TextSuffix.
const (
	Digits      = 20
	TextSuffix  = ".ndjson"
	IndexSuffix = ".index"
	SmallSuffix = ".index.zst"
)

// A Stem is what the names of all files of one segment begin with: the sequence of its
// first record and, if it was merged from smaller ones, that of its last record.
type Stem struct{ Base, End uint64 } // End is 0 if the segment was not merged

// Text returns the name of the segment stored as c.
func (s Stem) Text(c seekable.Codec) string { return s.digits() + TextSuffix + c.Extension() }

// Index returns the name of the segment's index.
func (s Stem) Index() string { return s.digits() + IndexSuffix }

// SmallIndex returns the name of the small form of that index.
func (s Stem) SmallIndex() string { return s.digits() + SmallSuffix }

// All returns all names that the files of the segment may have, those of its text before
// those of its index.
func (s Stem) All() (names []string) {
	for _, c := range seekable.Codecs() {
		names = append(names, s.Text(c))
	}
	return append(names, s.Index(), s.SmallIndex())
}

func (s Stem) digits() string {
	if s.End == 0 {
		return pad(s.Base)
	}
	return pad(s.Base) + "-" + pad(s.End)
}

// pad returns a sequence with leading zeros.
func pad(n uint64) string {
	const zeros = "00000000000000000000" // Digits of them
	digits := strconv.FormatUint(n, 10)
	return zeros[len(digits):] + digits
}

// Segment returns the name of the segment that begins with base and is stored as c.
func Segment(base uint64, c seekable.Codec) string { return Stem{Base: base}.Text(c) }

// Text returns the name of the plain segment that begins with base.
func Text(base uint64) string { return Stem{Base: base}.Text(seekable.Plain) }

// Index returns the name of that segment's index.
func Index(base uint64) string { return Stem{Base: base}.Index() }

// SmallIndex returns the name of the small form of that index.
func SmallIndex(base uint64) string { return Stem{Base: base}.SmallIndex() }

// Parse divides the name of a segment or an index into its parts. ok is false for any
// other file, which is ignored.
func Parse(name string) (s Stem, suffix string, ok bool) {
	if len(name) <= Digits {
		return s, "", false
	}
	s.Base, ok = parseDigits(name[:Digits])
	suffix = name[Digits:]
	if rest, merged := strings.CutPrefix(suffix, "-"); merged && ok && len(rest) > Digits {
		s.End, ok = parseDigits(rest[:Digits])
		// A segment is merged from at least two, each of at least one record.
		ok, suffix = ok && s.End > s.Base, rest[Digits:]
	}
	if _, text := CodecOf(suffix); !ok || !text && suffix != IndexSuffix && suffix != SmallSuffix {
		return Stem{}, "", false
	}
	return s, suffix, true
}

// parseDigits is the inverse of pad. ok is false for 0, which is no sequence.
func parseDigits(digits string) (n uint64, ok bool) {
	if strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && n > 0
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
