package migrate

import "github.com/histlog/histlog/internal/jsonscan"

// Accept says what a source may hold beyond JSON: NonFinite and InvalidUTF8,
// each one of the constants below, and Memory, the largest record in bytes that
// there is memory for. The zero value is strict.
type Accept = jsonscan.Options

// What becomes of NaN, Infinity and -Infinity, which Python writes.
const (
	RejectNonFinite    = jsonscan.RejectNonFinite    // an error
	KeepNonFinite      = jsonscan.KeepNonFinite      // they stay as written, which is not JSON
	NullNonFinite      = jsonscan.NullNonFinite      // null
	StringifyNonFinite = jsonscan.StringifyNonFinite // "NaN", "Infinity" or "-Infinity"
)

// What becomes of bytes in a string that are not UTF-8.
const (
	RejectUTF8  = jsonscan.RejectUTF8  // an error
	ReplaceUTF8 = jsonscan.ReplaceUTF8 // U+FFFD stands in their place
)
