// Package survey computes statistics over the records of a log: sizes, gaps, a timeline,
// and the usual gap between arrivals, which determines when the next record is late. It
// reads the indexes only, never the text of a record, and its memory does not grow with
// the number of records.
package survey
