package jsonscan

import (
	"errors"
	"fmt"
)

// The causes of a [SyntaxError], to be told apart with errors.Is.
var (
	// ErrInvalid: a byte that no JSON value can have there.
	ErrInvalid = errors.New("invalid JSON")
	// ErrPython: a token of Python's repr, such as None or a string in single quotes. It is ErrInvalid too.
	ErrPython = fmt.Errorf("%w: a Python literal", ErrInvalid)
	// ErrCut: the stream ends inside a value. What came before is good.
	ErrCut = errors.New("the text ends inside a value")
	// ErrNonFinite: NaN, Infinity or -Infinity, which JSON does not have. See [Options].
	ErrNonFinite = errors.New("not a JSON number")
	// ErrUTF8: a string holds bytes that are not UTF-8. See [Options].
	ErrUTF8 = errors.New("invalid UTF-8")
	// ErrDepth: nested deeper than [MaxDepth].
	ErrDepth = errors.New("nested too deep")
	// ErrTooLarge: the compact value is larger than Options.MaxBytes.
	ErrTooLarge = errors.New("value too large")
	// ErrMemory: the compact value is larger than Options.Memory.
	ErrMemory = errors.New("value larger than the memory budget holds")
)

// A SyntaxError says where a stream stops being what was asked for.
type SyntaxError struct {
	Offset  int64  // bytes from the start of the stream to the byte at fault
	Pointer string // JSON pointer, from the value being read, to where it stands
	Reason  string // what is wrong, without the place: "invalid character 'x' where a value should begin"
	Cause   error  // one of this package's errors
}

func (e *SyntaxError) Error() string {
	if e.Pointer == "" {
		return fmt.Sprintf("%s at offset %d", e.Reason, e.Offset)
	}
	return fmt.Sprintf("%s at offset %d (%s)", e.Reason, e.Offset, ShortPointer(e.Pointer))
}

func (e *SyntaxError) Unwrap() error { return e.Cause }
