package jsonscan

import (
	"errors"
	"fmt"
)

// The causes of a [SyntaxError]. Use errors.Is to tell them apart.
var (
	// ErrInvalid is returned for a byte that JSON does not allow at that place.
	ErrInvalid = errors.New("invalid JSON")
	// ErrPython is returned for a token of Python's repr, such as None or a string in
	// single quotes. It is ErrInvalid, too.
	ErrPython = fmt.Errorf("%w: a Python literal", ErrInvalid)
	// ErrCut is returned when the stream ends inside a value. The values before are complete.
	ErrCut = errors.New("the text ends inside a value")
	// ErrNonFinite is returned for NaN, Infinity and -Infinity, which JSON does not have,
	// unless [Options] accept them.
	ErrNonFinite = errors.New("not a JSON number")
	// ErrUTF8 is returned for a string with bytes that are not UTF-8, unless [Options]
	// accept them.
	ErrUTF8 = errors.New("invalid UTF-8")
	// ErrDepth is returned for a value nested deeper than [MaxDepth].
	ErrDepth = errors.New("nested too deep")
	// ErrTooLarge is returned when the compact value is larger than Options.MaxBytes.
	ErrTooLarge = errors.New("value too large")
	// ErrMemory is returned when the compact value is larger than Options.Memory.
	ErrMemory = errors.New("value larger than the memory budget holds")
)

// A SyntaxError says where a stream is not what [Options] accept.
type SyntaxError struct {
	Offset  int64  // bytes from the start of the stream to the byte at fault
	Pointer string // JSON pointer to that place, relative to the value being read
	Reason  string // what is wrong, without the place: "invalid character 'x' where a value should begin"
	Cause   error  // one of the errors above
}

func (e *SyntaxError) Error() string {
	if e.Pointer == "" {
		return fmt.Sprintf("%s at offset %d", e.Reason, e.Offset)
	}
	return fmt.Sprintf("%s at offset %d (%s)", e.Reason, e.Offset, ShortPointer(e.Pointer))
}

func (e *SyntaxError) Unwrap() error { return e.Cause }
