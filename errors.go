package histlog

import (
	"errors"

	"github.com/histlog/histlog/segment"
)

var (
	// ErrNoLog is returned when there is no log at the directory. Create makes one.
	ErrNoLog = segment.ErrNoLog
	// ErrExists is returned by Create when there is anything at the directory.
	ErrExists = segment.ErrExists
	// ErrLocked is returned when another process writes the log. It comes inside a *LockedError.
	ErrLocked = segment.ErrLocked
	// ErrTooLarge is returned when a value is larger than the setting max-record. Nothing of it was written.
	ErrTooLarge = segment.ErrTooLarge
	// ErrNoRecord is returned when the log has no record of that sequence yet.
	ErrNoRecord = segment.ErrNoRecord
	// ErrRetired is returned when retention has removed the record.
	ErrRetired = segment.ErrRetired
	// ErrLost is returned when the record was damaged on disk and could not be repaired. It keeps its sequence.
	ErrLost = errors.New("the record was lost")
	// ErrCorrupt is returned when bytes on disk are not what was written. It comes inside a *CorruptError.
	ErrCorrupt = segment.ErrCorrupt
	// ErrReplaced is returned when the directory now holds another log. Open it again.
	ErrReplaced = segment.ErrReplaced
	// ErrClosed is returned by a Writer that was closed.
	ErrClosed = segment.ErrClosed
)

type (
	// A LockedError names the process that writes the log.
	LockedError = segment.LockedError
	// A SyntaxError says where a value that was to be appended stops being JSON. Nothing of it was written.
	SyntaxError = segment.SyntaxError
	// A CorruptError says which bytes on disk differ from what was written.
	CorruptError = segment.CorruptError
	// A DiskError says which operation the disk or its file system failed.
	DiskError = segment.DiskError
)
