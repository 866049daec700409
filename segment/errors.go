package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/histlog/histlog/internal/seekable"
)

var (
	// ErrNoLog: the directory is missing or holds no HISTLOG. Create makes a log.
	ErrNoLog = errors.New("no log")
	// ErrExists: Create found a log, or anything else, in the directory.
	ErrExists = errors.New("already there")
	// ErrDraft: the directory holds a log that was never finished, which is no log. Making one there again clears it.
	ErrDraft = errors.New("a half-made log")
	// ErrVersion: the log was written by a newer histlog. Nothing is wrong with it; update histlog.
	ErrVersion = errors.New("newer format")
	// ErrCorrupt: bytes on disk are not what was written. It comes inside a *CorruptError that says where.
	ErrCorrupt = errors.New("damaged")
	// ErrLocked: another process writes the log. It comes inside a *LockedError that names it.
	ErrLocked = errors.New("locked by another writer")
	// ErrForeign: another program changed the active segment under the writer. Nothing more is written.
	ErrForeign = errors.New("changed by another program")
	// ErrStranger is returned when the newest segment in the directory is not part of the log. Nothing was written. It comes
	// with a *CorruptError that names the file: move it away, or have Repair do so.
	ErrStranger = errors.New("not a file of this log")
	// ErrArchive: the log is an archive, to which Archive alone adds. Append to the log that it belongs to.
	ErrArchive = errors.New("an archive, which is only read")
	// ErrTooLarge: a record is larger than max-record. Nothing was written.
	ErrTooLarge = errors.New("record too large")
	// ErrNotArchive: Archive was given a directory that can't take the log's segments. It wants a missing or empty one, or
	// the one that took those before.
	ErrNotArchive = errors.New("no place for the log's archive")
	// ErrInside: Snapshot or Archive was given the log's own directory, or one in it.
	ErrInside = errors.New("it is the log's own directory, or in it")
	// ErrMemory: a record is larger than what Log.Memory lets a reader hold.
	ErrMemory = errors.New("larger than the memory budget holds")
	// ErrWindow: another program compressed the segment so that reading it takes more memory than histlog gives it. It comes
	// inside a *CorruptError, but Repair leaves it alone. Decompress the file: zstd -d --long=31 --rm.
	ErrWindow = seekable.ErrWindow
	// ErrRetired: retention has taken the record. The oldest one left is in Marker.FirstSeq.
	ErrRetired = errors.New("retired")
	// ErrReplaced: another log stands at the directory by now. Open it anew.
	ErrReplaced = errors.New("replaced by another log")
	// ErrNoRecord: the log has no record of that sequence yet.
	ErrNoRecord = errors.New("no such record")
	// ErrMarker is returned when HISTLOG contradicts its checksum or the segments. It comes inside a *CorruptError. Put the file
	// back from a copy, or, if somebody edited it on purpose, call AcceptEdit.
	ErrMarker = errors.New("HISTLOG is not what histlog wrote")
	// ErrRolledBack is returned by an Append whose records were staged when another goroutine called Rollback. Append them again.
	ErrRolledBack = errors.New("rolled back by another caller")
	// ErrClosed: the Writer was closed.
	ErrClosed = errors.New("writer is closed")
)

// A CorruptError says which bytes are not what was written.
type CorruptError struct {
	Path   string   // of the file
	Seq    Sequence // first record concerned; 0: none
	Offset Offset   // in the file, or in the segment's plain text where Seq is set
	Reason string

	cause error // ErrWindow, ErrMarker, or nil
}

func (e *CorruptError) Error() string {
	if e.Seq != 0 {
		return fmt.Sprintf("%s: record %d at offset %d: %s", e.Path, e.Seq, e.Offset, e.Reason)
	}
	return fmt.Sprintf("%s: offset %d: %s", e.Path, e.Offset, e.Reason)
}

func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// Is reports whether target is the cause: ErrWindow, for bytes that may be good
// but cannot be read here, or ErrMarker.
func (e *CorruptError) Is(target error) bool { return e.cause != nil && target == e.cause }

// The operations of a DiskError.
const (
	OpAppend         = "append to"
	OpSync           = "sync"
	OpIndex          = "index"         // write entries, or the header, of an index
	OpExamine        = "examine"       // compare the active segment with what was written
	OpRollback       = "roll back"     // truncate the active segment to its acknowledged records
	OpSeal           = "seal"          // sync a full segment and end its index
	OpBegin          = "begin segment" // create the files of the next segment
	OpRead           = "read"
	OpClose          = "close"
	OpRecover        = "recover"
	OpArchive        = "archive"
	OpCompress       = "compress"
	OpRetire         = "retire"
	OpRemove         = "remove"
	OpCopy           = "copy"
	OpQuarantine     = "quarantine"      // move a file to quarantine/
	OpQuarantineFrom = "quarantine from" // copy damaged bytes to quarantine/
	OpRestore        = "restore in"      // write the bytes of an intact copy
	OpBlank          = "blank in"        // overwrite a record that is lost
)

// A DiskError reports that the disk, or its file system, failed an operation.
type DiskError struct {
	Op     string   // one of the Op constants
	Path   string   // of the file
	Seq    Sequence // the first record at stake; 0: none
	Offset Offset   // where it begins
	Err    error
}

func (e *DiskError) Error() string {
	cause := e.Err.Error()
	if p, ok := e.Err.(*fs.PathError); ok && p.Path == e.Path {
		cause = p.Op + ": " + p.Err.Error()
	}
	if e.Seq == 0 {
		return fmt.Sprintf("%s %s: %s", e.Op, e.Path, cause)
	}
	return fmt.Sprintf("%s %s: record %d at offset %d: %s", e.Op, e.Path, e.Seq, e.Offset, cause)
}

func (e *DiskError) Unwrap() error { return e.Err }

// A LockedError names who holds the writer's lock; PID is 0 where that is not known.
type LockedError struct {
	Dir     string
	PID     int
	Command string
	Since   time.Time
	Apart   bool // that process writes the log, but its lock does not meet this one's
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%s: %v", e.Dir, ErrLocked)
	}
	apart := ""
	if e.Apart {
		apart = ", whose lock does not keep this process out"
	}
	return fmt.Sprintf("%s: %v: pid %d (%s) since %s%s", e.Dir, ErrLocked, e.PID, e.Command, e.Since.UTC().Format(time.RFC3339), apart)
}

func (e *LockedError) Unwrap() error { return ErrLocked }

// NoRoom says whether err comes from a full disk, a quota or a limit on file size.
func NoRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
