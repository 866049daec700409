// Package survival holds the proof, by enumeration, that a log survives crashes
// and failing disks. It has tests only.
//
// A scenario is one row of a table: something that writes, renames or removes
// files of a log. Each is run once on a disk that remembers (package
// faultfs), and then every disk that a kill or a power cut could have left
// is recovered and held against the invariants; and it is run with its every
// operation failing, in every way. What is new joins by a row in scenarios.
//
// The invariants, after each:
//
//	I1  every record acknowledged as durable is there, byte for byte
//	I2  every record that is there was submitted, in order, once
//	I3  a second recovery changes nothing
//	I4  an error names operation, file, offset, sequence and cause
//	I5  nothing is dropped silently: what was set aside is in quarantine/, and reported
package survival
