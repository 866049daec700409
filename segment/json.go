package segment

import "github.com/histlog/histlog/internal/jsonscan"

// A SyntaxError reports where an appended value stops being JSON: Offset is in bytes from
// its start, Pointer is the JSON pointer to that place, Reason explains the error, and
// Cause is one of the errors below.
type SyntaxError = jsonscan.SyntaxError

// The causes of a [SyntaxError]. Distinguish them with errors.Is.
var (
	ErrInvalid   = jsonscan.ErrInvalid   // a byte that JSON does not allow at that place
	ErrCut       = jsonscan.ErrCut       // the text ends inside a value
	ErrNonFinite = jsonscan.ErrNonFinite // NaN or Infinity, which JSON does not have
	ErrUTF8      = jsonscan.ErrUTF8      // bytes in a string that are not UTF-8
	ErrDepth     = jsonscan.ErrDepth     // more than 10,000 levels of nesting
)

// A Pointer is a JSON pointer (RFC 6901), parsed.
type Pointer = jsonscan.Pointer

// ParsePointer parses a JSON pointer like /a/b. It also accepts the notation of jq, .a.b.
// The empty pointer means the whole value.
func ParsePointer(s string) (*Pointer, error) { return jsonscan.ParsePointer(s) }

// ParsePattern parses s like ParsePointer, but a token * matches every member of an object
// and every element of an array: /history/*.
func ParsePattern(s string) (*Pointer, error) { return jsonscan.ParsePattern(s) }

// ParseTimeField parses a time-field: a pointer, in which a token * leads to the first
// member of an object or the first element of an array, whatever its name; or a text of
// stars alone without a first slash, which names a key in place of a value: * is the key of
// the record's first member, */* the key of the first member inside that one.
func ParseTimeField(s string) (*Pointer, error) { return jsonscan.ParseCapture(s) }
