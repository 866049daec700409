package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/histlog/histlog/internal/seekable"
	"github.com/histlog/histlog/internal/vfs"
)

var (
	// ErrNoLog is returned when the directory is missing or holds no HISTLOG. Check the path, or make a log there with Create.
	ErrNoLog = errors.New("no log")
	// ErrExists is returned when a log is to be made in a directory that holds a log or anything else. Choose another directory.
	ErrExists = errors.New("the directory is not empty")
	// ErrDraft is returned, with ErrNoLog, when the directory holds a log that was never finished. The next Create or NewDraft
	// there removes it.
	ErrDraft = errors.New("a half-made log")
	// ErrVersion is returned when a newer histlog wrote the log, which is intact. Update histlog.
	ErrVersion = errors.New("newer format")
	// ErrCorrupt is returned when bytes on disk are not what was written, always inside a *CorruptError that says where.
	// Call Repair; all other records can still be read.
	ErrCorrupt = errors.New("damaged")
	// ErrLocked is returned when another process writes the log, inside a *LockedError that names the process. Try again, or
	// set Options.LockWait.
	ErrLocked = errors.New("locked by another writer")
	// ErrForeign is returned when another program changed the active segment under the writer, which writes nothing more.
	// Find and stop that program, call Repair, and open the log again.
	ErrForeign = errors.New("changed by another program")
	// ErrStranger is returned when the newest segment in the directory is not part of the log, with a *CorruptError that names
	// the file. Nothing was written. Move the file away, or call Repair, which does so.
	ErrStranger = errors.New("not a file of this log")
	// ErrArchive is returned when an archive is opened for writing. Only Archive adds to it; append to the log that it belongs to.
	ErrArchive = errors.New("an archive, which is only read")
	// ErrTooLarge is returned when a record is larger than max-record. Nothing was written. Split the record, or raise max-record.
	ErrTooLarge = errors.New("record too large")
	// ErrNotArchive is returned when a directory cannot take the log's segments. Give Archive one that is missing or empty, or
	// the one that took the log's segments before.
	ErrNotArchive = errors.New("no place for the log's archive")
	// ErrInside is returned when Snapshot or Archive is given the log's own directory, or one in it. Choose another directory.
	ErrInside = errors.New("it is the log's own directory, or in it")
	// ErrMemory is returned when a record is larger than Log.Memory or Options.Memory allows. Raise that limit.
	ErrMemory = errors.New("larger than the memory budget holds")
	// ErrWindow is returned, inside a *CorruptError of KindWindow, when another program compressed a segment with a window that
	// is larger than histlog reads. Repair does not change the segment. Decompress the file: zstd -d --long=31 --rm.
	ErrWindow = seekable.ErrWindow
	// ErrByHand is returned, inside a *CorruptError of KindByHand, when files contradict each other and histlog cannot know which
	// of them is right. Repair changes neither of them. The message says which file to rename or to move away.
	ErrByHand = errors.New("only a person can resolve it")
	// ErrRetired is returned when retention has removed the record. The oldest one that is left is Marker.FirstSeq; an archive
	// may have the earlier ones.
	ErrRetired = errors.New("retired")
	// ErrMerged is returned when maintenance has merged a segment into a larger one since the log was listed. Call Refresh;
	// Log.Each does so by itself.
	ErrMerged = errors.New("merged")
	// ErrReplaced is returned when the directory now holds another log. Open it again.
	ErrReplaced = errors.New("replaced by another log")
	// ErrNoRecord is returned when the log has no record of that sequence yet.
	ErrNoRecord = errors.New("no such record")
	// ErrMarker is returned, inside a *CorruptError of KindMarkerDiffers, when HISTLOG contradicts its checksum or the segments.
	// Put the file back from a copy or, if somebody edited it on purpose, call AcceptEdit.
	ErrMarker = errors.New("HISTLOG is not what histlog wrote")
	// ErrRestamped is returned by a Restamp when another one of the same log has begun, which reads all records again.
	ErrRestamped = errors.New("another restamp has begun")
	// ErrRolledBack is returned by an Append whose records were staged when another goroutine called Rollback. Append them again.
	ErrRolledBack = errors.New("rolled back by another caller")
	// ErrClosed is returned by the methods of a Writer that was closed. Open the log again.
	ErrClosed = errors.New("writer is closed")
)

// A CorruptKind is the part of a log that a CorruptError concerns. The comment of each kind
// says what to do, if that is more than to run histlog verify.
type CorruptKind uint8

