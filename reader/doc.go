// Package reader reads records across the segments of a log: a range by
// sequence or time, the last n, and what is appended while one waits.
//
// Reading takes no lock and creates nothing. It goes by sequence, never by file
// position, so that a segment that rolls or is retired meanwhile changes
// nothing. A damaged record is given as such, and reading goes on behind it.
package reader
