package migrate

import (
	"errors"
	"fmt"

	"github.com/histlog/histlog/internal/jsonscan"
	"github.com/histlog/histlog/internal/size"
	"github.com/histlog/histlog/segment"
)

// Errors about the source.
var (
	// ErrEmpty is returned when the source holds no value.
	ErrEmpty = errors.New("the source is empty")
	// ErrChanged is returned when the source was written to while it was read. Nothing
	// was made; retry when nothing is writing the source.
	ErrChanged = errors.New("the source changed while it was read")
	// ErrUndecided is returned, mostly inside an *UndecidedError, when several places may hold
	// the records. Options.Records names the right one.
	ErrUndecided = errors.New("it is undecided which values are the records")
	// ErrTwice is returned when the member that holds the records occurs twice. It wraps
	// ErrUndecided.
	ErrTwice = fmt.Errorf("%w: the member that holds them occurs twice", ErrUndecided)
	// ErrLongPointer is returned when the names of the members that lead to the records are
	// too long for what origin/ keeps.
	ErrLongPointer = fmt.Errorf("the pointer to the records has more than %d bytes", maxPointer)
	// ErrNoArray is returned when Options.Records points to no array.
	ErrNoArray = errors.New("no array there")
	// ErrCommas is returned when commas separate the values of the source, and no brackets
	// are around them.
	ErrCommas = errors.New("commas separate the values, and no brackets are around them")
	// ErrEncoding is returned when the source is text in another encoding than UTF-8.
	ErrEncoding = errors.New("not UTF-8 text")
	// ErrNUL is returned for a source that begins with NUL bytes: the machine crashed before
	// the content of the file reached the disk.
	ErrNUL = errors.New("the source begins with NUL bytes, as a crash of the machine leaves a file")
	// ErrOnce is returned when the source must be read more than once, which standard
	// input and pipes do not allow. Name a file instead.
	ErrOnce = errors.New("standard input and pipes can be read only once")
	// ErrCompressed is returned when a compressed source is truncated or damaged.
	ErrCompressed = errors.New("the compressed source is truncated or damaged")
	// ErrWindow is returned when decompressing a zstd source would take more memory than
	// Options.Accept.Memory. Decompress the source with zstd and migrate the result.
	ErrWindow = errors.New("the zstd source needs a larger window than there is memory for")
	// ErrDictionary is returned when decompressing an xz source would take more memory than
	// Options.Accept.Memory. Decompress the source with xz and migrate the result.
	ErrDictionary = errors.New("the xz source needs a larger dictionary than there is memory for")
)

// Errors about the log.
var (
	// ErrNoRoom is returned, inside a *RoomError, when the disk is too small for the log.
	ErrNoRoom = errors.New("not enough room on the disk")
	// ErrNotHere is returned when the source's first record is not in the log: the source
	// belongs to another log, or so many records were removed from its beginning that it
	// now begins after the last record of this log.
	ErrNotHere = errors.New("the source does not begin with a record of the log")
	// ErrDiverged is returned when the source begins with records of the log and continues
	// with other ones.
	ErrDiverged = errors.New("the source and the log have gone different ways")
	// ErrDiffers is returned when the records read back from a new log are not those
	// written to it.
	ErrDiffers = errors.New("the log read back differs from what was written")
	// ErrOrigin is returned by Export when what the log stores of its source is damaged.
	// The format Array does not need it: the records are intact.
	ErrOrigin = errors.New("what was kept of the source is damaged")
)

// A SourceError says where in a source the reading ended.
type SourceError struct {
	Offset  int64            // bytes from the start of the source's text
	Record  segment.Sequence // number of the record being read, from 1; 0 means none
	Pointer string           // JSON pointer in the source
	Err     error            // what is wrong there
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

// A RoomError is returned when a disk is too small for a log.
type RoomError struct {
	Need, Free uint64 // in bytes; Need is estimated from the first megabytes of the source
}

func (e *RoomError) Error() string {
	return fmt.Sprintf("%v: the log needs about %s more, %s is free", ErrNoRoom, size.Text(e.Need), size.Text(e.Free))
}

func (e *RoomError) Unwrap() error { return ErrNoRoom }

// A PackedError is returned for a source that another program has compressed,
// whose format migrate does not read.
type PackedError struct {
	Format  string // such as "xz"
	Command string // writes the text of the file named after it to standard output
}

func (e *PackedError) Error() string {
	return "the source is compressed with " + e.Format + ", which migrate does not read"
}

// An ArchiveError is returned for a zip archive that does not hold exactly one file.
type ArchiveError struct {
	Reason string // begins with a verb, such as "holds no file"
}

func (e *ArchiveError) Error() string { return "the zip archive " + e.Reason }
