// Package segment reads and writes the files of a log: the format, the writer,
// recovery, repair, maintenance, and the reading of one segment. docs/FORMAT.md
// in the repository specifies the bytes, docs/ARCHITECTURE.md shows the life of a
// record and the locks.
//
// A log is a directory of segments. A segment is a file with one record, a JSON
// value, on each line; an index beside it has an entry for each record. The
// newest segment is active: only it is written. All other segments are sealed, and are
// compressed, archived or removed as a whole.
//
// Where to start:
//
//   - [Create] and [OpenWriter] open a log for appending; [Writer.Append] returns
//     when a record is on disk, and opening recovers what a crash left.
//   - [Open] opens a log for reading; package reader reads across segments.
//   - [NewDraft] makes a log in bulk: afterwards there is a complete log, or none.
//   - [Log.Verify] and [Repair] find and repair damage.
//   - [Configure] changes settings; [Restamp] also reads the times of all records again.
//   - [Compress], [Retire], [Archive] and [Snapshot] are maintenance; package
//     compactor plans it.
package segment
