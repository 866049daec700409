package segment

import "github.com/histlog/histlog/internal/jsonscan"

// A SyntaxError says where an appended value stops being JSON: Offset, in bytes
// from its start, Pointer, the JSON pointer to that place, Reason, in words, and
// Cause, one of the errors below.
type SyntaxError = jsonscan.SyntaxError

// The causes of a [SyntaxError], to be told apart with errors.Is.
var (
	ErrInvalid   = jsonscan.ErrInvalid   // a byte that no JSON value can have there
	ErrCut       = jsonscan.ErrCut       // the text ends inside a value
	ErrNonFinite = jsonscan.ErrNonFinite // NaN or Infinity, which JSON does not have
	ErrUTF8      = jsonscan.ErrUTF8      // bytes in a string that are not UTF-8
	ErrDepth     = jsonscan.ErrDepth     // nested more than 10,000 deep
)

// A Pointer is a JSON pointer (RFC 6901), parsed.
type Pointer = jsonscan.Pointer

// ParsePointer parses "", the whole value, or a text like /a/b; .a.b, as jq has
// it, is the same.
func ParsePointer(s string) (*Pointer, error) { return jsonscan.ParsePointer(s) }
