// Package compactor plans which sealed segments of a log are compressed, retired or
// archived, and runs such plans; package segment executes each action.
//
// A plan follows from a policy, the segments' indexes and the time. Planning is a pure
// function, so that a table of cases tests it. Running a plan is a series of
// segment.Compress, segment.Retire and segment.Archive. Each of them acquires the
// maintenance lock and checks the segment again, so that a plan which another process
// has overtaken does no harm. A run that was killed at any moment leaves a log that is
// complete; the next run finishes what it began.
//
// The active segment, quarantined bytes, foreign files and damaged segments are never
// changed.
package compactor