const (
	// KindRecord: the bytes of a record, or of the segment file that holds it, are not
	// those that were written. Repair restores the record from another file of the
	// segment or marks it as lost.
	KindRecord CorruptKind = iota
	// KindIndex: an index is missing, unreadable, or contradicts its segment. The
	// records can still be read; Repair makes the index again.
	KindIndex
	// KindMissing: a segment is missing. Put the file back from a copy; otherwise Repair
	// marks its records as lost.
	KindMissing
	// KindForeign: a file has the name of a segment but is not part of the log. Repair
	// moves it to quarantine/.
	KindForeign
	// KindWindow: another program compressed a segment with a window that is larger than
	// histlog reads. errors.Is(err, ErrWindow) reports it, too.
	KindWindow
	// KindMarker: HISTLOG is missing beside segments, or is not a valid HISTLOG. Put it
	// back from a copy.
	KindMarker
	// KindMarkerDiffers: HISTLOG contradicts its checksum or the segments. errors.Is(err,
	// ErrMarker) reports it, too.
	KindMarkerDiffers
	// KindOrigin: a file of origin/, which migrate kept, is not what was written. The
	// records are intact.
	KindOrigin
	// KindByHand: the name of a merged segment contradicts its index, or two files claim
	// the same records. Reason says which file to rename or to move away. errors.Is(err,
	// ErrByHand) reports it, too.
	KindByHand
)

// A CorruptError reports bytes on disk that are not what was written.
type CorruptError struct {
	Kind   CorruptKind
	Path   string   // the file, or the log's directory
	Seq    Sequence // first record concerned; 0 means none
	Offset Offset   // in the segment's plain text if Seq is set, otherwise in the file
	Reason string   // for people; programs use Kind
}

func (e *CorruptError) Error() string {
	if e.Seq != 0 {
		return fmt.Sprintf("%s: record %d at offset %d: %s", e.Path, e.Seq, e.Offset, e.Reason)
	}
	return fmt.Sprintf("%s: offset %d: %s", e.Path, e.Offset, e.Reason)
}

func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// Is reports whether target is ErrWindow, ErrMarker or ErrByHand and e is of that kind.
func (e *CorruptError) Is(target error) bool {
	return e.Kind == KindWindow && target == ErrWindow || e.Kind == KindMarkerDiffers && target == ErrMarker || e.Kind == KindByHand && target == ErrByHand
}

// The operations of a DiskError.
const (
	OpOpen           = "open" // open a log for appending
	OpAppend         = "append to"
	OpCreate         = "create" // make a log, or remove one that could not be finished
	OpProbe          = "probe"  // test whether the file system can hold a log for writing
	OpSync           = "sync"
	OpIndex          = "index"         // write entries, or the header, of an index
	OpExamine        = "examine"       // compare the active segment with what was written
	OpRollback       = "roll back"     // truncate the active segment to its acknowledged records
	OpSeal           = "seal"          // sync a full segment and end its index
	OpBegin          = "begin segment" // create the files of the next segment
	OpRead           = "read"          // read a file of the log, or list its directory
	OpClose          = "close"
	OpRecover        = "recover"
	OpArchive        = "archive"
	OpCompress       = "compress"
	OpMerge          = "merge"
	OpRetire         = "retire"
	OpRemove         = "remove"
	OpCopy           = "copy"
	OpQuarantine     = "quarantine"      // move a file to quarantine/
	OpQuarantineFrom = "quarantine from" // copy damaged bytes to quarantine/
	OpRestore        = "restore in"      // write the bytes of an intact copy
	OpBlank          = "blank in"        // overwrite a record that is lost
	OpSnapshot       = "snapshot of"     // make a snapshot of the log
	OpRestamp        = "restamp"         // replace the times in an index
)

// A DiskError reports that the disk, or its file system, failed an operation.
type DiskError struct {
	Op     string   // one of the Op constants
	Path   string   // the file
	Seq    Sequence // first record concerned; 0 means none
	Offset Offset   // where that record begins in the segment's plain text
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

// asDiskError returns err as a *DiskError if a call of the file system failed, and any
// other error as it is.
func asDiskError(op, path string, err error) error {
	var disk *DiskError
	var call *fs.PathError
	var link *os.LinkError // of Rename and Link
	if errors.As(err, &disk) || !errors.As(err, &call) && !errors.As(err, &link) {
		return err
	}
	return &DiskError{Op: op, Path: path, Err: err}
}

// A LockedError names the process that holds the writer's lock.
type LockedError struct {
	Dir     string
	PID     int // 0 means that PID, Command and Since are unknown
	Command string
	Since   time.Time
	Apart   bool // the process writes the log, but its lock does not exclude this one
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

// NoRoom reports whether err comes from a full disk, a quota or a limit on file size.
func NoRoom(err error) bool { return vfs.NoRoom(err) }

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
