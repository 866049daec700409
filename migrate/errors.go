package migrate

import (
	"errors"
	"fmt"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/segment"
)

var (
	// ErrEmpty: the source holds no value at all.
	ErrEmpty = errors.New("the source is empty")
	// ErrChanged: the source was written to while it was read. Nothing was kept; try again when it rests.
	ErrChanged = errors.New("the source changed while it was read")
	// ErrUndecided: which array holds the records can't be told; Options.Records names it.
	ErrUndecided = errors.New("which array holds the records can't be told")
	// ErrTwice is returned when the member that holds the records occurs twice. It is ErrUndecided too.
	ErrTwice = fmt.Errorf("%w: the member that holds them occurs twice", ErrUndecided)
	// ErrNoArray: there is nothing to take records from where Options.Records points.
	ErrNoArray = errors.New("no array there")
	// ErrEncoding: the source is not UTF-8 text.
	ErrEncoding = errors.New("not UTF-8 text")
	// ErrNUL is returned for a source that begins with NUL bytes, which a crash of the machine leaves of a file
	// whose content never reached the disk.
	ErrNUL = errors.New("the source begins with NUL bytes, as a crash of the machine leaves a file")
	// ErrOnce: the source must be read more than once, which standard input and pipes do not allow. Name a file.
	ErrOnce = errors.New("standard input and pipes can be read only once")
	// ErrNoRoom: the disk is too small for the log. It comes inside a *RoomError.
	ErrNoRoom = errors.New("not enough room on the disk")
	// ErrNotHere: no record of the log is the source's first. It is another log's source, or was trimmed beyond the log's end.
	ErrNotHere = errors.New("the source does not begin with a record of the log")
	// ErrDiverged: the source begins with records of the log, but goes on with others than the log has.
	ErrDiverged = errors.New("the source and the log have gone different ways")
	// ErrDiffers: what was read back from the new log is not what was written to it.
	ErrDiffers = errors.New("the log read back differs from what was written")
)

// A SourceError says where a source could not be read on.
type SourceError struct {
	Offset  int64            // bytes from the start of the source
	Record  segment.Sequence // that was being read, from 1; 0: none
	Pointer string           // JSON pointer in the source
	Err     error            // says what is wrong
}

func (e *SourceError) Error() string {
	where := fmt.Sprintf("offset %d", e.Offset)
	if e.Record > 0 {
		where += fmt.Sprintf(", record %d", e.Record)
	}
	if e.Pointer != "" {
		where += ", " + jsonscan.ShortPointer(e.Pointer)
	}
	return fmt.Sprintf("%v (%s)", e.Err, where)
}

func (e *SourceError) Unwrap() error { return e.Err }
