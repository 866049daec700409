package migrate

import (
	"io"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

// Options say what to migrate, where to, and what to accept. Source and Dir
// must be set.
type Options struct {
	Source   string               // path of a file, or "-" for Stdin
	Sources  []string             // paths of several files, in the order of their records, in place of Source
	Stdin    io.Reader            // nil means os.Stdin
	Dir      string               // the new log; must be missing or empty
	Each     bool                 // each of Sources is one record; Source is only what the receipt calls them
	Records  *segment.Pointer     // names the array of records, or is a pattern; nil means that they are found
	Accept   Accept               // what is accepted beyond JSON
	Settings segment.Settings     // of the new log
	Compress segment.Codec        // of its full segments
	Verify   Verify               // how the new log is verified
	Salvage  bool                 // of a truncated or damaged source, keep the records that are intact
	Progress func(read, of int64) // called with the bytes read so far; of is 0 if the size is not known; may be nil
	FS       segment.FS           // nil means the machine's
	chunk    int                  // bytes of the source that are read at once; 0 means chunkBytes
	exclude  *exclusion           // parts of the source that are damaged and not read; nil means none
	block    int                  // records of the source that are aligned at once with a log that lost some; 0 means blockKeys
	learn    int64                // bytes of the source to learn the style from; 0 means learnBytes
}

// Accept says what a source may contain besides JSON: NonFinite and InvalidUTF8 are set to
// the constants below, and Memory is the size in bytes of the largest record that fits into
// memory. The zero value is strict.
type Accept = jsonscan.Options

// What NaN, Infinity and -Infinity, which Python writes, become.
const (
	RejectNonFinite    = jsonscan.RejectNonFinite    // an error
	KeepNonFinite      = jsonscan.KeepNonFinite      // they stay as written, which is not JSON
	NullNonFinite      = jsonscan.NullNonFinite      // null
	StringifyNonFinite = jsonscan.StringifyNonFinite // "NaN", "Infinity" or "-Infinity"
)

// What bytes in a string that are not UTF-8 become.
const (
	RejectUTF8  = jsonscan.RejectUTF8  // an error
	ReplaceUTF8 = jsonscan.ReplaceUTF8 // U+FFFD
)

// Verify says how a new log is verified before it is published.
type Verify uint8

const (
	VerifyDigest    Verify = iota // read it back and compare it with the checksums of what was written
	VerifyRoundtrip               // also export it and compare the result with the source byte for byte, or token by token if tokens were converted
	VerifyNone                    // only compare the totals of the index
)
