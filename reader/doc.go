// Package reader reads records across the segments of a log: a range by
// sequence or time, the last n records, and new records as they are appended.
//
// Reading takes no lock and creates no file. A Reader finds records by their sequences,
// never by a file position, so it is not disturbed if a segment is rolled, compressed or
// retired meanwhile. It returns a damaged record with its damage, and continues after it.
package reader
