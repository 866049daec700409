// Package survival proves by enumeration that a log survives crashes and failing disks.
// It has tests only.
//
// A scenario is one row of a table: an operation that writes, renames or removes files of
// a log. Each scenario is run once on a disk that remembers its operations (package
// faultfs). Every disk that a kill or a power cut could have left is then recovered and
// checked against the invariants. The scenario is also run with each of its disk
// operations failing, in every way. A new operation needs a row in scenarios.
//
// These invariants hold for each disk:
//
//	I1  every record acknowledged as durable is in the log, byte for byte
//	I2  every record in the log was submitted, in order, once
//	I3  a second recovery changes nothing
//	I4  an error names operation, file, offset, sequence number and cause
//	I5  nothing is dropped silently: removed bytes are in quarantine/, and reported
package survival
