// Package reader reads records across the segments of a log: a range of sequences or
// times, the last n records, and new records as they are appended.
//
// A Reader takes no lock and creates no file. It finds records by their sequences, never by
// a file position, so the log may be appended to, compressed or retired while it is read. A
// Reader returns a damaged record with its damage, and then the records after it.
//
//   - [New] and [Reader.Next] read the records that a [Query] selects.
//   - [Reader.Refresh] makes records visible that were appended since; a [Watch] waits for
//     them.
package reader
